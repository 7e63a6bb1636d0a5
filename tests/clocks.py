"""Time that a test owns: a clock that it sets, and an event loop on which a day is over in a moment."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pymon.engine.clock import LOOK_EVERY, Clock
from pymon.runner.loop_delays import boottime

T = TypeVar("T")

BEGIN = 1_800_000_000.0
"""15 January 2027, 08:00:00 UTC: when virtual time begins"""


class SettableClock(Clock):
    """An engine's clock on a system whose clock tests set: ``put`` does what an operator, or ntpdate, does."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = boottime,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self.set_by = self.slept = 0.0
        super().__init__(lambda: wall() + self.set_by + self.slept, lambda: steady() + self.slept, look_every)

    def sleep(self, seconds: float) -> None:
        """Let the machine sleep for so long: all clocks but the event loop's go on."""
        self.slept += seconds

    def put(self, seconds: float) -> None:
        """Set the system's clock on by so many seconds (negative: back)."""
        self.set_by += seconds


class _Leaping(selectors.EpollSelector):
    """Waits for files only while somebody works for the loop (``at_work``); else time leaps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.at_work: set[asyncio.Future[Any]] = set()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As of a selector."""
        if timeout is None or timeout <= 0 or self.at_work:
            return super().select(timeout and 1.0)
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time goes by only when there is nothing to do.

    What threads do for it takes no time. Programs and other machines are not waited for: use plugins inside the daemon.
    """

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._leaping.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # of any types
        """As of an event loop."""
        working = super().run_in_executor(executor, func, *args)
        self._leaping.at_work.add(working)
        working.add_done_callback(self._leaping.at_work.discard)
        return working


def run_in_virtual_time(body: Callable[[SettableClock], Coroutine[Any, Any, T]]) -> T:
    """Run a test's body on a virtual loop; it is given the clock, which begins at BEGIN."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        return runner.run(body(SettableClock(lambda: BEGIN + loop.time(), loop.time, look_every=10.0)))
