"""What follows when time itself is in question: somebody set the system's clock, or the daemon was not there.

Neither is anybody's failure. When the clock was set, every instant that is kept moves with it; after a hold-up
(``pymon.runner.loop_delays``) it is looked at once what is due, and traps get the time that they had lost.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Protocol

from pymon.engine.clock import Clock, ClockWatch
from pymon.model.duration import format_duration
from pymon.runner.loop_delays import HoldUps
from pymon.store.store import Store
from pymon.timeline import operator_events

log = logging.getLogger("pymon.engine")

QUIET = 60.0
"""seconds after a hold-up was told of in which further ones are not"""
COUNTED = 10
"""hold-ups for which one trap is waited longer: on a machine that is overloaded for good it is missed all the same"""
READING = 1.0
"""seconds, after a hold-up, in which the traps that came meanwhile are read"""
_KEPT = 1000


class Absences:
    """The hold-ups so far, by a clock that nobody can set."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._ended: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def note(self, seconds: float) -> None:
        """One has just ended."""
        self._ended.append((self._steady(), seconds))

    def within(self, age: float) -> float:
        """Seconds by which a trap is waited longer that has been expected for ``age`` seconds."""
        since = self._steady() - age
        missed = (seconds + READING for ended, seconds in self._ended if ended > since)
        return sum(islice(missed, COUNTED))

    @property
    def reading_left(self) -> float:
        """Seconds for which the traps that came in the last hold-up are still being read; 0 if they are."""
        return max(self._ended[-1][0] + READING - self._steady(), 0.0) if self._ended else 0.0


class Kept(Protocol):
    """What keeps instants."""

    def translate(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: move all of them."""

    def wake(self) -> None:
        """Time went on while the event loop did not: look what is due."""


class Timekeeping:
    """Keeps a site's times right, between ``start`` and ``stop``."""

    def __init__(self, kept: Kept, clock: Clock, holdups: HoldUps, record: Store) -> None:
        self._kept = kept
        self._clock = clock
        self._holdups = holdups
        self._record = record
        self._watch = ClockWatch(clock, self._stepped)
        self._quiet_until = 0.0
        self.absences = Absences(clock.steady)

    def start(self) -> None:
        """Begin to look."""
        self._holdups.observers.append(self._held_up)
        self._watch.start()

    def stop(self) -> None:
        """Look no more."""
        self._watch.stop()
        if self._held_up in self._holdups.observers:
            self._holdups.observers.remove(self._held_up)

    def _stepped(self, seconds: float) -> None:
        self._kept.translate(seconds)
        event = operator_events.of_clock_set(self._clock.now(), seconds)
        log.warning("%s", event.text)
        self._record.add(event)

    def _held_up(self, seconds: float) -> None:
        self.absences.note(seconds)
        self._watch.look()
        self._kept.wake()
        if self._clock.steady() >= self._quiet_until:
            self._quiet_until = self._clock.steady() + QUIET
            event = operator_events.of_hold_up(self._clock.now(), seconds)
            log.warning("%s", event.text)
            self._record.add(event)
        else:
            log.info("pymon was held up again, for %s", format_duration(round(seconds, 1)))
