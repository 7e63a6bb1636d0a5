"""Runs a plugin, inside the daemon or as a process, and always has a result."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial

from pymon.model.banished import Banished
from pymon.model.depend import ServiceKey
from pymon.model.invocation import Invocation
from pymon.model.result import Cause, CheckResult
from pymon.runner.banishment import BanishmentLimits, Banishments
from pymon.runner.contained import Containment
from pymon.runner.inprocess import run_inprocess
from pymon.runner.process import GRACE, run_process
from pymon.runner.protocol import Plugin
from pymon.runner.registry import PluginFile
from pymon.runner.watchdog import DEFAULT_LIMIT, Watchdog

log = logging.getLogger("pymon.plugin")

PROGRAM_LIMIT = 256
"""programs that checks inside the daemon run at the same time; more of them wait their turn"""


class Runner:
    """The one way to run plugins. ``block_limit`` (how long a plugin may hold up the event loop) and ``grace``
    (between asking a run to end and ending it) are in seconds.

    Between ``start`` and ``stop`` plugins inside the daemon are fully contained: their prints and left-behind tasks
    are theirs, and one that blocks the event loop is interrupted. Without ``start`` they run all the same.
    """

    def __init__(
        self,
        *,
        block_limit: float = DEFAULT_LIMIT,
        grace: float = GRACE,
        banishment: BanishmentLimits | None = None,
    ) -> None:
        self._grace = grace
        self._watchdog = Watchdog(block_limit)
        self._programs = asyncio.Semaphore(PROGRAM_LIMIT)
        self._containment: Containment | None = None
        self._banishments = Banishments(time.monotonic, banishment)
        self._told: weakref.WeakKeyDictionary[PluginFile, set[str]] = weakref.WeakKeyDictionary()

    def start(self) -> None:
        """Begin to contain and watch, on the running event loop."""
        if self._containment is None:
            self._containment = Containment().__enter__()
            self._watchdog.start()

    def stop(self) -> None:
        """Undo ``start``."""
        if self._containment is not None:
            self._watchdog.stop()
            self._containment.__exit__(None, None, None)
            self._containment = None

    def can_run_in_process(self, file: PluginFile, user: ServiceKey | None = None) -> bool:
        """Whether a run of it for this service would need no process: it has the form for that, and is not banished.

        A plugin that blocked the event loop, or went on after its time limit, runs as a process for a while, where the
        same service uses it (``pymon.runner.banishment``), and no longer than this record of the file is used, which
        is until the next scan.
        """
        return file.plugin is not None and self._banishments.term_of(file, user) is None

    def banished(self) -> Iterator[Banished]:
        """What runs as a process at present because it misbehaved."""
        ahead = time.time() - time.monotonic()
        for file, user, term in self._banishments.serving():
            group, service = user if isinstance(user, ServiceKey) else ("", "")
            yield Banished(group, service, file.name, term.since + ahead, term.until + ahead, term.reason)

    async def run(
        self,
        file: PluginFile,
        invocation: Invocation,
        *,
        time_limit: float,
        inprocess: bool = True,
        reap_group: bool = True,
        repeat_blocked: bool = False,
        measures: bool = False,
        programs: asyncio.Semaphore | None = None,
        on_start: Callable[[int], None] | None = None,
        on_misbehaved: Callable[[CheckResult, float], None] | None = None,
        user: ServiceKey | None = None,
    ) -> CheckResult:
        """One run. Never raises but CancelledError, and then the run has been ended.

        ``inprocess``: whether it may run inside the daemon. ``reap_group``: whether processes that it leaves behind
        are killed. ``repeat_blocked``: a run that was interrupted because it blocked the event loop says nothing of
        the service; with this it is repeated as a process at once, which is right for checks and not for alerts.
        ``measures``: a program gets a file to append measurements to (a plugin inside the daemon hands its own over);
        what is none is logged once of each plugin.
        ``programs``: a place of these is taken for each program that a plugin inside the daemon runs, as long as it
        runs (default: PROGRAM_LIMIT places for all such runs). None is taken for a plugin that is a process itself.
        ``on_start`` is given the number of the process, if there is one. ``on_misbehaved`` is given
        the result of a run after which it is not run inside the daemon for this ``user`` (the service that it is run
        for), and until when (seconds since the epoch).
        """
        began = time.time()
        try:
            if inprocess and file.plugin is not None and self.can_run_in_process(file, user):
                result = await self._inside(file, file.plugin, invocation, time_limit, programs, on_misbehaved, user)
                if result.cause is not Cause.BLOCKED or not repeat_blocked:
                    return result
            return await run_process(
                file.command,
                invocation,
                time_limit=time_limit,
                reap_group=reap_group,
                grace=self._grace,
                on_start=on_start,
                on_bad_measurement=partial(self._complain, file) if measures else None,
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("running %s failed", file.origin)
            return CheckResult(1, f"pymon could not run {file.path}: {error}\n", began, time.time(), Cause.NOT_STARTED)

    async def _inside(
        self,
        file: PluginFile,
        plugin: Plugin,
        invocation: Invocation,
        time_limit: float,
        programs: asyncio.Semaphore | None,
        on_misbehaved: Callable[[CheckResult, float], None] | None,
        user: ServiceKey | None,
    ) -> CheckResult:
        ran = await run_inprocess(
            plugin,
            invocation,
            time_limit=time_limit,
            grace=self._grace,
            source=file.source or file.path,
            programs=programs or self._programs,
        )
        if ran.behaved:
            if self._banishments.behaved(file, user):
                log.info("%s runs inside the daemon again for %s", file.origin, _name(user))
        else:
            until = self._banish(file, user, ran.result.output.partition("\n")[0])
            if on_misbehaved is not None:
                on_misbehaved(ran.result, until)
        if ran.left:
            self._tell_once(file, logging.INFO, "%s left tasks behind (%d in this run); they are cancelled", ran.left)
        if ran.bad_measurement:
            self._complain(file, ran.bad_measurement)
        return ran.result

    def _banish(self, file: PluginFile, user: ServiceKey | None, summary: str) -> float:
        """Have it run as a process for a while, and say so; gives until when (seconds since the epoch)."""
        term = self._banishments.banish(file, user, summary)
        until = time.time() + term.length
        whose = "every service" if self._banishments.is_for_all(file, term) else _name(user)
        end = time.strftime("%H:%M:%S", time.localtime(until))
        log.error("%s: %s; for %s it runs as a process until %s", file.origin, summary, whose, end)
        return until

    def _complain(self, file: PluginFile, problem: str) -> None:
        self._tell_once(file, logging.WARNING, "%s hands over what is no measurement: %s", problem)

    def _tell_once(self, file: PluginFile, level: int, text: str, detail: object) -> None:
        """Log something of a plugin, which it may do at every run, the first time only."""
        told = self._told.setdefault(file, set())
        if text not in told:
            told.add(text)
            log.log(level, f"{text} (told once)", file.origin, detail)


def _name(user: ServiceKey | None) -> str:
    return f"{user.group}/{user.service}" if user is not None else "those who did not say for whom"
