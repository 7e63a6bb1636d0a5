"""What is not on file yet. Everything in it is coalesced: only the latest of each thing is ever written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from pymon.model.delivery import PendingDelivery
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.result_run import ResultRun
from pymon.model.state import ServiceState
from pymon.store.moment import NEVER, Moment

K = TypeVar("K")
V = TypeVar("V")

LINES_KEPT = 10_000
"""lines of each history that are kept"""


@dataclass(frozen=True, slots=True)
class Disabled:
    """What clients have disabled; ``enabled_hosts`` are those they enabled though mon.cf has them disabled."""

    watches: frozenset[str] = frozenset()
    services: frozenset[ServiceKey] = frozenset()
    hosts: frozenset[str] = frozenset()
    enabled_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Saved:
    """What an earlier daemon left on file; all empty if there was nothing, or nothing that can be used.

    ``stopped_since`` is None while the scheduler ran. ``undone`` are the alerts it had not finished, oldest first.
    ``last_write`` is when it wrote last (seconds since the epoch, 0: never). ``written`` is the same moment by
    the clock that nobody can set, too. ``notes`` say what could not be taken
    up; they are in the log already. ``histories`` are the lines of each history, oldest first. ``forgotten`` are states
    that owe something (R-debts), and that are not taken up because the site wants nothing to be.
    """

    states: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)
    disabled_watches: frozenset[str] = frozenset()
    disabled_services: frozenset[ServiceKey] = frozenset()
    disabled_hosts: frozenset[str] = frozenset()
    enabled_hosts: frozenset[str] = frozenset()
    stopped_since: float | None = None
    undone: tuple[PendingDelivery, ...] = ()
    last_write: float = 0.0
    written: Moment = field(default=NEVER, compare=False)
    notes: tuple[str, ...] = ()
    histories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forgotten: Mapping[ServiceKey, ServiceState] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """Changes since the last write.

    ``states`` and ``alerts`` map to None what is to be removed. ``events`` are by their numbers, the oldest first.
    ``disabled`` and ``scheduler`` (a tuple of one value: since when it is stopped, or None) are None if unchanged.
    ``lines`` are those that a history has more, each with the history's name. ``measured`` maps services to the states
    whose measurements are to be kept. ``results`` are runs of results by their numbers, with their service.
    ``moment`` is when it was handed over, if that is known.
    ``is_all``: this is everything there is, and replaces what the file holds (but for its events).
    """

    states: dict[ServiceKey, ServiceState | None] = field(default_factory=dict)
    events: dict[int, TimelineEvent] = field(default_factory=dict)
    alerts: dict[str, PendingDelivery | None] = field(default_factory=dict)
    disabled: Disabled | None = None
    scheduler: tuple[float | None] | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)
    measured: dict[ServiceKey, ServiceState] = field(default_factory=dict)
    results: dict[int, tuple[ServiceKey, ResultRun]] = field(default_factory=dict)
    is_all: bool = False
    moment: Moment | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.states or self.lines or self.measured or self.results) or self.is_urgent

    @property
    def is_urgent(self) -> bool:
        """Whether there is more than states, results and history, which can wait."""
        has_settings = self.disabled is not None or self.scheduler is not None
        return bool(self.events or self.alerts or has_settings or self.is_all)

    def take(self, limit: int) -> Batch:
        """Take out what is urgent, with the states of the services that it is about, and ``limit`` more of the rest.

        What is left is not urgent. So what somebody waits for does not wait for thousands of states.
        """
        keys = {ServiceKey(event.group, event.service): None for event in self.events.values()}
        keys |= {ServiceKey(each.pending.group, each.pending.service): None for each in self.alerts.values() if each}
        taken = Batch(
            states=_take(self.states, limit, keys),
            events=self.events,
            alerts=self.alerts,
            disabled=self.disabled,
            scheduler=self.scheduler,
            lines=self.lines,
            measured=_take(self.measured, limit),
            results=_take(self.results, limit),
        )
        self.events, self.alerts, self.lines = {}, {}, []
        self.disabled = self.scheduler = None
        return taken

    def take_back(self, older: Batch) -> None:
        """Put a batch that could not be written below this one: what is newer stays."""
        self.states = {**older.states, **self.states}
        self.measured = {**older.measured, **self.measured}
        self.events = {**older.events, **self.events}
        self.results = {**older.results, **self.results}
        self.alerts = {**older.alerts, **self.alerts}
        self.lines = [*older.lines, *self.lines][-LINES_KEPT:]
        self.disabled = self.disabled or older.disabled
        self.scheduler = self.scheduler or older.scheduler
        self.is_all = self.is_all or older.is_all

    def bound_results(self, limit: int) -> None:
        """Drop the oldest runs of results beyond ``limit``."""
        if len(self.results) > limit:
            for number in list(self.results)[: len(self.results) - limit]:
                del self.results[number]

    def bound_events(self, limit: int) -> int:
        """Drop the oldest events beyond ``limit``; how many."""
        excess = max(len(self.events) - limit, 0)
        for number in list(self.events)[:excess]:
            del self.events[number]
        return excess


def _take(rows: dict[K, V], limit: int, first: Iterable[K] = ()) -> dict[K, V]:
    """Take rows out of a dictionary: those that come ``first``, and ``limit`` others, the oldest."""
    wanted = [key for key in first if key in rows]
    taken = {key: rows.pop(key) for key in wanted}
    return taken | {key: rows.pop(key) for key in list(islice(rows, limit))}
