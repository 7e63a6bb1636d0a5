"""Operational status, apart from the other records: who sends traps needs no more, and those take 15 ms to import."""

from __future__ import annotations

from enum import IntEnum


class OpStatus(IntEnum):
    """Operational status, by mon's numbers."""

    FAIL = 0
    OK = 1
    COLDSTART = 2
    WARMSTART = 3
    LINKDOWN = 4
    UNKNOWN = 5
    TIMEOUT = 6
    UNTESTED = 7
    DEPENDENCY = 8
    WARN = 9

    @property
    def is_failure(self) -> bool:
        """Whether ``list failures`` has services of this status."""
        return self in (OpStatus.FAIL, OpStatus.LINKDOWN, OpStatus.TIMEOUT)
