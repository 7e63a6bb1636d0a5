"""The one clock of the engine: seconds since the epoch that nobody can set while it is being looked at.

``now`` is the system's clock as it was at the last look, plus what has passed since then by CLOCK_BOOTTIME, which
nobody sets, and which goes on while the machine sleeps. So the difference of two of its instants is a duration, as
long as ``look`` found no step between them. ``look`` finds one when the system's clock was set: ``now`` then goes over
to the new time at once, and whoever looks (``pymon.engine.timekeeping``) moves every instant that is kept by the same
number of seconds. So durations stay what they are, and no rule needs to know of it.

A clock that is slewed (ntpd, chronyd: less than a tenth of a second in each) is followed without a word.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pymon.runner.loop_delays import boottime

LOOK_EVERY = 1.0
"""seconds between two looks at the system's clock"""
STEP = 0.5
"""seconds between the two clocks from which on the system's counts as set, and not as slewed"""
SLEW = 0.1
"""seconds that are followed at one look without a word: more than any time daemon slews in a second"""


class Clock:
    """``wall`` is the clock that can be set, ``steady`` the one that cannot; both are functions, in seconds.

    ``look_every``: seconds between two looks at the first.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = boottime,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self.wall = wall
        self.steady = steady
        self.look_every = look_every
        self._anchor = wall() - steady()

    def now(self) -> float:
        """Seconds since the epoch; goes over to the time that the system's clock was set to only by ``look``."""
        return self._anchor + self.steady()

    def look(self) -> float:
        """Compare the two clocks; the seconds by which ``now`` has just gone forward (or back) by a step, else 0."""
        apart = self.wall() - self.now()
        if abs(apart) >= STEP:
            self._anchor += apart
            return apart
        self._anchor += min(max(apart, -SLEW), SLEW)
        return 0.0


class ClockWatch:
    """Looks at the clock again and again, on the event loop, and tells of each step."""

    def __init__(self, clock: Clock, stepped: Callable[[float], None]) -> None:
        """``stepped`` is given the seconds by which ``now`` has just gone forward, or (negative) back."""
        self._clock = clock
        self._stepped = stepped
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look now, and go on looking."""
        self.look()
        self._timer = asyncio.get_running_loop().call_later(self._clock.look_every, self.start)

    def look(self) -> None:
        """Look out of turn."""
        step = self._clock.look()
        if step:
            self._stepped(step)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
