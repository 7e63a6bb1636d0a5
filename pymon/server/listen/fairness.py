"""Lets the answers to many clients take turns with the checks, so that no check waits for them.

One chunk of work is done in a turn of the event loop: each who enters a Turnstile waits until those
who came before had their chunk, and then for the next turn. What is due in between runs first. What is short does not
wait for what is long: of all who have long work, one at a time stands in line with those who have short work.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

from pymon.server.limits import ServerLimits


class Turnstile:
    """Two entries, each for a chunk of work that does not await anything."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._line = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        """Enter for what may be all there is to do: a command, or the beginning of an answer."""
        async with self._turn:
            await asyncio.sleep(0)
            yield

    @contextlib.asynccontextmanager
    async def rest(self) -> AsyncIterator[None]:
        """Enter for what is known to be much: how an answer goes on, or a very long command."""
        async with self._line, self.first():
            yield


def take_chunk(lines: Iterator[bytes], limits: ServerLimits) -> tuple[bytes, bool]:
    """Join the next lines of an answer, as many as a chunk has room and time for; True if that was all."""
    end = time.monotonic() + limits.chunk_seconds
    made: list[bytes] = []
    size = 0
    for line in lines:
        made.append(line)
        size += len(line)
        if size >= limits.chunk or time.monotonic() >= end:
            return b"".join(made), False
    return b"".join(made), True
