"""The demo: web servers, a table, an engine that watches them, and a display of all that."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pymon.config.loader import load
from pymon.demo.events import Kind, Known, Story
from pymon.demo.roundtrip import Act, Pace, Sight, Stage, Trip, advance
from pymon.demo.screen import Picture, Screen
from pymon.demo.servers import WebServer
from pymon.demo.table import VIRTUAL, DemoTable, open_table
from pymon.demo.traffic import PAUSE, Visitors
from pymon.engine.engine import Engine
from pymon.errors import IpvsBusy
from pymon.ipvs.model import Listed
from pymon.model.change import Observer
from pymon.model.depend import ServiceKey
from pymon.model.site import Site
from pymon.model.status import OpStatus
from pymon.share import share_path

ONCE = Pace(hold=0.5, limit=20.0)
SHOW = Pace(hold=5.0, limit=20.0)
TICK = 0.1
"""seconds between two looks at the table"""
REVIVE = 8.0
"""seconds after which a web server that somebody killed is started again"""
SERVICE = "http"
LOG = "demo.log"


def web_servers() -> tuple[WebServer, WebServer]:
    """The two that etc/demo.cf speaks of; the first one is stopped and comes back."""
    return WebServer("web1", "127.0.0.2", VIRTUAL.port), WebServer("web2", "127.0.0.3", VIRTUAL.port)


async def play(*, once: bool, screen: Screen, directory: Path, environ: Mapping[str, str]) -> Trip:
    """Show the failover until SIGINT, SIGTERM or SIGHUP; with ``once`` only until the round trip is over.

    ``directory`` takes log and state, and is the caller's to remove. Returns how the round trip went. Raises
    PymonError if the demo cannot start or go on; whatever happens, the web servers end, and the virtual service
    is taken out of the table again.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = web_servers()
    story = Story(time.time, screen.line)
    async with _run_servers(servers), _prepare_table(environ, servers) as table:
        site = _site(directory)
        visitors = None if table.why_memory else Visitors(str(VIRTUAL.address), VIRTUAL.port)
        show = _Show(servers, table, story, screen, directory, list(site.services), visitors, once=once)
        coming = visitors.keep_coming() if visitors is not None else contextlib.nullcontext()
        async with _run_engine(site, {**environ, **table.environ}, story.observe), coming:
            await show.run(stop)
    return show.trip


@asynccontextmanager
async def _run_servers(servers: Sequence[WebServer]) -> AsyncIterator[None]:
    try:
        for server in servers:
            await server.start()
        yield
    finally:
        for server in servers:
            await server.stop()


@asynccontextmanager
async def _prepare_table(environ: Mapping[str, str], servers: Sequence[WebServer]) -> AsyncIterator[DemoTable]:
    table = await asyncio.to_thread(open_table, environ, servers)
    try:
        yield table
    finally:
        await asyncio.to_thread(table.remove)


@asynccontextmanager
async def _run_engine(site: Site, environ: Mapping[str, str], observer: Observer) -> AsyncIterator[None]:
    engine = Engine(site, environ=environ)
    engine.observe(observer)
    await engine.start()
    try:
        yield
    finally:
        await engine.stop()


def _site(directory: Path) -> Site:
    """What etc/demo.cf says, with pymon's own plugins, and everything that is written kept in ``directory``."""
    overrides = {
        "mondir": (str(share_path("monitors")),),
        "alertdir": (str(share_path("alerts")),),
        "statedir": str(directory),
        "logdir": str(directory),
    }
    return load(share_path("etc") / "demo.cf", overrides=overrides).site


