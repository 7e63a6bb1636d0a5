"""Waiting for what happens elsewhere: another thread, another process, the other end of a connection.

What can tell of itself is awaited by its own event; this is for the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

STEP = 0.005
"""seconds between two looks"""
LIMIT = 60.0
"""Seconds after which it is given up: no test fails because a machine is slow."""


def _nothing() -> str:
    return "it does not come about"


async def until(is_so: Callable[[], object], *, limit: float = LIMIT, why: Callable[[], str] = _nothing) -> None:
    """Look until something is so, while the event loop goes on. Fails after ``limit`` seconds, saying ``why()``."""
    end = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < end, f"after {limit:g} s: {why()}"
        await asyncio.sleep(STEP)


def wait_until(is_so: Callable[[], object], *, limit: float = LIMIT, why: Callable[[], str] = _nothing) -> None:
    """The same where there is no event loop, or it is to stand still."""
    end = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < end, f"after {limit:g} s: {why()}"
        time.sleep(STEP)
