"""Waiting for what the site must come to, with a limit and a name for what did not happen."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL = 0.02
LIMIT = 180.0
"""Seconds for anything that is waited for: no play fails because a machine is slow, or stands still for a while."""


class NeverHappened(AssertionError):
    """What was waited for did not come within its limit."""


def wait_for(what: str, condition: Callable[[], object], limit: float = LIMIT) -> float:
    """Seconds until the condition became true; NeverHappened after ``limit`` seconds."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit:
            raise NeverHappened(f"not within {limit:g} s: {what}")
        time.sleep(POLL)
    return time.monotonic() - began
