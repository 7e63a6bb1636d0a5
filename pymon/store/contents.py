"""What the record shall hold, and what of it is not on file yet (pure).

All calls cost a dictionary entry. What changes is gathered in ``waiting`` until somebody takes it as a batch; a batch
that could not be written comes back below what was gathered meanwhile. While nothing can be written, that is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace

from pymon.model.delivery import Pending, PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.result_run import ResultRun
from pymon.model.state import ServiceState
from pymon.store.batch import LINES_KEPT, Batch, Disabled, Saved
from pymon.store.limits import StoreLimits
from pymon.store.moment import Moment
from pymon.timeline.coalesce import EventCoalescer
from pymon.timeline.result_runs import Numbered, ResultCoalescer


class Contents:
    """``waiting`` is not on file, ``writing`` is on its way there.

    ``lost`` counts the events that memory had no room for.
    """

    def __init__(self, limits: StoreLimits) -> None:
        self.waiting = Batch()
        self.writing: Batch | None = None
        self.lost = 0
        self._limits = limits
        self._coalescer = EventCoalescer()
        self._runs = ResultCoalescer()
        self._runs_written: dict[ServiceKey, float] = {}
        """when the run of a service that goes on was handed out last"""
        self._states: dict[ServiceKey, ServiceState] = {}
        self._measured: dict[ServiceKey, float] = {}
        self._alerts: dict[str, PendingDelivery] = {}
        self._disabled = Disabled()
        self._lines: dict[str, deque[str]] = {}
        self._stopped_since: float | None = None

    # Changes

    def set_state(self, key: ServiceKey, state: ServiceState) -> None:
        """The state of a service is another now."""
        self._states[key] = self.waiting.states[key] = state
        if state.measurements or key in self._measured:
            self._set_measurements(key, state)

    def _set_measurements(self, key: ServiceKey, state: ServiceState) -> None:
        """A service has other measurements, or has lost them (``reset`` without keepstate)."""
        since = state.measured - self._measured.get(key, 0.0)
        if key in self.waiting.measured or since >= self._limits.measured_every or since < 0:
            self.waiting.measured[key], self._measured[key] = state, state.measured

    def flush_measurements(self) -> None:
        """Let all measurements be written that are newer than those on file."""
        self.waiting.measured |= {
            key: state for key, state in self._states.items() if state.measured > self._measured.get(key, 0.0)
        }

    def retain(self, keys: Collection[ServiceKey]) -> None:
        """Forget the states of all other services; their events stay."""
        for key in [each for each in self._states if each not in keys]:
            del self._states[key]
            self._measured.pop(key, None)
            self.waiting.measured.pop(key, None)
            self.waiting.states[key] = None
        self._coalescer.retain(keys)
        for key, ended in self._runs.open_runs().items():
            if key not in keys:
                self._write_run(key, ended)
                del self._runs_written[key]
        self._runs.retain(keys)

    def add(self, events: Iterable[TimelineEvent]) -> None:
        """Something happened. Repetitions of the last event become part of it."""
        for event in events:
            number, known = self._coalescer.add(event)
            self.waiting.events[number] = known
            if event.kind is TimelineKind.OPERATOR:
                self._end_runs(event.group, event.service)
        self._keep_in_bounds()

    def add_result(self, key: ServiceKey, result: ResultRun) -> None:
        """A service has another result. A run that goes on is written now and then, and when it ends."""
        now, ended = self._runs.add(key, result)
        if ended is not None:
            self._write_run(key, ended)
        since = now.run.last - self._runs_written.get(key, 0.0)
        is_due = now.run.count == result.count or not 0 <= since < self._limits.results_every
        if is_due or now.number in self.waiting.results:
            self._write_run(key, now)
            self._keep_in_bounds()

    def _end_runs(self, group: str = "", service: str = "") -> None:
        for key, ended in self._runs.end(group, service):
            self._write_run(key, ended)

    def _write_run(self, key: ServiceKey, numbered: Numbered) -> None:
        self.waiting.results[numbered.number] = key, numbered.run
        self._runs_written[key] = numbered.run.last

    def flush_results(self) -> None:
        """Let the runs that go on be written as they are."""
        for key, numbered in self._runs.open_runs().items():
            if numbered.run.last != self._runs_written.get(key):
                self._write_run(key, numbered)

    def set_disabled(self, disabled: Disabled) -> None:
        """This is what clients have disabled now, all of it."""
        self._disabled = self.waiting.disabled = disabled

    def add_line(self, history: str, text: str) -> None:
        """A history has another line."""
        self._lines.setdefault(history, deque(maxlen=LINES_KEPT)).append(text)
        self.waiting.lines.append((history, text))
        if len(self.waiting.lines) > 2 * LINES_KEPT:  # they cannot be written for long
            del self.waiting.lines[:-LINES_KEPT]

    def set_scheduler(self, stopped_since: float | None) -> None:
        """The scheduler is stopped since then, or runs (None)."""
        self._stopped_since = stopped_since
        self.waiting.scheduler = (stopped_since,)

    def decide_alert(self, token: str, pending: Pending) -> None:
        """An alert is to be sent, or to be tried again; then it keeps the time that it was decided at."""
        if (known := self._alerts.get(token)) is not None:
            pending = replace(pending, at=known.pending.at)
        self._set_alert(PendingDelivery(token, pending))

    def start_alert(self, token: str, at: float) -> None:
        """Its first attempt begins."""
        if (known := self._alerts.get(token)) is not None:
            self._set_alert(replace(known, started=at))

    def end_alert(self, token: str, *, is_on_file: bool) -> None:
        """Nothing is left to do. ``is_on_file``: a file may have it."""
        if self._alerts.pop(token, None) is None:
            return
        if is_on_file:
            self.waiting.alerts[token] = None
        else:
            self.waiting.alerts.pop(token, None)

    def translate(self, seconds: float) -> None:
        """The clock has jumped: alerts that are not done were decided as long ago as before. No run goes over it."""
        self._end_runs()
        for known in list(self._alerts.values()):
            moved = replace(known.pending, at=known.pending.at + seconds)
            started = known.started + seconds if known.started else 0.0
            self._set_alert(PendingDelivery(known.token, moved, started))

    def _set_alert(self, undone: PendingDelivery) -> None:
        self._alerts[undone.token] = self.waiting.alerts[undone.token] = undone

    # Batches

    def take_batch(self, moment: Moment, limit: int | None = None) -> Batch:
        """What is waiting, to be written now, at ``moment``. With a ``limit``, not more of what is not urgent."""
        if limit is None or self.waiting.is_all:
            batch, self.waiting = self.waiting, Batch()
        else:
            batch = self.waiting.take(limit)
        batch.moment = moment
        self.writing = batch
        return batch

    def forget_batch(self) -> None:
        """The batch is on file."""
        self.writing = None

    def take_back_batch(self) -> None:
        """The batch is not on file: it waits again, below what is newer."""
        if self.writing is None:
            return
        self.waiting.take_back(self.writing)
        self.writing = None
        self._keep_in_bounds()
        if len(self.waiting.alerts) > self._limits.ended_waiting + len(self._alerts):  # more to remove than to write
            self.want_all()

    def want_all(self) -> None:
        """Let everything that is known be written, in place of what a file holds."""
        self.waiting = Batch(
            states=dict(self._states),
            events=self.waiting.events,
            results=self.waiting.results,
            alerts=dict(self._alerts),
            disabled=self._disabled,
            scheduler=(self._stopped_since,),
            lines=[(history, line) for history, lines in self._lines.items() for line in lines],
            measured={key: state for key, state in self._states.items() if state.measurements},
            is_all=True,
        )

    def note_losses(self, now: float) -> None:
        """Let the timeline tell of events that memory had no room for."""
        if self.lost:
            text = f"{self.lost} events are missing here: they could not be written at their time"
            lost, self.lost = self.lost, 0
            self.add([TimelineEvent(now, TimelineKind.DAEMON, text, facts={"lost": lost})])

    def take_over(self, saved: Saved) -> None:
        """What is on file is known, but for what was handed over before."""
        known = {key: state for key, state in self._states.items() if not (state.is_untold and key in saved.states)}
        self._states = {**saved.states, **known}
        self._measured = {**{key: state.measured for key, state in saved.states.items()}, **self._measured}
        self._alerts = {**{undone.token: undone for undone in saved.undone}, **self._alerts}
        if self.waiting.disabled is None:
            hosts, enabled = saved.disabled_hosts, saved.enabled_hosts
            self._disabled = Disabled(saved.disabled_watches, saved.disabled_services, hosts, enabled)
        if self.waiting.scheduler is None:
            self._stopped_since = saved.stopped_since
        for history, lines in saved.histories.items():
            self._lines[history] = deque((*lines, *self._lines.get(history, ())), maxlen=LINES_KEPT)

    # What is in memory only

    def events(self, key: ServiceKey | None, since: float) -> dict[int, TimelineEvent]:
        """The events that are not on file yet, by their numbers, as ``Store.events`` has them."""
        return {
            number: event
            for batch in (self.writing, self.waiting)
            if batch is not None
            for number, event in batch.events.items()
            if _concerns(event, key) and max(event.at, event.until) >= since
        }

    def results(self, key: ServiceKey, since: float, until: float) -> dict[int, ResultRun]:
        """The runs of a service that the file has not, or not as they are now, by their numbers (``Store.results``)."""
        found = {
            number: run
            for batch in (self.writing, self.waiting)
            if batch is not None
            for number, (service, run) in batch.results.items()
            if service == key
        }
        if (numbered := self._runs.open_runs().get(key)) is not None:
            found[numbered.number] = numbered.run
        return {number: run for number, run in found.items() if run.last >= since and run.first <= until}

    def _keep_in_bounds(self) -> None:
        """Keep in memory what there is room for."""
        self.waiting.bound_results(self._limits.results_waiting + len(self._runs))
        if len(self.waiting.events) > self._limits.events_waiting:
            self.lost += self.waiting.bound_events(self._limits.events_waiting)


def _concerns(event: TimelineEvent, key: ServiceKey | None) -> bool:
    """Whether an event is of a service: its own, its watch's, or the whole daemon's. None: any event is meant."""
    if key is None or not event.group:
        return True
    return event.group == key.group and event.service in ("", key.service)
