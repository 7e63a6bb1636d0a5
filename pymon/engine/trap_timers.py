"""Traps of services: what one means, and the two timers that it keeps.

The daemon's own absence is not a missing trap: it waits as much longer for one as the event loop was held up since the
last one came, and a second more, in which the socket is read. Nor is a trap missing that was lost in a flood, or that
the kernel dropped: where any was lost meanwhile, the daemon waits once more as long.
"""

from __future__ import annotations

import logging

from pymon.core import events, traps
from pymon.engine.state_owner import StateOwner
from pymon.engine.timekeeping import Absences
from pymon.engine.timers import Timers
from pymon.model.change import ChangeCause
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.model.timer import Timer
from pymon.model.trap import Trap
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")


class TrapTimers:
    """Judges the traps of one site, and those that do not come."""

    def __init__(self, owner: StateOwner, timers: Timers, absences: Absences, record: Store) -> None:
        self._owner = owner
        self._timers = timers
        self._absences = absences
        self._record = record
        self._timed_out_at: dict[ServiceKey, float] = {}
        self._lost_at: float | None = None
        self._extended: set[ServiceKey] = set()

    def take(self, key: ServiceKey, taken: Trap) -> None:
        """Judge a trap, which is authentic and addressed to this service, and set off the timers that it starts."""
        owner, now = self._owner, self._owner.clock()
        service, before = owner.site.services[key], owner.states[key]
        verdict = events.trap(service, before, taken, now, owner.context)
        owner.commit(key, verdict.state, ChangeCause.TRAP, effects=verdict.effects, source=taken, at=now)
        self._extended.discard(key)
        self._timers.retime(Timer.TRAP_TIMEOUT, key)
        self._timers.retime(Timer.TRAP_EXPIRY, key)
        if owner.states[key].failure_interval_active != before.failure_interval_active:
            self._timers.follow_interval(key)

    def timeout_due(self, key: ServiceKey, planned: float) -> None:
        """The timer of a trap that has not come has fired."""
        owner, now = self._owner, self._owner.clock()
        service, state = owner.site.services[key], owner.states[key]
        armed = max(state.last_trap, owner.state.started, self._timed_out_at.get(key, 0.0))
        due = traps.timeout_due(service, armed)
        if due is None:
            return
        due += self._absences.within(now - armed)
        if now < due:
            self._timers.move(Timer.TRAP_TIMEOUT, key, due)
            return
        if self._is_perhaps_lost(key, armed):
            self._extended.add(key)
            self._timers.move(Timer.TRAP_TIMEOUT, key, now + (service.traptimeout or 0.0))
            event = operator_events.of_lost_trap(key, now, service.traptimeout or 0.0)
            log.warning("%s/%s: %s", *key, event.text)
            self._record.add(event)
            return
        self._timed_out_at[key] = planned
        verdict = events.trap_timeout(service, state, now, owner.context)
        owner.commit(key, verdict.state, ChangeCause.TRAP_TIMEOUT, effects=verdict.effects, at=now)

    def note_loss(self) -> None:
        """Traps were lost, nobody knows whose."""
        self._lost_at = self._owner.clock()

    def _is_perhaps_lost(self, key: ServiceKey, armed: float) -> bool:
        """Whether a trap may have been lost since the timer was set, and the wait was not extended for that yet."""
        if key in self._extended or self._owner.states[key].op_status is OpStatus.FAIL:
            return False
        return self._lost_at is not None and self._lost_at >= armed

    def expired(self, key: ServiceKey, _planned: float) -> None:
        """What a trap said is over, unless another one has come that has not been read yet."""
        owner, now = self._owner, self._owner.clock()
        self._timers.forget(key, Timer.TRAP_EXPIRY)
        if left := self._absences.reading_left:
            self._timers.fire_again(Timer.TRAP_EXPIRY, key, now + left)
            return
        verdict = events.trap_expired(owner.site.services[key], owner.states[key], now)
        owner.commit(key, verdict.state, ChangeCause.TRAP_EXPIRY, effects=verdict.effects, at=now)

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds."""
        self._timed_out_at = {key: at + seconds for key, at in self._timed_out_at.items()}
        if self._lost_at is not None:
            self._lost_at += seconds
