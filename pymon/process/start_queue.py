"""Programs start one after the other, and the event loop does everything else between two starts.

The loop stands still for a millisecond or two while a program starts, and each new program wants the processor. A
thousand alerts in one instant would hold up every check. So at most one program starts in each turn of the loop, and
only while fewer than YOUNG_LIMIT programs are young: an age of YOUNG seconds, or the end of the program, makes room
for the next. Checks and alerts take turns, each of them in the order in which they asked, so that neither waits for
all of the others.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from pymon.clock import awake

YOUNG = 0.025
"""seconds after its start in which a program counts as busy with starting"""

YOUNG_LIMIT = 8 * (os.cpu_count() or 1)
"""programs that may be young at the same time: enough for every processor to have work"""

STARTED_FOR: ContextVar[str] = ContextVar("pymon_started_for", default="check")
"""what the programs of this task are for, ``check`` or ``alert``: these two take turns"""


class StartQueue:
    """Whose turn it is to start a program, on one event loop."""

    def __init__(self, *, young: float = YOUNG, young_limit: int = YOUNG_LIMIT) -> None:
        """``young`` is in seconds."""
        self._young_for = young
        self._young_limit = young_limit
        self._young = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._planned: asyncio.Handle | None = None

    @asynccontextmanager
    async def wait_turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Start one program inside, before anything is awaited, and stay inside until it has ended."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(STARTED_FOR.get(), deque()).append(mine)
        self._plan(loop)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._make_room(loop)
            raise
        grown_up = loop.call_later(self._young_for, self._make_room, loop)
        try:
            yield
        finally:
            if grown_up.when() > awake():
                grown_up.cancel()
                self._make_room(loop)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give a turn in the next turn of the loop, if somebody waits and there is room."""
        if self._planned is None and self._waiting and self._young < self._young_limit:
            self._planned = loop.call_soon(self._give_turn, loop)

    def _give_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._planned = None
        while self._waiting:
            purpose, waiting = next(iter(self._waiting.items()))
            del self._waiting[purpose]
            first = waiting.popleft()
            if waiting:
                self._waiting[purpose] = waiting  # behind the others
            if not first.done():  # else it was cancelled
                first.set_result(None)
                self._young += 1
                break
        self._plan(loop)

    def _make_room(self, loop: asyncio.AbstractEventLoop) -> None:
        self._young -= 1
        self._plan(loop)


def start_queue() -> StartQueue:
    """Return the queue of the running event loop."""
    loop = asyncio.get_running_loop()
    known = _QUEUES.get(loop)
    if known is None:
        known = _QUEUES[loop] = StartQueue()
    return known


_QUEUES: WeakKeyDictionary[asyncio.AbstractEventLoop, StartQueue] = WeakKeyDictionary()
