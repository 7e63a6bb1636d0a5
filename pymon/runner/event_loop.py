"""The daemon's event loop: its clock stands still while it is held up, and it reads before it runs its timers.

A daemon that was stopped for a minute, or whose machine slept, finds all its time limits over, and asyncio lets them
run out before it reads what has come meanwhile. Here no time has passed for them: limits of checks and alerts, of
clients' connections, delays between attempts all have as long to go as they had. Everything in asyncio asks
``loop.time()``, and only that is different.

Where one hold-up follows another, almost without a turn in between, each further one counts as one second: on a
machine that is overloaded for good, limits still come to their end.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pymon.runner.limits import RunnerLimits


class _Selector(selectors.EpollSelector):
    """Waits for files; notes when that, or what the loop did in between, took too long.

    ``held_up`` is for how many seconds so far; ``on_hold_up`` is called when another hold-up is over.
    """

    def __init__(self, limits: RunnerLimits) -> None:
        super().__init__()
        self.held_up = 0.0
        self.on_hold_up: Callable[[], None] | None = None
        self._limits = limits
        self._returned: float | None = None
        self._turns = limits.reading_turns

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        self._judge(0.0 if self._returned is None else began - self._returned)
        found = super().select(timeout)
        self._returned = time.monotonic()
        if timeout is not None:
            self._judge(self._returned - began - max(timeout, 0.0))
        if not found and timeout != 0:
            # After a signal (SIGCONT) epoll tells nothing, whatever has come.
            found = super().select(0)
        self._turns += 1
        return found

    def _judge(self, late: float) -> None:
        if late >= self._limits.hold_up:
            is_close = self._turns < self._limits.reading_turns
            self.held_up += late - self._limits.close_hold_up if is_close else late
            self._turns = 0
            if self.on_hold_up is not None:
                self.on_hold_up()


class DaemonLoop(asyncio.SelectorEventLoop):
    """An event loop as described above."""

    def __init__(self, limits: RunnerLimits | None = None) -> None:
        self._watch = _Selector(limits or RunnerLimits())
        super().__init__(self._watch)

    def time(self) -> float:
        """Seconds of a clock that stands still while the loop is held up."""
        return super().time() - self._watch.held_up

    def on_hold_up(self, call: Callable[[], None] | None) -> None:
        """What to call the moment a hold-up is over, before anything else happens (None: nothing)."""
        self._watch.on_hold_up = call

    async def shutdown_default_executor(self) -> None:
        """As of the base class; where the system has no thread left for it, it does not wait."""
        try:
            await super().shutdown_default_executor()
        except RuntimeError:
            executor: ThreadPoolExecutor | None = getattr(self, "_default_executor", None)
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
