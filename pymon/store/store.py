"""The record as the engine uses it: calls that cost a dictionary entry, and a thread that brings them to the file.

At most one batch is on its way; what comes meanwhile is gathered, so a slow disk makes batches larger, not more.

    measurements, results       once in ``measured_every``, ``results_every`` for each service, and at the end
    set_state                   soon: with a change that is about the same service, at ``settled``, or after
                                ``flush_every``, and then ``states_at_once``, so that nothing urgent waits for all
    everything else             at once, that is at the end of this turn of the event loop
    settled                     returns when all that was handed over is committed, or reported as unwritable

While nothing can be written, that is said once; ``settled`` returns at once, everything is kept in memory (of events
the newest ``events_waiting``), and the file gets it all when it can be written again. ``states`` has the table of what
happens when, ``contents`` what is written, ``limits`` the numbers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from pymon.clock import Clock, SystemClock
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.result_run import ResultRun
from pymon.model.state import ServiceState
from pymon.store.batch import Disabled, Saved
from pymon.store.contents import Contents
from pymon.store.database import Database, Written
from pymon.store.disk_worker import DiskWorker
from pymon.store.limits import StoreLimits
from pymon.store.maintenance import Maintenance
from pymon.store.moment import Moment, since_boot
from pymon.store.states import HAS_FILE, IS_AWAITED, IS_FREE, StoreEvent, StoreState, follow

log = logging.getLogger("pymon.record")

T = TypeVar("T")

FILE = "pymon.db"
"""the record's name in statedir"""

_BUG = Written("it crashed (a bug in pymon)")


