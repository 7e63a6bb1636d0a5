"""The record as the engine uses it: calls that cost a dictionary entry, and a thread that brings them to the file.

At most one batch is on its way; what comes meanwhile is gathered, so a slow disk makes batches larger, not more.

    measurements of a state     once in MEASURED_EVERY for each service, and at the end
    state()                     soon: with the next important change, at ``settled``, or after FLUSH_EVERY
    everything else             at once, that is at the end of this turn of the event loop
    settled()                   returns when all that was handed over is committed, or reported as unwritable

While nothing can be written, that is said once; ``settled`` returns at once, everything is kept in memory (of events
the newest EVENTS_WAITING), and the file gets it all when it can be written again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pymon.model.delivery import Pending, PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.state import ServiceState
from pymon.store.batch import LINES_KEPT, Batch, Disabled, Saved
from pymon.store.database import Database, Written
from pymon.store.disk_worker import DiskWorker
from pymon.store.maintenance import INSPECT_EVERY, Maintenance
from pymon.store.moment import Moment, since_boot
from pymon.store.retention import KEPT
from pymon.timeline.coalesce import EventCoalescer

log = logging.getLogger("pymon.record")

T = TypeVar("T")

FILE = "pymon.db"
"""the record's name in statedir"""
FLUSH_EVERY = 5.0
"""seconds that a state may wait for company"""
RETRY_AFTER = 5.0
"""seconds between attempts to write to a file that could not be written"""
SETTLE_LIMIT = 5.0
"""seconds that ``settled`` waits for a disk that hangs"""
OPEN_LIMIT = 30.0
"""seconds that the start waits for a disk that hangs"""
CLOSE_LIMIT = 5.0
"""seconds that the end waits for it"""
MEASURED_EVERY = 60.0
"""seconds between two writes of a service's measurements, for those of a thousand hosts are large"""
EVENTS_WAITING = 5000
"""events that are kept in memory while they cannot be written, or have no file"""

ENDED_WAITING = 1000
"""alerts that ended while nothing could be written, and are known as such; with more, all is written anew"""

_BUG = Written("it came to grief (a bug in pymon)")


