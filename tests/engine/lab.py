"""An engine in this process, on a site in a directory of its own, with monitors that do as a file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from pymon.config.loader import load
from pymon.engine.engine import Engine
from pymon.model.depend import ServiceKey
from pymon.model.request import Asker, Outcome, Request, SavedKind
from pymon.model.state import ServiceState
from pymon.model.trap import Trap
from pymon.store.limits import StoreLimits
from pymon.store.store import FILE, Store
from tests.programs import write_program
from tests.waiting import LIMIT, until

BOB = Asker("bob", "127.0.0.1")
NOBODY = Asker("", "127.0.0.1")

# Fails while there is a file of the service's name in ``ill``; each run is a line in ``runs``.
MONITOR = """#!/bin/sh
echo "$MON_GROUP $MON_SERVICE" >>{here}/runs
if [ -e {here}/slow ]; then while [ ! -e {here}/go ]; do sleep 0.02; done; fi
[ -e {here}/ill/$MON_SERVICE ] || exit 0
echo "$MON_SERVICE is ill"
exit 1
"""
ALERT = '#!/bin/sh\nread line\necho "$MON_ALERTTYPE $MON_GROUP $MON_SERVICE $line" >>{here}/calls\n'


class Lab:
    """A site and the engines that watch it, one after the other. ``restart`` is what a new daemon would be."""

    def __init__(self, here: Path, site: str, *, settings: str = "", environ: Mapping[str, str] | None = None) -> None:
        """``environ`` is what alerts inherit, besides a PATH."""
        self.here = here
        self.limits = StoreLimits()
        self.environ = {"PATH": "/usr/bin:/bin", **(environ or {})}
        for name in ("mon.d", "alert.d", "state", "log", "ill"):
            (here / name).mkdir()
        self.program("x.monitor", MONITOR.format(here=here))
        self.program("rec.alert", ALERT.format(here=here))
        (here / "auth.cf").write_text("command section\nlist: all\n")
        self.head = (
            f"cfbasedir = {here}\nmondir = {here}/mon.d\nalertdir = {here}/alert.d\nstatedir = {here}/state\n"
            f"logdir = {here}/log\nauthfile = auth.cf\n{settings}\n"
        )
        self.config = here / "mon.cf"
        self.configure(site)
        self.engine = self._engine()

    def configure(self, site: str) -> None:
        """Write mon.cf."""
        self.config.write_text(self.head + site)

    def program(self, name: str, text: str) -> Path:
        """Write an executable."""
        return write_program(self.here / ("alert.d" if name.endswith(".alert") else "mon.d") / name, text)

    def _engine(self, loadstate: tuple[SavedKind, ...] = (), *, stopped: bool = False) -> Engine:
        loaded = load(self.config)
        return Engine(
            loaded.site,
            environ=self.environ,
            auth=loaded.auth,
            load=partial(load, self.config),
            record=Store(self.here / "state" / FILE, self.limits),
            loadstate=loadstate,
            stopped=stopped,
        )

    async def restart(self, *loadstate: SavedKind, stopped: bool = False) -> Engine:
        """End the engine, and begin another where it has left off."""
        await self.engine.stop()
        self.engine = self._engine(loadstate, stopped=stopped)
        await self.engine.start()
        return self.engine

    async def ask(self, request: Request, asker: Asker = BOB) -> Outcome:
        """Have something performed."""
        return await self.engine.perform(request, asker)

    def state(self, key: ServiceKey) -> ServiceState:
        """What is known of a service."""
        return self.engine.states[key]

    def fail(self, key: ServiceKey, summary: str = "bad") -> None:
        """Let a service fail, by a trap."""
        self.engine.take_trap(key, Trap("1", summary))

    def recover(self, key: ServiceKey) -> None:
        """Let it be well again."""
        self.engine.take_trap(key, Trap("0", "good"))

    def lines(self, name: str) -> list[str]:
        """The lines of ``runs`` or ``calls`` so far."""
        path = self.here / name
        return path.read_text().splitlines() if path.exists() else []

    async def until(self, condition: Callable[[], bool], seconds: float = LIMIT) -> None:
        """Wait for something that processes do."""
        await until(condition, limit=seconds, why=lambda: f"calls {self.lines('calls')}, runs {self.lines('runs')}")

    async def calls(self, count: int) -> list[str]:
        """The first ``count`` alert calls: kind, group, service, first line of input."""
        await self.until(lambda: len(self.lines("calls")) >= count)
        return sorted(self.lines("calls"))
