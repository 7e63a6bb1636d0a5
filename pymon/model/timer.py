"""The timers of a service."""

from __future__ import annotations

from enum import StrEnum


class Timer(StrEnum):
    """The kinds of timer that a service can have."""

    CHECK = "check"
    TRAP_TIMEOUT = "trap"
    TRAP_EXPIRY = "expiry"