class Store:
    """One record; to be used from one event loop. No method raises or blocks. Without a path, it is in memory only."""

    def __init__(
        self,
        path: Path | None,
        *,
        flush_every: float = FLUSH_EVERY,
        retry_after: float = RETRY_AFTER,
        inspect_every: float = INSPECT_EVERY,
        kept: int = KEPT,
    ) -> None:
        """Nothing is touched before ``open``; what is handed over earlier is written then.

        Times are in seconds; ``kept`` is how many events stay on file.
        """
        self.path = path
        self.problem = ""
        self._flush_every = flush_every
        self._retry_after = retry_after
        self._database = None if path is None else Database(path, kept=kept)
        self._worker = DiskWorker("pymon-record")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock: Callable[[], float] = time.time
        self._coalescer = EventCoalescer()
        self._states: dict[ServiceKey, ServiceState] = {}
        self._measured: dict[ServiceKey, float] = {}
        self._alerts: dict[str, PendingDelivery] = {}
        self._disabled = Disabled()
        self._lines: dict[str, deque[str]] = {}
        self._stopped_since: float | None = None
        self._waiting = Batch()
        self._written: asyncio.Future[None] | None = None
        self._writing: Batch | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._is_open = False
        self._is_slow = False
        self._lost = 0
        self._maintenance = (
            None
            if self._database is None
            else Maintenance(self._database, self._worker, self._begun_anew, inspect_every=inspect_every)
        )

    async def open(
        self,
        *,
        fresh: bool = False,
        late: Callable[[Saved], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Saved:
        """Open or begin the file; what an earlier daemon left in it. ``fresh``: nothing, and that is forgotten.

        A damaged file is set aside; if there can be none, the log says why, and what follows stays in memory. If the
        disk hangs, nothing is given here, but to ``late`` once the file is open, and before anything is written to it.
        """
        self._loop, self._clock = asyncio.get_running_loop(), clock
        if self._database is None:
            return Saved()
        self._worker.hold_up_if_needed(True)
        opening = self._do(partial(self._database.start, fresh=fresh))
        self._worker.hold_up_if_needed(False)
        await asyncio.wait([opening], timeout=OPEN_LIMIT)
        if not opening.done():
            self._opened_late(opening, late)
            return Saved()
        saved, written = (Saved(), _BUG) if opening.exception() else opening.result()
        self._take_over(saved)
        self._is_open = True
        self._note(written)
        if written.problem:
            self._waiting = self._everything()
            self._later(self._retry_after)
        elif self._waiting:
            self._soon()
        self._maintain()
        return saved

    # What happens, handed over

    def state(self, key: ServiceKey, state: ServiceState) -> None:
        """The state of a service is another now."""
        self._states[key] = self._waiting.states[key] = state
        if state.measurements or key in self._measured:
            self._measurements(key, state)
        if self._timer is None and self._is_open and self._writing is None:
            self._later(self._flush_every)

    def _measurements(self, key: ServiceKey, state: ServiceState) -> None:
        """Those of a service are others, or there are none any more (it begins anew)."""
        waiting = self._waiting.measured
        since = state.measured - self._measured.get(key, 0.0)
        if key in waiting or since >= MEASURED_EVERY or since < 0:
            waiting[key], self._measured[key] = state, state.measured

    def retain(self, keys: Collection[ServiceKey]) -> None:
        """Forget the states of all other services (the configuration has them no more); their events stay."""
        for key in [each for each in self._states if each not in keys]:
            del self._states[key]
            self._measured.pop(key, None)
            self._waiting.measured.pop(key, None)
            self._waiting.states[key] = None
        self._coalescer.retain(keys)
        self._soon()

    def add(self, *events: TimelineEvent) -> None:
        """Something happened. Repetitions of the last event become part of it (see ``runs``)."""
        for event in events:
            number, known = self._coalescer.add(event)
            self._waiting.events[number] = known
        if len(self._waiting.events) > EVENTS_WAITING:
            self._lost += self._waiting.bound_events(EVENTS_WAITING)
        if events:
            self._soon()

    def disabled(
        self,
        watches: Iterable[str],
        services: Iterable[ServiceKey],
        hosts: Iterable[str],
        enabled_hosts: Iterable[str] = (),
    ) -> None:
        """This is what clients have disabled now, all of it, and the hosts they enabled that mon.cf has disabled."""
        now = Disabled(frozenset(watches), frozenset(services), frozenset(hosts), frozenset(enabled_hosts))
        self._disabled = self._waiting.disabled = now
        self._soon()

    def line(self, history: str, text: str) -> None:
        """A history (``alert``, ``failure``) has another line."""
        self._lines.setdefault(history, deque(maxlen=LINES_KEPT)).append(text)
        self._waiting.lines.append((history, text))
        if len(self._waiting.lines) > 2 * LINES_KEPT:  # they cannot be written for long
            del self._waiting.lines[:-LINES_KEPT]
        if self._timer is None and self._is_open and self._writing is None:
            self._later(self._flush_every)

    def scheduler(self, stopped_since: float | None) -> None:
        """The scheduler is stopped since then (seconds since the epoch), or runs (None)."""
        self._stopped_since = stopped_since
        self._waiting.scheduler = (stopped_since,)
        self._soon()

    def alert_decided(self, token: str, pending: Pending) -> None:
        """An alert is to be sent; ``token`` names it from now on, over restarts too.

        One that is to be tried again keeps the time that it was decided at, which may have moved since (``translate``).
        """
        if (known := self._alerts.get(token)) is not None:
            pending = replace(pending, at=known.pending.at)
        self._alert(token, PendingDelivery(token, pending))

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: alerts that are not done were decided as long ago as before."""
        for token, known in self._alerts.items():
            moved = replace(known.pending, at=known.pending.at + seconds)
            started = known.started + seconds if known.started else 0.0
            self._alerts[token] = self._waiting.alerts[token] = PendingDelivery(token, moved, started)
        if self._alerts:
            self._soon()

    def alert_started(self, token: str, at: float) -> None:
        """Its first attempt begins."""
        if (known := self._alerts.get(token)) is not None:
            self._alert(token, replace(known, started=at))

    def alert_ended(self, token: str) -> None:
        """It is done, or given up: nothing is left to do after a restart."""
        if self._alerts.pop(token, None) is None:
            return
        if self._is_open:
            self._waiting.alerts[token] = None
        else:  # no file has it
            self._waiting.alerts.pop(token, None)
        self._soon()

    # What is on file

    async def settled(self) -> None:
        """Return when all that was handed over before is on file, or was reported as unwritable."""
        if self.problem or not self._is_open:
            return
        if self._waiting:
            if self._written is None:
                self._written = asyncio.get_running_loop().create_future()
            done = self._written
            self._hand_over()
        elif self._under_way is not None:
            done = self._under_way
        else:
            return
        if self._is_slow:
            return
        await asyncio.wait([done], timeout=SETTLE_LIMIT)
        if not done.done() and not self._is_slow:
            self._is_slow = True
            log.error("writing %s takes longer than %g seconds: nobody waits for it now", self.path, SETTLE_LIMIT)

    @property
    def obstacle(self) -> str:
        """Why what was handed over last is not on file after ``settled``; empty if it is, or there is no file."""
        if self.problem or not self._is_slow:
            return self.problem
        return f"the disk takes longer than {SETTLE_LIMIT:g} seconds"

    async def events(self, key: ServiceKey | None, since: float = 0.0, limit: int = 200) -> list[TimelineEvent]:
        """The newest ``limit`` events that go on to ``since`` or later, oldest first.

        Those of a service include what concerns its watch and the whole daemon; ``key`` None: the events of everything.
        """
        await self.settled()
        found: dict[int, TimelineEvent] = {}
        if self._database is not None and self._is_open:
            reading = self._do(partial(self._database.events, key, since, limit))
            await asyncio.wait([reading], timeout=SETTLE_LIMIT)
            found = dict(reading.result()) if reading.done() and not reading.exception() else {}
        for batch in (self._writing, self._waiting):
            found |= {
                number: event
                for number, event in (batch.events.items() if batch else ())
                if concerns(event, key) and max(event.at, event.until) >= since
            }
        in_order = sorted(found.items(), key=lambda item: item[0])
        return [event for _, event in in_order[-limit:]] if limit > 0 else []

    async def close(self) -> None:
        """Write what is left and close the file, in a few seconds at most."""
        if self._database is None or self._loop is None:
            return
        self._waiting.measured |= {
            key: state for key, state in self._states.items() if state.measured > self._measured.get(key, 0.0)
        }
        self._worker.hold_up_if_needed(True)
        await self.settled()
        self._is_open = False
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        if self._maintenance is not None:
            self._maintenance.stop()
        closing = self._do(self._database.close)
        await asyncio.wait([closing], timeout=CLOSE_LIMIT)
        if not closing.done():
            log.error("%s could not be closed: the disk hangs", self.path)
        self._worker.stop()

    # Batches

    def _alert(self, token: str, undone: PendingDelivery) -> None:
        self._alerts[token] = self._waiting.alerts[token] = undone
        self._soon()

    def _soon(self) -> None:
        """Hand over at the end of this turn of the event loop, with all else that happens in it."""
        if self._turn is None and self._is_open and not self.problem and self._loop is not None:
            self._turn = self._loop.call_soon(self._hand_over)

    def _later(self, seconds: float) -> None:
        if self._loop is not None and self._is_open:
            self._timer = self._loop.call_later(seconds, self._hand_over)

    def _hand_over(self) -> None:
        """Give what has gathered to the thread, unless it has a batch already; then that one's end does."""
        for handle in (self._timer, self._turn):
            if handle is not None:
                handle.cancel()
        self._timer = self._turn = None
        if self._database is None or self._loop is None or self._writing is not None or not self._is_open:
            return
        if not self._waiting:
            return
        self._tell_of_losses()
        batch, self._waiting = self._waiting, Batch()
        batch.moment = Moment(self._clock(), *since_boot())
        self._writing = batch
        self._under_way, self._written = self._written or self._loop.create_future(), None
        self._do(partial(self._database.save, batch)).add_done_callback(self._finished)

    def _finished(self, saving: asyncio.Future[Written]) -> None:
        written = _BUG if saving.exception() else saving.result()
        batch, done = self._writing, self._under_way
        self._writing = self._under_way = None
        if batch is None or done is None:  # never so: one batch is on its way at a time
            return
        self._is_slow = False
        if written.needs_all or written.problem:
            self._waiting.take_back(batch)
            self._lost += self._waiting.bound_events(EVENTS_WAITING)
            if len(self._waiting.alerts) > ENDED_WAITING + len(self._alerts):  # more to remove than to write anew
                self._waiting = self._everything()
        if written.needs_all:
            self._waiting = self._everything()
            if self._written is None:
                self._written = done
            else:
                self._written.add_done_callback(lambda _: _resolve(done))
            self._hand_over()
            return
        _resolve(done)
        self._note(written)
        if written.problem:
            if self._written is not None:
                _resolve(self._written)
                self._written = None
            self._later(self._retry_after)
        elif self._written is not None or self._waiting.is_urgent:
            self._hand_over()
        elif self._waiting:
            self._later(self._flush_every)
        self._maintain()

    def _maintain(self) -> None:
        if self._loop is not None and self._maintenance is not None and self._is_open and not self.problem:
            self._maintenance.look(self._loop)

    def _begun_anew(self, written: Written) -> None:
        """Damage was found in the file: write all that is known to the new one, before more of it is lost."""
        if written.needs_all and self._is_open:
            self._waiting = self._everything()
            self._hand_over()

    def _everything(self) -> Batch:
        return Batch(
            states=dict(self._states),
            events=self._waiting.events,
            alerts=dict(self._alerts),
            disabled=self._disabled,
            scheduler=(self._stopped_since,),
            lines=[(history, line) for history, lines in self._lines.items() for line in lines],
            measured={key: state for key, state in self._states.items() if state.measurements},
            is_all=True,
        )

    def _take_over(self, saved: Saved) -> None:
        """What is on file is known, but for what was handed over before."""
        known = {key: state for key, state in self._states.items() if not (state.is_untold and key in saved.states)}
        self._states = {**saved.states, **known}
        self._measured = {**{key: state.measured for key, state in saved.states.items()}, **self._measured}
        self._alerts = {**{undone.token: undone for undone in saved.undone}, **self._alerts}
        if self._waiting.disabled is None:
            hosts, enabled = saved.disabled_hosts, saved.enabled_hosts
            self._disabled = Disabled(saved.disabled_watches, saved.disabled_services, hosts, enabled)
        if self._waiting.scheduler is None:
            self._stopped_since = saved.stopped_since
        for history, lines in saved.histories.items():
            self._lines[history] = deque((*lines, *self._lines.get(history, ())), maxlen=LINES_KEPT)

    def _opened_late(
        self, opening: asyncio.Future[tuple[Saved, Written]], late: Callable[[Saved], None] | None
    ) -> None:
        """The disk hangs at the start: the daemon begins without it, and goes on from the file once it is there.

        Then everything is written: what is on file, and above it what the daemon has seen meanwhile.
        """

        def opened(_: object) -> None:
            if opening.exception() is not None:
                return
            saved, _written = opening.result()
            self._take_over(saved)
            try:
                if late is not None:
                    late(saved)
            finally:
                self._is_open = True
                self._waiting = self._everything()
                self._hand_over()

        self._note(Written(f"it was not open after {OPEN_LIMIT:g} seconds"))
        opening.add_done_callback(opened)

    def _note(self, written: Written) -> None:
        """Report that nothing can be written, once until it is over, and that it can be again.

        One trouble has several texts: a disk that is full at first may have an I/O error at the next attempt.
        """
        if written.problem and not self.problem:
            log.error(
                "cannot keep the record %s: %s; monitoring goes on, but a restart forgets what is not on file",
                *(self.path, written.problem),
            )
        elif written.problem and written.problem != self.problem:
            log.debug("the record %s still cannot be kept: %s", self.path, written.problem)
        elif self.problem and not written.problem:
            log.warning("the record %s is kept again", self.path)
        self.problem = written.problem

    def _tell_of_losses(self) -> None:
        if self._lost and not self.problem:
            text = f"{self._lost} events are missing here: they could not be written at their time"
            lost, self._lost = self._lost, 0
            self.add(TimelineEvent(self._clock(), TimelineKind.DAEMON, text, facts={"lost": lost}))

    def _do(self, job: Callable[[], T]) -> asyncio.Future[T]:
        return self._worker.submit(job, asyncio.get_running_loop())


def record_path(statedir: str) -> Path | None:
    """Where a daemon's record is; None without a statedir."""
    return Path(statedir) / FILE if statedir else None


def concerns(event: TimelineEvent, key: ServiceKey | None) -> bool:
    """Whether an event is of a service: its own, its watch's, or the whole daemon's. None: any event is meant."""
    if key is None or not event.group:
        return True
    return event.group == key.group and event.service in ("", key.service)


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
