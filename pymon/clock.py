"""The one clock: what tells the time to the engine, the runner, the alerts and the store, so that tests can own it.

There are three times, and each has its use:

    wall      the system's clock. It can be set, so it is for showing, for periods and for files; never for durations
    steady    CLOCK_BOOTTIME. Nobody sets it, and it goes on while the machine sleeps: durations are differences of it
    awake     the event loop's own time. It stands still while the daemon is held up (``pymon.runner.event_loop``), so
              that time limits have as long to go afterwards as they had; ``asyncio.wait`` and its like use it

The first two are handed in as a ``Clock``. The third comes with the event loop: who makes the loop owns it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and calls at a time. All instants and durations are in seconds."""

    def wall(self) -> float:
        """The system's clock: seconds since the epoch. It jumps when somebody sets it."""

    def steady(self) -> float:
        """Seconds since the machine was started, those in which it slept included: its differences are durations."""

    def call_at(self, when: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        """Call from the running event loop when ``steady`` says ``when``.

        After a hold-up the call comes later by as long as that was, unless somebody looks what is due.
        """


class SystemClock:
    """The machine's own clock."""

    def wall(self) -> float:
        """As of ``Clock``."""
        return time.time()

    def steady(self) -> float:
        """As of ``Clock``."""
        return boottime()

    def call_at(self, when: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        """As of ``Clock``."""
        return asyncio.get_running_loop().call_later(when - self.steady(), call)


def boottime() -> float:
    """Seconds since the machine was started, those in which it slept included (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def awake() -> float:
    """Seconds of the running event loop's own time, which stands still while the loop is held up."""
    return asyncio.get_running_loop().time()
