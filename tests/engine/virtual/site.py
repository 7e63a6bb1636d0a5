"""A site in virtual time: mon.cf goes in; checks, alerts and the record come out, each with its time of day.

Virtual time begins at midnight (UTC) of Friday, 15 January 2027, so what has passed is the time of day. What the
services do, what operators do, and what befalls the machine is said beforehand, in any order; then ``run`` lets it
happen. Nothing of it is waited for.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

from pymon import __version__
from pymon.config.loader import load
from pymon.contract.invocation import Invocation
from pymon.engine.engine import Engine
from pymon.engine.limits import EngineLimits
from pymon.model.banished import Banished
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.request import Asker, ReadTimeline, Request
from pymon.model.result import Cause, CheckResult
from pymon.model.trap import Trap
from pymon.runner.loop_delays import HoldUps
from pymon.runner.registry import PluginFile
from pymon.store.disk_worker import DiskWorker
from pymon.store.offline import look_up
from pymon.store.store import FILE, Store
from tests.clocks import VirtualClock

T = TypeVar("T")

MIDNIGHT = 1_799_971_200.0
"""of Friday, 15 January 2027 (UTC)"""
BOB = Asker("bob", "127.0.0.1")
PROGRAMS = ("x.monitor", "y.monitor", "tell.alert", "wake.alert")
"""what mon.cf may name: x.monitor and y.monitor find what was said, the alerts succeed unless they are told not to"""
_OPTIONS = frozenset({"-u", "-a", "-D", "-T", "-O"})


def seconds(text: str) -> float:
    """``9:30``, ``9:30:15`` or ``33:00`` (the day after, at nine) in seconds."""
    parts = [float(part) for part in text.split(":")]
    return sum(part * unit for part, unit in zip(parts, (3600.0, 60.0, 1.0), strict=False))


def clock_time(value: float) -> str:
    """The other way: ``09:30``, ``09:30:15`` or ``33:00``; to the nearest second."""
    minutes, rest = divmod(round(value), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{rest:02}" if rest else "")


def table(text: str) -> list[str]:
    """The lines of a table as tests write it; runs of blanks count as one."""
    return [re.sub(r"\s+", " ", line.strip()) for line in dedent(text).splitlines() if line.strip()]


def key_of(name: str) -> ServiceKey:
    """``group/service``."""
    return ServiceKey(*name.split("/"))


@dataclass(slots=True)
class Outage:
    """A service fails from ``begin`` to ``end`` (seconds since midnight)."""

    begin: float
    end: float
    summary: str
    exitval: int


@dataclass
class Programs:
    """Stands for a PluginRunner, and for all monitors and alerts: runs none, and keeps who was called, and when."""

    now: Callable[[], float]
    """seconds since midnight"""
    holdups: HoldUps
    outages: dict[ServiceKey, list[Outage]] = field(default_factory=dict)
    takes: dict[ServiceKey, float] = field(default_factory=dict)
    """seconds that a check takes; 0 where nothing is said"""
    exits: dict[str, list[int]] = field(default_factory=dict)
    """exit codes of an alert's next calls; 0 when they are used up"""
    checks: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    count: int = 0
    """checks that were begun"""
    keeps_checks: bool = True

    def start(self) -> None:
        """As of a PluginRunner."""

    def stop(self) -> None:
        """As of a PluginRunner."""

    def list_banished(self) -> Iterator[Banished]:
        """As of a PluginRunner."""
        return iter(())

    def can_run_in_process(self, _file: PluginFile, _user: ServiceKey | None = None) -> bool:
        """As of a PluginRunner: all are programs."""
        return False

    async def run(
        self, file: PluginFile, invocation: Invocation, *, time_limit: float, user: ServiceKey, **_: Any
    ) -> CheckResult:
        """As of a PluginRunner."""
        if file.name.endswith(".alert"):
            return self._alert(file, invocation, user)
        self.count += 1
        if self.keeps_checks:
            hosts = " ".join(each for each in invocation.arguments if not each.startswith("-"))
            self.checks.append(f"{clock_time(self.now())} {user.group}/{user.service}: {hosts}")
        began, takes = self.now(), self.takes.get(user, 0.0)
        if takes:
            await asyncio.sleep(min(takes, time_limit))
        if takes > time_limit:
            return self._result(began, 124, f"timeout: no result after {time_limit:g}s", Cause.TIMED_OUT)
        for outage in self.outages.get(user, ()):
            if outage.begin <= began < outage.end:
                return self._result(began, outage.exitval, outage.summary)
        return self._result(began, 0, "fine")

    def _alert(self, file: PluginFile, invocation: Invocation, user: ServiceKey) -> CheckResult:
        own = [each for each in invocation.arguments[8:] if each not in _OPTIONS]
        kind, codes = invocation.environ["MON_ALERTTYPE"], self.exits.get(file.name, [])
        summary = invocation.stdin.partition("\n")[0]
        words = [kind, f"{user.group}/{user.service}:", file.name, *own, f"({summary})" if summary else ""]
        self.alerts.append(f"{clock_time(self.now())} {' '.join(words)}".strip())
        return self._result(self.now(), codes.pop(0) if codes else 0, "")

    def _result(self, began: float, exitval: int, output: str, cause: Cause = Cause.EXITED) -> CheckResult:
        return CheckResult(exitval, f"{output}\n", self.now() - began, cause)


