"""The engine's time: seconds since the epoch whose differences are durations, as long as no step is reported.

``now`` is the system's clock as it was at the last comparison, plus what has passed since then by a clock that nobody
can set and that goes on while the machine sleeps. ``catch_up`` compares the two. When somebody has set the system's
clock, ``now`` goes over to the new time at once, and the caller (``pymon.engine.timekeeping``) moves every instant that
is kept by the same number of seconds. So durations stay what they are, and no rule needs to know of it.

A clock that is slewed (ntpd, chronyd: less than a tenth of a second in each) is followed without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pymon.clock import Clock
from pymon.engine.limits import EngineLimits


class EngineClock:
    """The time of one engine, by a ``Clock``; it is one itself."""

    def __init__(self, clock: Clock, limits: EngineLimits | None = None) -> None:
        self.wall = clock.wall
        self.steady = clock.steady
        self.call_at = clock.call_at
        self._limits = limits or EngineLimits()
        self._anchor = self.wall() - self.steady()

    def now(self) -> float:
        """Seconds since the epoch; only ``catch_up`` makes it jump to the time that the system's clock was set to."""
        return self._anchor + self.steady()

    def catch_up(self) -> float:
        """Compare the two clocks; the seconds by which ``now`` has just gone forward (or back) by a step, else 0."""
        apart, slew = self.wall() - self.now(), self._limits.clock_slew
        if abs(apart) >= self._limits.clock_step:
            self._anchor += apart
            return apart
        self._anchor += min(max(apart, -slew), slew)
        return 0.0


class ClockWatch:
    """Compares the clocks again and again, on the event loop, and reports each step."""

    def __init__(self, clock: EngineClock, on_step: Callable[[float], None], every: float) -> None:
        """``on_step`` is given the seconds by which ``now`` has just gone forward, or (negative) back.

        ``every``: seconds between two comparisons.
        """
        self._clock = clock
        self._on_step = on_step
        self._every = every
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Compare now, and go on doing so."""
        self.compare()
        self._timer = self._clock.call_at(self._clock.steady() + self._every, self.start)

    def compare(self) -> None:
        """Compare out of turn."""
        step = self._clock.catch_up()
        if step:
            self._on_step(step)

    def stop(self) -> None:
        """Compare no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
