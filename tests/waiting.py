"""Waiting for what happens elsewhere: another thread, another process, the other end of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

STEP = 0.005
"""seconds between two looks"""


async def until(is_so: Callable[[], bool], *, limit: float = 30.0) -> None:
    """Look until something is so, while the event loop goes on. Fails after ``limit`` seconds."""
    async with asyncio.timeout(limit):
        while not is_so():  # noqa: ASYNC110  # what is waited for cannot set an event here
            await asyncio.sleep(STEP)
