"""Runs a plugin, inside the daemon or as a process, and always has a result."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from pymon.clock import Clock, SystemClock
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Plugin
from pymon.model.banished import Banished
from pymon.model.depend import ServiceKey
from pymon.model.result import Cause, CheckOutcome, CheckResult
from pymon.process.execution import run_process
from pymon.process.limits import ProcessLimits
from pymon.runner.banishment import Banishments
from pymon.runner.containment import Containment
from pymon.runner.inprocess import InsideRun, run_inprocess
from pymon.runner.limits import RunnerLimits
from pymon.runner.loop_delays import HoldUps
from pymon.runner.registry import PluginFile
from pymon.runner.watchdog import Watchdog

log = logging.getLogger("pymon.plugin")


class _Wanted(NamedTuple):
    """What one call of ``PluginRunner.run`` asks for; see there."""

    file: PluginFile
    invocation: Invocation
    time_limit: float
    inprocess: bool
    reap_group: bool
    repeats: bool
    measures: bool
    programs: asyncio.Semaphore | None
    on_start: Callable[[int], None] | None
    on_misbehaved: Callable[[CheckResult, float], None] | None
    user: ServiceKey | None


class _Attempt(NamedTuple):
    """One run; ``held_up`` is for how many seconds the event loop was held up meanwhile.

    ``lack`` is what it had to do without, which may be why it did not succeed: ``parts`` also if that was in a part of
    it, such as one of several hosts, which the plugin judged by itself.
    """

    result: CheckResult
    held_up: float
    is_program: bool
    lack: str = ""
    parts: str = ""

    @property
    def obstacle(self) -> str:
        """Why it says nothing of the service, if that is so."""
        return f"the event loop was held up for {self.held_up:.1f} s" if self.held_up else self.parts

    @property
    def is_exit_of_program(self) -> bool:
        """Whether it came to its own end, with what it had to say: that does not depend on the event loop."""
        return self.is_program and self.result.cause is Cause.EXITED


class PluginRunner:
    """The one way to run plugins.

    Between ``start`` and ``stop`` plugins inside the daemon are fully contained: their prints and left-behind tasks
    are theirs, and one that blocks the event loop is interrupted. Without ``start`` they run all the same.
    ``holdups`` tells when the event loop was held up, between ``start`` and ``stop``. ``clock`` is the machine's, if
    none is given.
    """

    def __init__(
        self,
        *,
        limits: RunnerLimits | None = None,
        holdups: HoldUps | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._limits = limits = limits or RunnerLimits()
        self._process_limits = ProcessLimits(grace=limits.grace)
        self._clock = clock or SystemClock()
        self.holdups = holdups or HoldUps(self._clock.steady, limits)
        self._watchdog = Watchdog(limits, self.holdups)
        self._programs = asyncio.Semaphore(limits.programs)
        self._containment: Containment | None = None
        self._banishments = Banishments(self._clock.steady, limits.banishment)
        self._logged: weakref.WeakKeyDictionary[PluginFile, set[str]] = weakref.WeakKeyDictionary()

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

    def list_banished(self) -> Iterator[Banished]:
        """What runs as a process at present because it misbehaved."""
        ahead = self._clock.wall() - self._clock.steady()
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
        repeats: bool = False,
        measures: bool = False,
        programs: asyncio.Semaphore | None = None,
        on_start: Callable[[int], None] | None = None,
        on_misbehaved: Callable[[CheckResult, float], None] | None = None,
        user: ServiceKey | None = None,
    ) -> CheckResult:
        """One run. Never raises but CancelledError, and then the run has been ended.

        ``inprocess``: whether it may run inside the daemon. ``reap_group``: whether processes that it leaves behind
        are killed. ``repeats``: a run that says nothing of the service is repeated, which is right for checks and not
        for alerts: at once, as a process, if it was interrupted because it blocked the event loop; once if it ended
        badly and the event loop was held up meanwhile (by whatever: see ``pymon.runner.loop_delays``), or there was no
        descriptor, thread or process for it. If that happens again, its cause is HELD_UP or STARVED, unless it is a
        program that has come to its own end.
        ``measures``: a program gets a file to append measurements to (a plugin inside the daemon hands its own over);
        an invalid one is logged once of each plugin.
        ``programs``: a place of these is taken for each program that a plugin inside the daemon runs, as long as it
        runs (default: as many places for all such runs as the limits say). None is taken for a plugin that is a process
        itself.
        ``on_start`` is given the number of the process, if there is one. ``on_misbehaved`` is given
        the result of a run after which it is not run inside the daemon for this ``user`` (the service that it is run
        for), and until when (seconds since the epoch).
        """
        wanted = _Wanted(
            file,
            invocation,
            time_limit,
            inprocess,
            reap_group,
            repeats,
            measures,
            programs,
            on_start,
            on_misbehaved,
            user,
        )
        attempt = await self._attempt(wanted)
        if repeats and attempt.obstacle and not attempt.result.is_success:
            log.info("%s is run again: %s while it ran", file.origin, attempt.obstacle)
            attempt = await self._attempt(wanted)
            if attempt.result.is_success or attempt.is_exit_of_program:
                return attempt.result
            if attempt.held_up and attempt.result.outcome is CheckOutcome.FAILED:
                return _mark_held_up(attempt)
            if attempt.lack or (attempt.parts and attempt.result.outcome is CheckOutcome.BROKEN):
                return _mark_starved(attempt)
        return attempt.result

    async def _attempt(self, wanted: _Wanted) -> _Attempt:
        file, mark = wanted.file, self.holdups.mark()
        began = self._clock.steady()
        try:
            if wanted.inprocess and file.plugin is not None and self.can_run_in_process(file, wanted.user):
                run = await self._run_inside(file.plugin, wanted)
                if run.result.cause is not Cause.BLOCKED or not wanted.repeats:
                    return _Attempt(run.result, self.holdups.since(mark), False, run.lack, run.parts)
                mark = self.holdups.mark()
            result = await run_process(
                file.command,
                wanted.invocation,
                time_limit=wanted.time_limit,
                reap_group=wanted.reap_group,
                limits=self._process_limits,
                on_start=wanted.on_start,
                on_bad_measurement=partial(self._complain, file) if wanted.measures else None,
                clock=self._clock,
            )
            return _Attempt(result, self.holdups.since(mark), is_program=True)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("running %s failed", file.origin)
            text = f"pymon could not run {file.path}: {error}\n"
            result = CheckResult(1, text, self._clock.steady() - began, Cause.NOT_STARTED)
            return _Attempt(result, self.holdups.since(mark), is_program=False)

    async def _run_inside(self, plugin: Plugin, wanted: _Wanted) -> InsideRun:
        file, user = wanted.file, wanted.user
        run = await run_inprocess(
            plugin,
            wanted.invocation,
            time_limit=wanted.time_limit,
            limits=self._limits,
            source=file.source or file.path,
            programs=wanted.programs or self._programs,
            holdups=self.holdups,
            clock=self._clock,
        )
        misbehaved = _blame_for_hang(run) if run.hung and run.behaved else None if run.behaved else run.result
        if misbehaved is None:
            if self._banishments.note_good_run(file, user):
                log.info("%s runs inside the daemon again for %s", file.origin, _format_user(user))
        else:
            until = self._banish(file, user, misbehaved.output.partition("\n")[0])
            if wanted.on_misbehaved is not None:
                wanted.on_misbehaved(misbehaved, until)
        if run.left:
            self._log_once(file, logging.INFO, "%s left tasks behind (%d in this run); they are cancelled", run.left)
        if run.bad_measurement:
            self._complain(file, run.bad_measurement)
        return run

    def _banish(self, file: PluginFile, user: ServiceKey | None, summary: str) -> float:
        """Have it run as a process for a while, and say so; gives until when (seconds since the epoch)."""
        term = self._banishments.banish(file, user, summary)
        until = self._clock.wall() + term.length
        whose = "every service" if self._banishments.is_for_all(file, term) else _format_user(user)
        end = time.strftime("%H:%M:%S", time.localtime(until))
        log.error("%s: %s; for %s it runs as a process until %s", file.origin, summary, whose, end)
        return until

    def _complain(self, file: PluginFile, problem: str) -> None:
        self._log_once(file, logging.WARNING, "%s reported an invalid measurement: %s", problem)

    def _log_once(self, file: PluginFile, level: int, text: str, detail: object) -> None:
        """Log something of a plugin, which it may do at every run, the first time only."""
        told = self._logged.setdefault(file, set())
        if text not in told:
            told.add(text)
            log.log(level, f"{text} (told once)", file.origin, detail)


def _format_user(user: ServiceKey | None) -> str:
    return f"{user.group}/{user.service}" if user is not None else "those who did not say for whom"


def _mark_held_up(attempt: _Attempt) -> CheckResult:
    """What is known of a service whose check was held up twice in a row: nothing."""
    held_up = f"pymon was held up for {attempt.held_up:.1f} s"
    text = f"{held_up} while it checked, and not for the first time: nothing is known\n"
    return attempt.result._replace(output=text + attempt.result.output, cause=Cause.HELD_UP)


def _mark_starved(attempt: _Attempt) -> CheckResult:
    """What is known of a service whose check lacked what it needed twice in a row: nothing."""
    text = f"pymon was short of what this check needs ({attempt.parts}): nothing is known\n"
    return attempt.result._replace(output=text + attempt.result.output, cause=Cause.STARVED)


def _blame_for_hang(run: InsideRun) -> CheckResult:
    """What a run is blamed for that held up the event loop where it could not be interrupted."""
    text = f"it held up the event loop at {run.hung}, where it could not be interrupted\n"
    return run.result._replace(exitval=1, output=text, cause=Cause.BLOCKED)
