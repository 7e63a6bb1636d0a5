"""The daemon's event loop: its clock stands still while it is held up, and it reads before it looks at its timers.

A daemon that was stopped for a minute, or whose machine slept, finds all its time limits over, and asyncio lets them
run out before it reads what has come meanwhile. Here no time has passed for them: limits of checks and alerts, of
clients' connections, delays between attempts all have as long to go as they had. Everything in asyncio asks
``loop.time()``, which is the one thing that is different.

Where one hold-up follows another, almost without a turn in between, each further one counts as one second: on a
machine that is overloaded for good, limits still come to their end.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pymon.runner.loop_delays import LIMIT, TURNS

_COUNTS = 1.0
"""seconds of the loop's clock that a hold-up counts as which follows another one closely"""


class _Selector(selectors.EpollSelector):
    """Waits for files; notes when that, or what the loop did in between, took too long."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0.0
        self.late: Callable[[], None] | None = None
        self._returned: float | None = None
        self._turns = TURNS

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        self._look(0.0 if self._returned is None else began - self._returned)
        found = super().select(timeout)
        self._returned = time.monotonic()
        if timeout is not None:
            self._look(self._returned - began - max(timeout, 0.0))
        if not found and timeout != 0:
            # After a signal (SIGCONT) epoll tells nothing, whatever has come.
            found = super().select(0)
        self._turns += 1
        return found

    def _look(self, late: float) -> None:
        if late >= LIMIT:
            self.away += late if self._turns >= TURNS else late - _COUNTS
            self._turns = 0
            if self.late is not None:
                self.late()


class DaemonLoop(asyncio.SelectorEventLoop):
    """An event loop as described above."""

    def __init__(self) -> None:
        self._watch = _Selector()
        super().__init__(self._watch)

    def time(self) -> float:
        """Seconds of a clock that stands still while the loop is held up."""
        return super().time() - self._watch.away

    def on_late(self, call: Callable[[], None] | None) -> None:
        """What to call the moment a hold-up is over, before anything else happens (None: nothing)."""
        self._watch.late = call

    async def shutdown_default_executor(self) -> None:
        """As of the base class; where the system has no thread left to wait in, nobody waits."""
        try:
            await super().shutdown_default_executor()
        except RuntimeError:
            executor: ThreadPoolExecutor | None = getattr(self, "_default_executor", None)
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
