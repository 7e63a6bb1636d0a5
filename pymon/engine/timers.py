"""The timers of services: when each is checked, when its trap is overdue, when what a trap said is over.

While the scheduler is stopped their time stands still, and each has as long to go afterwards as it had then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from pymon.engine.schedule import Following, Schedule
from pymon.model.depend import ServiceKey


class Timer(StrEnum):
    """The kinds of timer that a service can have."""

    CHECK = "check"
    TRAP_TIMEOUT = "trap"
    TRAP_EXPIRY = "expiry"


Due = Callable[[ServiceKey, float], None]
"""called with the service and the instant that was planned"""


class Timers:
    """At most one timer of each kind for each service. Instants are seconds since the epoch."""

    def __init__(self, due: Mapping[Timer, Due], clock: Callable[[], float] = time.time) -> None:
        """``due`` tells what each kind sets off."""
        self._due = due
        self._clock = clock
        self._schedule = Schedule(self._fired)
        self._services: dict[str, tuple[Timer, ServiceKey]] = {}

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

    def now(self) -> float:
        """The instant that timers are to be set from: now, or when the scheduler was stopped."""
        return self._clock() - self._schedule.paused_for

    def set(self, kind: Timer, key: ServiceKey, when: float, following: Following) -> None:
        """Let a timer fire at ``when`` and then as ``following`` says, in place of what it had to do."""
        name = _name(kind, key)
        self._services[name] = (kind, key)
        self._schedule.at(name, when, following)

    def move(self, kind: Timer, key: ServiceKey, when: float) -> None:
        """Let a timer fire next at ``when``; no effect if there is none."""
        self._schedule.move(_name(kind, key), when)

    def forget(self, key: ServiceKey, *kinds: Timer) -> None:
        """End the timers of a service: those given, or all."""
        for kind in kinds or Timer:
            name = _name(kind, key)
            if self._services.pop(name, None) is not None:
                self._schedule.remove(name)

    def next_time(self, kind: Timer, key: ServiceKey) -> float | None:
        """When a timer fires next, if the scheduler goes on now; None if there is none."""
        when = self._schedule.next_time(_name(kind, key))
        return None if when is None else when + self._schedule.paused_for

    def _fired(self, name: str, planned: float) -> None:
        if (found := self._services.get(name)) is not None:
            kind, key = found
            self._due[kind](key, planned)


def _name(kind: Timer, key: ServiceKey) -> str:
    return f"{kind} {key.group} {key.service}"
