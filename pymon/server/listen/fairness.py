"""Makes the answers to many clients take turns with the checks, so that no check waits for them.

One slice of work is done in a turn of the event loop, whoever it is for: whoever enters a Pace waits until those who
came before had their slice, and then for the next turn. What is due in between runs first. What is short does not wait
for what is long: of all who are at long work, one at a time stands in line with those who are at short work.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

SLICE = 0.002
"""seconds that one slice of an answer may take to make"""
CHUNK = 32 * 1024
"""bytes of an answer that one slice makes at most, but for one line that is longer"""


class Pace:
    """Two entries of one turnstile, each for a slice of work that does not await anything."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._line = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def short(self) -> AsyncIterator[None]:
        """Enter for what may be all there is to do: a command, or the beginning of an answer."""
        async with self._turn:
            await asyncio.sleep(0)
            yield

    @contextlib.asynccontextmanager
    async def long(self) -> AsyncIterator[None]:
        """Enter for what is known to be much: how an answer goes on, or a very long command."""
        async with self._line, self.short():
            yield


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
