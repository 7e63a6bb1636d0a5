"""Time that a test owns: a clock that it sets, and an event loop on which a day is over in a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN = 1_800_000_000.0
"""15 January 2027, 08:00:00 UTC: when virtual time begins"""


class VirtualClock:
    """A ``Clock`` by ``elapsed()``; the system's clock begins at ``begin``, and tests set it."""

    def __init__(self, elapsed: Callable[[], float], begin: float = BEGIN) -> None:
        self._elapsed = elapsed
        self._begin = begin
        self.set_by = self.slept = 0.0

    def wall(self) -> float:
        """As of ``Clock``."""
        return self._begin + self.steady() + self.set_by

    def steady(self) -> float:
        """As of ``Clock``: the machine was started when its time began."""
        return self._elapsed() + self.slept

    def call_at(self, when: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        """As of ``Clock``."""
        return asyncio.get_running_loop().call_later(when - self.steady(), call)

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep for so long: all clocks but the event loop's go on."""
        self.slept += seconds

    def put(self, seconds: float) -> None:
        """Set the system's clock on by so many seconds (negative: back), as an operator or ntpdate does."""
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


def run_in_virtual_time(body: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run a test's body on a virtual loop; it is given the clock, which begins at BEGIN."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(body(VirtualClock(runner.get_loop().time)))
