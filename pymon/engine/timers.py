"""The timers of services: when each is checked, when its trap is overdue, when what a trap said is over.

While the scheduler is stopped their time stands still, and each has as long to go afterwards as it had then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from pymon.core import timing, traps
from pymon.engine.clock import EngineClock
from pymon.engine.schedule import Following, Schedule
from pymon.model.depend import ServiceKey
from pymon.model.service import Service
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.timer import Timer

Due = Callable[[ServiceKey, float], None]
"""called with the service and the instant that was planned"""
Lookup = Callable[[ServiceKey], tuple[Service, ServiceState] | None]
"""a service and its state as they are now; None if it is not watched any more"""


class Timers:
    """At most one timer of each kind for each service. Instants are seconds since the epoch."""

    def __init__(
        self,
        due: Mapping[Timer, Due],
        lookup: Lookup,
        clock: EngineClock,
        *,
        slack: float = 0.0,
        rng: random.Random | None = None,
        before_firing: Callable[[], None] | None = None,
    ) -> None:
        """``due`` is what each kind sets off; ``rng`` spreads first checks (randstart) and skews others.

        ``slack``: seconds that a timer may be late. ``before_firing`` is called each time before the timers that are
        due fire, and may move them.
        """
        self._due = due
        self._lookup = lookup
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._schedule = Schedule(self._fire, clock, planned=self._plan, slack=slack, before_firing=before_firing)
        self._services: dict[str, tuple[Timer, ServiceKey]] = {}
        self._checks: dict[ServiceKey, float] = {}

    def start(self, *, stopped: bool) -> None:
        """Begin to fire, or with ``stopped`` to wait for ``resume``."""
        self._schedule.start(paused=stopped)

    def pause(self) -> None:
        """Let the time of all timers stand still."""
        self._schedule.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._schedule.resume()

    def close(self) -> None:
        """End all timers for good."""
        self._schedule.stop()
        self._services.clear()  # a timer may have fired already, and wait for its turn of the loop

    def next_time(self, kind: Timer, key: ServiceKey) -> float | None:
        """When a timer fires next, if the scheduler goes on now; None if there is none."""
        when = self._schedule.next_time(_name(kind, key))
        return None if when is None else when + self._schedule.paused_for

    def checks_due(self) -> tuple[dict[ServiceKey, float], float]:
        """When each service is checked next, and by how many seconds all are put off while the scheduler is stopped."""
        return self._checks.copy(), self._schedule.paused_for

    # Setting them

    def arm(self, keys: Iterable[ServiceKey], randstart: float | None) -> None:
        """Set all timers of services; their first checks are spread over their intervals."""
        now, wanted = self._now(), list(keys)
        for index, key in enumerate(wanted):
            self.forget(key)
            if (found := self._lookup(key)) is None:
                continue
            service, state = found
            first = timing.first_run(index, len(wanted), service, now, randstart, self._rng)
            if first is not None:
                if state.failure_interval_active and service.failure_interval is not None:
                    first = min(first, now + service.failure_interval)
                self._set(Timer.CHECK, key, first, partial(self._next_check, key))
            self.retime(Timer.TRAP_TIMEOUT, key)
            expiry = traps.expiry_due(service, state)
            if expiry is not None and (expiry > now or _is_overdue(state, expiry)):
                self._set(Timer.TRAP_EXPIRY, key, max(expiry, now), _never)

    def retime(self, kind: Timer, key: ServiceKey) -> None:
        """Set a timer as the declaration of its service says, beginning now."""
        self.forget(key, kind)
        if (found := self._lookup(key)) is None:
            return
        (service, state), now = found, self._now()
        match kind:
            case Timer.CHECK:
                interval = timing.interval_in_force(service, state)
                if interval is not None:
                    self._set(kind, key, now + interval, partial(self._next_check, key))
            case Timer.TRAP_TIMEOUT:
                if service.traptimeout is not None:
                    self._set(kind, key, now + service.traptimeout, partial(self._next_trap_timeout, key))
            case Timer.TRAP_EXPIRY:
                if service.trapduration is not None:
                    self._set(kind, key, now + service.trapduration, _never)

    def put_off(self, kind: Timer, key: ServiceKey, seconds: float) -> None:
        """Let a timer fire in so many seconds; no effect if there is none."""
        self.move(kind, key, self._now() + seconds)

    def move(self, kind: Timer, key: ServiceKey, when: float) -> None:
        """Let a timer fire next at ``when``; no effect if there is none."""
        self._schedule.move(_name(kind, key), when)

    def clear(self, key: ServiceKey) -> None:
        """Begin again with each timer that a service has."""
        for kind in Timer:
            if self.next_time(kind, key) is not None:
                self.retime(kind, key)

    def follow_interval(self, key: ServiceKey, started: float | None = None, ended: float | None = None) -> None:
        """Go over to the interval in force now, reckoned from the start of the check that switched it (None: now)."""
        found = self._lookup(key)
        if found is not None and found[0].interval is not None:
            now = self._now()
            begun, over = now if started is None else started, now if ended is None else ended
            self.move(Timer.CHECK, key, timing.next_run(*found, begun, begun, over, self._rng))

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: each timer has as long to go as before."""
        self._schedule.translate(seconds)

    def fire_again(self, kind: Timer, key: ServiceKey, when: float) -> None:
        """Let a timer that has fired for good fire once more, at ``when``."""
        self._set(kind, key, when, _never)

    def wake(self) -> None:
        """Fire what is due: time has gone on, but the event loop's own clock has not."""
        self._schedule.wake()

    def forget(self, key: ServiceKey, *kinds: Timer) -> None:
        """End the timers of a service: those given, or all."""
        for kind in kinds or Timer:
            name = _name(kind, key)
            if name in self._services:
                self._schedule.remove(name)
                del self._services[name]

    def _set(self, kind: Timer, key: ServiceKey, when: float, following: Following) -> None:
        name = _name(kind, key)
        self._services[name] = (kind, key)
        self._schedule.at(name, when, following)

    def _now(self) -> float:
        """The instant that timers are set from: now, or when the scheduler was stopped."""
        return self._clock.now() - self._schedule.paused_for

    def _plan(self, name: str, when: float | None) -> None:
        """Take note of when a timer fires next; None: not any more."""
        kind, key = self._services[name]
        if kind is not Timer.CHECK:
            return
        if when is None:
            self._checks.pop(key, None)
        else:
            self._checks[key] = when

    # Firing

    def _fire(self, name: str, planned: float) -> None:
        if (found := self._services.get(name)) is not None:
            kind, key = found
            self._due[kind](key, planned)

    def _next_check(self, key: ServiceKey, planned: float, now: float) -> float | None:
        found = self._lookup(key)
        if found is None or found[0].interval is None:
            return None
        return timing.next_run(*found, planned, now, now, self._rng)

    def _next_trap_timeout(self, key: ServiceKey, planned: float, now: float) -> float | None:
        found = self._lookup(key)
        if found is None or (timeout := found[0].traptimeout) is None:
            return None
        return timing.retry_run(planned, timeout, now)


def _name(kind: Timer, key: ServiceKey) -> str:
    return f"{kind} {key.group} {key.service}"


def _is_overdue(state: ServiceState, expiry: float) -> bool:
    """Whether the time of a trap's failure was over while no daemon ran."""
    return state.op_status is OpStatus.FAIL and state.last_failure <= expiry


def _never(_planned: float, _now: float) -> None:
    """A timer that fires once."""
