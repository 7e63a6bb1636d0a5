"""The bounds of logins, and the waits after failures: handed in by constructors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """The limits of logins. Durations are in seconds. Tests change them here only."""

    # The wait after failures

    free_failures: int = 3
    """failures that cost no wait"""
    first_wait: float = 1.0
    """of the first failure that costs one; each further failure doubles it"""
    longest_wait: float = 30.0
    """at most, however many failures there were"""
    failures_remembered: float = 900.0
    """after its last failure, until an address or a name is forgotten"""
    trusted: float = 86400.0
    """after a login in which its name does not wait for others of the same address"""
    remembered: int = 10_000
    """addresses, names with failures, and names with a login that are remembered; the oldest make room"""
    name_size: int = 64
    """characters of a name that are remembered: it may be as long as a line"""

    # Logins at once

    threads: int = 4
    """logins that are looked at in the same moment"""
    waiting: int = 16
    """logins of one address that wait for their turn; further ones are refused without a look"""
    waiting_all: int = 256
    """the same, of all addresses together"""

    # Logging what strangers cause

    logged: int = 10
    """lines of one kind in each ``logged_in``"""
    logged_in: float = 60.0
    """in which the lines of one kind are counted"""