class PromptWorker(DiskWorker):
    """Does the disk's work at once, where it is handed over."""

    def put(self, job: Callable[[], object]) -> None:
        """As of a DiskWorker."""
        job()

    def submit(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """As of a DiskWorker."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        done.set_result(job())
        return done


Deed = Callable[[], Awaitable[object] | object]


class VirtualSite:
    """One site. All times are times of day as ``seconds`` reads them, or durations in seconds."""

    def __init__(
        self,
        directory: Path,
        text: str,
        *,
        seed: int = 1,
        warnings: frozenset[str] = frozenset(),
        on_file: bool = False,
    ) -> None:
        """``text`` is mon.cf without its directories; ``warnings`` are what it is warned of, ``seed`` its chance.

        ``on_file``: the record is a file, so that a daemon to come goes on from it.
        """
        self._directory = directory
        self._rng = random.Random(seed)
        self._warnings = warnings
        self._on_file = on_file
        for name in PROGRAMS:
            (directory / name).write_text("#!/bin/sh\n")
            (directory / name).chmod(0o755)
        (directory / "auth.cf").write_text("command section\nlist: all\n")
        self._agenda: list[tuple[float, int, Deed]] = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.clock = VirtualClock(lambda: loop.time() - began, begin=MIDNIGHT)
        self.programs = Programs(self.elapsed, HoldUps(self.clock.steady))
        self._config = self.configure(text)
        self.engine = self._engine()

    def _engine(self) -> Engine:
        loaded = load(self._config)
        assert {problem.code for problem in loaded.problems} == self._warnings, loaded.problems
        file = self._directory / FILE if self._on_file else None
        return Engine(
            loaded.site,
            environ={},
            auth=loaded.auth,
            load=partial(load, self._config),
            record=Store(file, clock=self.clock, worker=PromptWorker("record")),
            files=PromptWorker("files"),
            clock=self.clock,
            runner=self.programs,  # type: ignore[arg-type]  # stands for one
            rng=self._rng,
            limits=EngineLimits(clock_compared_every=10.0, timer_slack=0.0),
        )

    def configure(self, text: str) -> Path:
        """Write mon.cf."""
        here = self._directory
        config = here / "mon.cf"
        head = "".join(f"{name} = {here}\n" for name in ("cfbasedir", "mondir", "alertdir", "statedir", "logdir"))
        config.write_text(f"{head}authfile = auth.cf\n{dedent(text)}\n")
        old = MIDNIGHT - 86400 + self.elapsed()
        os.utime(config, (old, old))  # nobody is still writing it
        return config

    # What is to happen

    def at(self, when: str, deed: Deed) -> None:
        """Do anything at that time."""
        self._agenda.append((seconds(when), len(self._agenda), deed))

    def down(self, name: str, begin: str, end: str = "999:00", summary: str = "no answer", exitval: int = 1) -> None:
        """Let the checks of ``group/service`` fail between these times."""
        outage = Outage(seconds(begin), seconds(end), summary, exitval)
        self.programs.outages.setdefault(key_of(name), []).append(outage)

    def trap(self, when: str, name: str, sta: str = "0", summary: str = "fine") -> None:
        """Have ``group/service`` get a trap."""
        self.at(when, lambda: self.engine.take_trap(key_of(name), Trap(sta, summary)))

    def ask(self, when: str, request: Request) -> None:
        """Have an operator ask for something."""
        self.at(when, lambda: self.engine.perform(request, BOB))

    def reload(self, when: str, text: str) -> None:
        """Change mon.cf, and send SIGHUP."""

        async def reload() -> None:
            self.configure(text)
            await self.engine.reload_and_log()

        self.at(when, reload)

    def restart(self, when: str, until: str, *, set_by: float = 0.0) -> None:
        """End the daemon, and start another at ``until``; meanwhile somebody sets the clock by so many seconds."""

        async def restart() -> None:
            await self.engine.stop()
            self.clock.put(set_by)
            await asyncio.sleep(seconds(until) - self.elapsed())
            self.engine = self._engine()
            await self.engine.start()

        self.at(when, restart)

    def set_clock(self, when: str, by: float) -> None:
        """Have somebody set the system's clock, on by so many seconds (negative: back)."""
        self.at(when, lambda: self.clock.put(by))

    def suspend(self, when: str, until: str) -> None:
        """Let the machine sleep from one time to another."""

        def suspend() -> None:
            self.programs.holdups.start()
            self.clock.suspend(seconds(until) - self.elapsed())
            self.programs.holdups.note_alive()  # as the heartbeat does
            self.programs.holdups.stop()

        self.at(when, suspend)

    # What happens

    def elapsed(self) -> float:
        """Seconds since midnight, those in which the machine slept included."""
        return self.clock.steady()

    async def run(self, until: str) -> None:
        """Start the engine at midnight, let everything happen, and stop the engine."""
        await self.engine.start()
        self.at(until, lambda: None)
        for when, _, deed in sorted(self._agenda, key=lambda each: each[:2]):
            await asyncio.sleep(max(0.0, when - self.elapsed()))
            if isawaitable(done := deed()):
                await done
        await self.engine.stop()

    @property
    def alerts(self) -> list[str]:
        """Every call of an alert: ``TIME KIND GROUP/SERVICE: PROGRAM ARGUMENTS (SUMMARY)``."""
        return self.programs.alerts

    @property
    def checks(self) -> list[str]:
        """Every check that was begun: ``TIME GROUP/SERVICE: HOSTS``."""
        return self.programs.checks

    async def record(self, name: str) -> list[str]:
        """What the record says of ``group/service``, as ``why`` reads it: ``TIME TEXT``, without brackets."""
        if self._on_file:
            events: Sequence[TimelineEvent] = look_up(self._directory / FILE, key_of(name)).events
        else:
            events = (await self.engine.perform(ReadTimeline(key_of(name)), BOB)).events
        texts = [event.text.replace(f"pymon {__version__}", "pymon") for event in events]
        plain = [re.sub(r" \([^)]*\)", "", text) for text in texts]
        times = [clock_time(event.at - MIDNIGHT) for event in events]
        return [f"{time} {text}" for time, text in zip(times, plain, strict=True)]