class Store:
    """One record; to be used from one event loop. No method raises or blocks. Without a path, it is in memory only."""

    def __init__(
        self,
        path: Path | None,
        limits: StoreLimits | None = None,
        clock: Clock | None = None,
        worker: DiskWorker | None = None,
    ) -> None:
        """Nothing is touched before ``open``; what is handed over earlier is written then.

        ``clock`` is the machine's, and ``worker`` a thread of its own, if none is given.
        """
        self.path = path
        self.problem = ""
        self._limits = limits = limits or StoreLimits()
        self._clock = clock = clock or SystemClock()
        self._database = None if path is None else Database(path, limits, clock)
        self._worker = worker or DiskWorker("pymon-record")
        self._now = clock.wall
        self._state = StoreState.CLOSED
        self._contents = Contents(limits)
        self._batches = 0
        """how many were handed to the thread"""
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        """who waits for which batch"""
        self._wants_everything = False
        """somebody waits for all that is waiting now"""
        self._is_flushing = False
        """states have waited long enough, and not all of them are on their way yet"""
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._maintenance = (
            None
            if self._database is None
            else Maintenance(self._database, self._worker, self._file_was_damaged, limits)
        )

    async def open(
        self,
        *,
        fresh: bool = False,
        late: Callable[[Saved], None] | None = None,
        now: Callable[[], float] | None = None,
    ) -> Saved:
        """Open or begin the file; what an earlier daemon left in it. ``fresh``: next to nothing, see ``Database``.

        A damaged file is set aside; if there can be none, the log says why, and what follows stays in memory. If the
        disk hangs, nothing is given here, but to ``late`` once the file is open, and before anything is written to it.
        ``now`` tells the time of what is written (default: the wall clock).
        """
        self._now = now or self._clock.wall
        if self._database is None:
            return Saved()
        self._move(StoreEvent.OPEN)
        self._worker.hold_up_if_needed(True)
        opening = self._do(partial(self._database.start, fresh=fresh))
        self._worker.hold_up_if_needed(False)
        await asyncio.wait([opening], timeout=self._limits.open)
        if not opening.done():
            self._move(StoreEvent.SLOW)
            self._note(f"it was not open after {self._limits.open:g} seconds")
            opening.add_done_callback(partial(self._opened_late, late))
            return Saved()
        saved, written = (Saved(), _BUG) if opening.exception() else opening.result()
        self._contents.take_over(saved)
        self._move(StoreEvent.FAILED if written.problem else StoreEvent.OPENED)
        self._note(written.problem)
        if written.problem:
            self._contents.want_all()
            self._later(self._limits.retry_after)
        elif self._contents.waiting:
            self._soon()
        self._maintain()
        return saved

    # What happens, handed over

    def state(self, key: ServiceKey, state: ServiceState) -> None:
        """The state of a service is another now."""
        self._contents.set_state(key, state)
        self._later(self._limits.flush_every)

    def retain(self, keys: Collection[ServiceKey]) -> None:
        """Forget the states of all other services (the configuration has them no more); their events stay."""
        self._contents.retain(keys)
        self._soon()

    def add(self, *events: TimelineEvent) -> None:
        """Something happened. Repetitions of the last event become part of it (``timeline.coalesce``)."""
        self._contents.add(events)
        if events:
            self._soon()

    def result(self, key: ServiceKey, result: ResultRun) -> None:
        """A service has another result. Those that say the same are one run (``timeline.result_runs``)."""
        self._contents.add_result(key, result)
        if self._contents.waiting.results:
            self._later(self._limits.flush_every)

    def disabled(
        self,
        watches: Iterable[str],
        services: Iterable[ServiceKey],
        hosts: Iterable[str],
        enabled_hosts: Iterable[str] = (),
    ) -> None:
        """This is what clients have disabled now, all of it, and the hosts they enabled that mon.cf has disabled."""
        now = Disabled(frozenset(watches), frozenset(services), frozenset(hosts), frozenset(enabled_hosts))
        self._contents.set_disabled(now)
        self._soon()

    def line(self, history: str, text: str) -> None:
        """A history (``alert``, ``failure``) has another line."""
        self._contents.add_line(history, text)
        self._later(self._limits.flush_every)

    def scheduler(self, stopped_since: float | None) -> None:
        """The scheduler is stopped since then (seconds since the epoch), or runs (None)."""
        self._contents.set_scheduler(stopped_since)
        self._soon()

    def alert_decided(self, token: str, pending: Pending) -> None:
        """An alert is to be sent; ``token`` names it from now on, over restarts too.

        One that is to be tried again keeps the time that it was decided at, which may have moved since (``translate``).
        """
        self._contents.decide_alert(token, pending)
        self._soon()

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: alerts that are not done were decided as long ago as before."""
        self._contents.translate(seconds)
        self._soon()

    def alert_started(self, token: str, at: float) -> None:
        """Its first attempt begins."""
        self._contents.start_alert(token, at)
        self._soon()

    def alert_ended(self, token: str) -> None:
        """It is done, or given up: nothing is left to do after a restart."""
        self._contents.end_alert(token, is_on_file=self._state in HAS_FILE)
        self._soon()

    # What is on file

    async def settled(self, *, everything: bool = True) -> None:
        """Return when all that was handed over before is on file, or was reported as unwritable.

        Without ``everything``: all but states (other than those of services that events or alerts are about),
        measurements and results. That takes a millisecond whatever the number of services.
        """
        if self._state not in IS_AWAITED:
            return
        if self._contents.waiting if everything else self._contents.waiting.is_urgent:
            awaited = self._batches + 1
            self._wants_everything |= everything
            self._hand_over()
        elif self._state is StoreState.WRITING:
            awaited = self._batches
        else:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((awaited, done))
        await asyncio.wait([done], timeout=self._limits.settle)
        if not done.done() and self._state is StoreState.WRITING:
            self._move(StoreEvent.SLOW)
            log.error(
                "writing %s takes longer than %g seconds: nobody waits for it now", self.path, self._limits.settle
            )

    @property
    def obstacle(self) -> str:
        """Why what was handed over last is not on file after ``settled``; empty if it is, or there is no file."""
        if self._state is StoreState.STALLED:
            return f"the disk takes longer than {self._limits.settle:g} seconds"
        return self.problem

    async def events(self, key: ServiceKey | None, since: float = 0.0, limit: int = 200) -> list[TimelineEvent]:
        """The newest ``limit`` events that go on to ``since`` or later, oldest first.

        Those of a service include what concerns its watch and the whole daemon; ``key`` None: the events of everything.
        """
        await self.settled()
        found: dict[int, TimelineEvent] = {}
        if self._database is not None and self._state in HAS_FILE:
            reading = self._do(partial(self._database.events, key, since, limit))
            await asyncio.wait([reading], timeout=self._limits.settle)
            found = dict(reading.result()) if reading.done() and not reading.exception() else {}
        found |= self._contents.events(key, since)
        in_order = sorted(found.items(), key=lambda item: item[0])
        return [event for _, event in in_order[-limit:]] if limit > 0 else []

    async def results(self, key: ServiceKey, since: float, until: float) -> list[ResultRun]:
        """The runs of a service's results that reach into a time, in the order in which they came."""
        await self.settled()
        found: dict[int, ResultRun] = {}
        if self._database is not None and self._state in HAS_FILE:
            reading = self._do(partial(self._database.results, key, since, until))
            await asyncio.wait([reading], timeout=self._limits.settle)
            found = dict(reading.result()) if reading.done() and not reading.exception() else {}
        found |= self._contents.results(key, since, until)
        return [run for _, run in sorted(found.items(), key=lambda item: item[0])]

    async def close(self) -> None:
        """Write what is left and close the file, in a few seconds at most."""
        if self._database is None or self._state is StoreState.CLOSED:
            return
        self._contents.flush_measurements()
        self._contents.flush_results()
        self._worker.hold_up_if_needed(True)
        await self.settled()
        self._move(StoreEvent.CLOSE)
        self._cancel_timers()
        if self._maintenance is not None:
            await self._maintenance.stop(self._limits.close)
        closing = self._do(self._database.close)
        await asyncio.wait([closing], timeout=self._limits.close)
        if not closing.done():
            log.error("%s could not be closed: the disk hangs", self.path)
        self._worker.stop()

    # Batches

    def _move(self, event: StoreEvent) -> None:
        self._state = follow(self._state, event)

    def _soon(self) -> None:
        """Hand over at the end of this turn of the event loop, with all else that happens in it."""
        if self._turn is None and self._state is StoreState.IDLE:
            self._turn = asyncio.get_running_loop().call_soon(self._hand_over)

    def _later(self, seconds: float) -> None:
        """Hand over in so many seconds, unless that is to be done earlier."""
        if self._timer is None and self._state in IS_FREE:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self) -> None:
        """What gathers has waited long enough: write it, a part at a time, so that nothing urgent waits for all."""
        self._timer, self._is_flushing = None, True
        self._hand_over()

    def _cancel_timers(self) -> None:
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        self._timer = self._turn = None

    def _hand_over(self) -> None:
        """Give what has gathered to the thread, unless it has a batch already; then that one's end does."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        if self._database is None or self._state not in IS_FREE or not self._contents.waiting:
            return
        now = self._now()
        if not self.problem:
            self._contents.note_losses(now)
        limit = self._limits.states_at_once if self._is_flushing else 0
        is_limited = not (self._wants_everything or self._state is StoreState.BLOCKED)
        batch = self._contents.take_batch(Moment(now, *since_boot(self._clock)), limit if is_limited else None)
        self._wants_everything = False
        self._is_flushing &= bool(self._contents.waiting)
        if not self._contents.waiting:
            self._cancel_timers()
        self._batches += 1
        self._move(StoreEvent.WRITE)
        self._do(partial(self._database.save, batch)).add_done_callback(self._finish)

    def _finish(self, saving: asyncio.Future[Written]) -> None:
        """A batch is on file, or is not."""
        if self._state is StoreState.CLOSED:  # it ended later than anybody could wait
            return
        written = _BUG if saving.exception() else saving.result()
        if written.needs_all:
            self._move(StoreEvent.REPLACED)
            self._contents.take_back_batch()
            self._contents.want_all()
            self._hand_over()
            return
        if written.problem:
            self._move(StoreEvent.FAILED)
            self._contents.take_back_batch()
        else:
            self._move(StoreEvent.WRITTEN)
            self._contents.forget_batch()
        self._note(written.problem)
        self._release()
        if written.problem:
            self._cancel_timers()
            self._later(self._limits.retry_after)
        elif self._waiters or self._contents.waiting.is_urgent or self._is_flushing:
            self._hand_over()
        elif self._contents.waiting:
            self._later(self._limits.flush_every)
        self._maintain()

    def _release(self) -> None:
        """Let those go on who wait for the batch that has ended; for as long as nothing can be written, everybody."""
        released = [each for each in self._waiters if each[0] <= self._batches or self.problem]
        self._waiters = [each for each in self._waiters if each not in released]
        for _, done in released:
            if not done.done():
                done.set_result(None)

    def _maintain(self) -> None:
        if self._maintenance is not None and self._state in IS_AWAITED:
            self._maintenance.look(asyncio.get_running_loop())

    def _file_was_damaged(self, written: Written) -> None:
        """It was set aside: write all that is known to the new one, before more of it is lost."""
        if written.needs_all and self._state in HAS_FILE:
            self._contents.want_all()
            self._hand_over()

    def _opened_late(
        self, late: Callable[[Saved], None] | None, opening: asyncio.Future[tuple[Saved, Written]]
    ) -> None:
        """The disk hung at the start: the daemon began without it, and goes on from the file now that it is there.

        Everything is written then: what is on file, and above it what the daemon has seen meanwhile.
        """
        if self._state is StoreState.CLOSED:
            return
        if opening.exception() is not None:
            self._move(StoreEvent.FAILED)
            return
        saved, _ = opening.result()
        self._contents.take_over(saved)
        try:
            if late is not None:
                late(saved)
        finally:
            self._move(StoreEvent.OPENED)
            self._contents.want_all()
            self._hand_over()

    def _note(self, problem: str) -> None:
        """Report that nothing can be written, once until it is over, and that it can be again.

        One trouble has several texts: a disk that is full at first may have an I/O error at the next attempt.
        """
        if problem and not self.problem:
            log.error(
                "cannot keep the record %s: %s; monitoring goes on, but a restart forgets what is not on file",
                *(self.path, problem),
            )
        elif problem and problem != self.problem:
            log.debug("the record %s still cannot be kept: %s", self.path, problem)
        elif self.problem and not problem:
            log.warning("the record %s is kept again", self.path)
        self.problem = problem

    def _do(self, job: Callable[[], T]) -> asyncio.Future[T]:
        return self._worker.submit(job)


def record_path(statedir: str) -> Path | None:
    """Where a daemon's record is; None without a statedir."""
    return Path(statedir) / FILE if statedir else None
