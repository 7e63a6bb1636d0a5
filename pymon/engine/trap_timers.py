"""Traps of services: what one means, and the two timers that it keeps.

The daemon's own absence is not a missing trap: one is waited for as much longer as the event loop was held up since
the last one came, and a second more, in which the socket is read. Nor is one that was lost in a flood, or that the
kernel dropped: where any was lost while one was waited for, it is waited for once more as long.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from pymon.core import events, traps
from pymon.core.context import Surroundings
from pymon.engine.timekeeping import Absences
from pymon.engine.timers import Timer, Timers
from pymon.model.depend import ServiceKey
from pymon.model.effect import Verdict
from pymon.model.result import CheckResult
from pymon.model.site import Site
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")


class Watched(Protocol):
    """What of the watcher is needed here."""

    site: Site
    started: float
    timers: Timers
    around: Surroundings

    @property
    def states(self) -> Mapping[ServiceKey, ServiceState]:
        """Those of all services."""

    def clock(self) -> float:
        """Seconds since the epoch."""

    def apply(
        self, key: ServiceKey, verdict: Verdict, result: CheckResult | None = None, cause: Trap | None = None
    ) -> None:
        """Do what was decided."""


class TrapWatch:
    """Of one watcher."""

    def __init__(self, watched: Watched, absences: Absences, record: Store) -> None:
        self._watched = watched
        self._absences = absences
        self._record = record
        self._missed: dict[ServiceKey, float] = {}
        self._lost_at: float | None = None
        self._put_off: set[ServiceKey] = set()

    def take(self, key: ServiceKey, taken: Trap) -> None:
        """Judge a trap, which is authentic and addressed to this service, and set off the timers that it starts."""
        watched, now = self._watched, self._watched.clock()
        service, before = watched.site.services[key], watched.states[key]
        watched.apply(key, events.trap(service, before, taken, now, watched.around), cause=taken)
        self._put_off.discard(key)
        watched.timers.retime(Timer.TRAP_TIMEOUT, key)
        watched.timers.retime(Timer.TRAP_EXPIRY, key)
        if watched.states[key].failure_interval_active != before.failure_interval_active:
            watched.timers.follow_interval(key)

    def timeout_due(self, key: ServiceKey, planned: float) -> None:
        """The timer of a trap that has not come has fired."""
        watched, now = self._watched, self._watched.clock()
        service, state = watched.site.services[key], watched.states[key]
        armed = max(state.last_trap, watched.started, self._missed.get(key, 0.0))
        due = traps.timeout_due(service, armed)
        if due is None:
            return
        due += self._absences.within(now - armed)
        if now < due:
            watched.timers.move(Timer.TRAP_TIMEOUT, key, due)
            return
        if self._is_perhaps_lost(key, armed):
            self._put_off.add(key)
            watched.timers.move(Timer.TRAP_TIMEOUT, key, now + (service.traptimeout or 0.0))
            event = operator_events.of_lost_trap(key, now, service.traptimeout or 0.0)
            log.warning("%s/%s: %s", *key, event.text)
            self._record.add(event)
            return
        self._missed[key] = planned
        watched.apply(key, events.trap_timeout(service, state, now, watched.around))

    def note_loss(self) -> None:
        """Traps were lost, nobody knows whose."""
        self._lost_at = self._watched.clock()

    def _is_perhaps_lost(self, key: ServiceKey, armed: float) -> bool:
        """Whether a trap may have been lost since the timer was set, and it was not put off for that yet."""
        if key in self._put_off or self._watched.states[key].op_status is OpStatus.FAIL:
            return False
        return self._lost_at is not None and self._lost_at >= armed

    def expired(self, key: ServiceKey, _planned: float) -> None:
        """What a trap said is over, unless another one has come that has not been read yet."""
        watched, now = self._watched, self._watched.clock()
        watched.timers.forget(key, Timer.TRAP_EXPIRY)
        if left := self._absences.reading_left:
            watched.timers.fire_again(Timer.TRAP_EXPIRY, key, now + left)
            return
        watched.apply(key, events.trap_expired(watched.site.services[key], watched.states[key], now))

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds."""
        self._missed = {key: at + seconds for key, at in self._missed.items()}
        if self._lost_at is not None:
            self._lost_at += seconds
