"""Operational status and the kinds of event. Imports nothing but enum: trap senders start with it."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class OpStatus(IntEnum):
    """Operational status, by mon's numbers (they travel in state files, traps and MON_OPSTATUS)."""

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
    def is_success(self) -> bool:
        """Whether a dependency on a service of this status is fulfilled (untested counts as fine in mon)."""
        return self in _SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether ``list failures`` has services of this status."""
        return self in _FAILURE


_SUCCESS = frozenset({OpStatus.OK, OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.UNTESTED})
_FAILURE = frozenset({OpStatus.FAIL, OpStatus.LINKDOWN, OpStatus.TIMEOUT})


class EventKind(StrEnum):
    """What happened to a service; the value is what MON_ALERTTYPE says."""

    FAILURE = "failure"
    TRAP = "trap"
    TRAPTIMEOUT = "traptimeout"
    UP = "up"
    STARTUP = "startup"
    ACK = "ack"
    DISABLE = "disable"
    TEST = "test"

    @property
    def is_failure(self) -> bool:
        """Whether it counts as a failure: of a monitor, by a trap, or by a trap's absence."""
        return self in (EventKind.FAILURE, EventKind.TRAP, EventKind.TRAPTIMEOUT)
