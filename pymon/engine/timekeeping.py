"""What follows when somebody has set the system's clock, or the daemon was held up.

Neither is a failure of what is watched. When the clock was set, every instant that is kept moves with it; after a
hold-up (``pymon.runner.loop_delays``) what is due fires at once, and traps get the time that they had lost.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from pymon.engine.clock import ClockWatch, EngineClock
from pymon.engine.limits import EngineLimits
from pymon.model.duration import format_duration
from pymon.runner.loop_delays import HoldUps
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")


class Absences:
    """The hold-ups so far, by a clock that nobody can set."""

    def __init__(self, steady: Callable[[], float], limits: EngineLimits) -> None:
        self._steady = steady
        self._limits = limits
        self._ended: deque[tuple[float, float]] = deque(maxlen=limits.hold_ups_remembered)

    def note(self, seconds: float) -> None:
        """One has just ended."""
        self._ended.append((self._steady(), seconds))

    def within(self, age: float) -> float:
        """Seconds by which pymon waits longer for a trap that it has expected for ``age`` seconds."""
        since, reading = self._steady() - age, self._limits.hold_up_reading
        missed = (seconds + reading for ended, seconds in self._ended if ended > since)
        return sum(islice(missed, self._limits.hold_ups_per_trap))

    @property
    def reading_left(self) -> float:
        """Seconds for which the traps that came in the last hold-up are still being read; 0 if they are."""
        return max(self._ended[-1][0] + self._limits.hold_up_reading - self._steady(), 0.0) if self._ended else 0.0


class KeepsInstants(Protocol):
    """What keeps instants, and does things at them."""

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: move all of them."""

    def wake(self) -> None:
        """Time went on while the event loop did not: do what is due."""


class Timekeeping:
    """Keeps a site's times right, between ``start`` and ``stop``."""

    def __init__(
        self, kept: KeepsInstants, clock: EngineClock, holdups: HoldUps, record: Store, limits: EngineLimits
    ) -> None:
        self._kept = kept
        self._clock = clock
        self._holdups = holdups
        self._record = record
        self._watch = ClockWatch(clock, self._on_step, limits.clock_compared_every)
        self._quiet = limits.hold_up_quiet
        self._quiet_until = 0.0
        self._end_observing: Callable[[], None] = _do_nothing
        self.absences = Absences(clock.steady, limits)

    def start(self) -> None:
        """Begin."""
        self._end_observing = self._holdups.observe(self._on_hold_up)
        self._watch.start()

    def stop(self) -> None:
        """End."""
        self._watch.stop()
        self._end_observing()

    def _on_step(self, seconds: float) -> None:
        self._kept.translate(seconds)
        event = operator_events.of_clock_set(self._clock.now(), seconds)
        log.warning("%s", event.text)
        self._record.add(event)

    def _on_hold_up(self, seconds: float) -> None:
        self.absences.note(seconds)
        self._watch.compare()
        self._kept.wake()
        if self._clock.steady() >= self._quiet_until:
            self._quiet_until = self._clock.steady() + self._quiet
            event = operator_events.of_hold_up(self._clock.now(), seconds)
            log.warning("%s", event.text)
            self._record.add(event)
        else:
            log.info("pymon was held up again, for %s", format_duration(round(seconds, 1)))


def _do_nothing() -> None:
    """Nothing is observed yet."""
