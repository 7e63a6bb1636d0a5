"""Makes the answers to many clients take turns with the checks, so that no check waits for them.

One slice of work is done in a turn of the event loop, whoever it is for: whoever enters a Pace waits until those who
came before had their slice, and then for the next turn. What is due in between runs first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

SLICE = 0.002
"""seconds that one slice of an answer may take to make"""
CHUNK = 32 * 1024
"""bytes of an answer that one slice makes at most, but for one line that is longer"""


class Pace:
    """A turnstile: ``async with pace:`` around a slice of work that does not await anything."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            await asyncio.sleep(0)
        except BaseException:
            self._lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


def take_slice(lines: Iterator[bytes]) -> tuple[bytes, bool]:
    """Join the next lines of an answer, as many as a slice has room and time for; True if that was all."""
    end = time.monotonic() + SLICE
    made: list[bytes] = []
    size = 0
    for line in lines:
        made.append(line)
        size += len(line)
        if size >= CHUNK or time.monotonic() >= end:
            return b"".join(made), False
    return b"".join(made), True
