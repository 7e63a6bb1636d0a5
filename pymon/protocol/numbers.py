"""How times and other numbers stand in the protocol: as mon writes them, without a fraction of 0."""

from __future__ import annotations

import math


def format_number(number: float) -> str:
    """``300``, ``1.5``."""
    return str(int(number)) if number == int(number) else f"{number:.6f}".rstrip("0")


def format_instant(at: float) -> str:
    """A point of time in whole seconds since the epoch; 0 is never."""
    return str(int(at))


def countdown(due: float | None, now: float) -> int:
    """The whole seconds until something is due, counted as mon's timers: down to 0; 0 also if nothing is due."""
    return 0 if due is None else max(0, math.ceil(due - now))