class _Show:
    """The run of the demo: looks at the table, tells what changed, and stops and starts web servers."""

    def __init__(
        self,
        servers: Sequence[WebServer],
        table: DemoTable,
        story: Story,
        screen: Screen,
        directory: Path,
        services: Sequence[ServiceKey],
        visitors: Visitors | None,
        *,
        once: bool,
    ) -> None:
        self._servers = {server.name: server for server in servers}
        self._table = table
        self._story = story
        self._screen = screen
        self._directory = directory
        self._services = services
        self._visitors = visitors
        self._once = once
        self._standing = frozenset(self._servers)
        self._ended: dict[str, float] = {}
        self._started: dict[str, float] = {}
        self.trip = Trip(self._standing, servers[0].name, ONCE if once else SHOW, since=time.monotonic())

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until ``stop``, or until the round trip is over if that is all that is wanted."""
        self._open()
        self._screen.start()
        try:
            while not stop.is_set() and not (self._once and self.trip.is_over):
                with contextlib.suppress(IpvsBusy):
                    await self._step(await asyncio.to_thread(self._table.find_service))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
        finally:
            self._screen.stop()
        if self._once and not self.trip.is_over:
            self.trip = replace(self.trip, stage=Stage.FAILED, failure=f"it was ended at: {self.trip.stage.value}")

    def _open(self) -> None:
        why = self._table.why_memory
        self._story.tell(Kind.DEMO, f"the IPVS table is {'one in memory, not the kernel' if why else 'the kernel'}'s")
        if why:
            self._story.tell(Kind.DEMO, why)
        for server in self._servers.values():
            self._story.tell(Kind.DEMO, f"{server.name} serves http://{server.endpoint}/ (process {server.pid})")

    async def _step(self, listed: Listed) -> None:
        now = time.monotonic()
        self._tell_table(self._table.find_standing(listed), now)
        await self._look_after(now)
        await self._go_on(now)
        self._screen.show(self._picture(listed))

    def _tell_table(self, standing: frozenset[str], now: float) -> None:
        for name in sorted(standing ^ self._standing):
            entered = name in standing
            turned = (self._started if entered else self._ended).get(name)
            after = f", {now - turned:.1f} s after its {'start' if entered else 'end'}" if turned else ""
            what = "is in the table again" if entered else "is out of the table"
            self._story.tell(Kind.TABLE, f"{self._servers[name].endpoint} {what}{after}")
        self._standing = standing

    async def _look_after(self, now: float) -> None:
        """Start a web server again that somebody else ended."""
        for name, server in self._servers.items():
            if server.pid is not None:
                continue
            if name not in self._ended:
                self._ended[name] = now
                self._story.tell(Kind.DEMO, f"{name} was ended; it is started again in {REVIVE:.0f} s")
            is_scripted = name == self.trip.victim and self.trip.stage in (Stage.STOPPED, Stage.GONE)
            if not is_scripted and now - self._ended[name] >= REVIVE:
                await self._start(server, now)

    async def _go_on(self, now: float) -> None:
        """Take the round trip further, and do what it asks for."""
        status = {key.group: known.status for key, known in self._story.services.items()}
        well = frozenset(name for name in status if status[name] is OpStatus.OK)
        failing = frozenset(name for name in status if status[name] is OpStatus.FAIL)
        before = self.trip
        self.trip, act = advance(before, Sight(self._standing, well, failing), now)
        victim = self._servers[before.victim]
        if act is Act.STOP:
            # Told first: a check may see it before its end is waited for.
            self._ended[victim.name] = time.monotonic()
            self._story.tell(Kind.DEMO, f"{victim.name} is stopped, as by a crash")
            await victim.stop()
        elif act is Act.START:
            await self._start(victim, now)
        if self.trip.stage is not before.stage and self.trip.is_over:
            self._story.tell(Kind.DEMO, self.trip.failure or Stage.COMPLETE.value)
            if self._visitors is not None:
                self._story.tell(Kind.DEMO, f"requests through the table so far: {self._visitors}")

    async def _start(self, server: WebServer, now: float) -> None:
        await server.spawn()
        # Told before it listens, as a check may see that at once.
        self._ended.pop(server.name, None)
        self._started[server.name] = now
        self._story.tell(Kind.DEMO, f"{server.name} is started again (process {server.pid})")
        await server.wait_until_listening()

    def _picture(self, listed: Listed) -> Picture:
        name = "in memory" if self._table.why_memory else "the kernel's"
        return Picture(
            now=time.time(),
            table_name=f"IPVS table ({name})",
            stage=self.trip.stage.value,
            services={key: self._story.services.get(key, Known()) for key in self._services},
            table=listed,
            visitors=""
            if self._visitors is None
            else f"{1 / PAUSE:.0f} requests a second through it: {self._visitors}",
            lines=self._story.lines,
            hints=self._hints(),
        )

    def _hints(self) -> tuple[str, ...]:
        if self._once or not self.trip.is_over:
            return ()
        kills = ", ".join(f"kill {server.pid} ({name})" for name, server in self._servers.items() if server.pid)
        first = next(iter(self._servers.values())).endpoint
        through = () if self._table.why_memory else (f"            curl http://{VIRTUAL.address}:{VIRTUAL.port}/",)
        return (
            f"Your turn:  {kills}; it is started again after {REVIVE:.0f} s",
            f"            curl http://{first}/sick  (it answers 503), /well",
            *through,
            f"            pymon check {_shorten_path(share_path('etc') / 'demo.cf')} --explain web1 {SERVICE}",
            f"            tail -f {self._directory / LOG}",
            "Ctrl-C ends the demo.",
        )


def _shorten_path(path: Path) -> str:
    """A path as people would type it here: relative if it lies below the current directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
