"""The states of the store, and all of its transitions, in one table (pure).

    CLOSED    nothing is on its way: before the start, without a path, and after the end
    OPENING   the file is being opened; what is handed over gathers
    LATE      opening it takes too long: the daemon has begun without it
    IDLE      all that was handed over is on file, or gathers for a moment
    WRITING   one batch is on its way, and ``settled`` waits for it
    STALLED   that batch takes too long: nobody waits for it any more
    BLOCKED   nothing can be written; all is kept in memory until the next attempt
    RETRYING  that attempt is on its way; nobody waits for it

What happens in which state, and what comes of it; anything else is a bug, and raises:

    CLOSED    open      OPENING
    OPENING   opened    IDLE       what an earlier daemon left is given back
    OPENING   failed    BLOCKED    said, once
    OPENING   slow      LATE       said, once
    OPENING   close     CLOSED
    LATE      opened    BLOCKED    everything is written at once, and with it the trouble is over
    LATE      failed    BLOCKED
    LATE      close     CLOSED
    IDLE      write     WRITING
    IDLE      close     CLOSED
    WRITING   written   IDLE       who waits for it is released
    WRITING   replaced  IDLE       the file is another: everything is written at once, before anybody is released
    WRITING   failed    BLOCKED    said, once; everybody is released
    WRITING   slow      STALLED    said, once
    WRITING   close     CLOSED
    STALLED   written   IDLE
    STALLED   replaced  IDLE
    STALLED   failed    BLOCKED
    STALLED   close     CLOSED
    BLOCKED   write     RETRYING
    BLOCKED   close     CLOSED
    RETRYING  written   IDLE       said: it is kept again
    RETRYING  replaced  BLOCKED    everything is written at once
    RETRYING  failed    BLOCKED
    RETRYING  close     CLOSED
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class StoreState(Enum):
    """Where the store is between a start and an end."""

    CLOSED = "closed"
    OPENING = "opening"
    LATE = "late"
    IDLE = "idle"
    WRITING = "writing"
    STALLED = "stalled"
    BLOCKED = "blocked"
    RETRYING = "retrying"


class StoreEvent(Enum):
    """What happens to it."""

    OPEN = "open"
    OPENED = "opened"
    WRITE = "write"
    WRITTEN = "written"
    REPLACED = "replaced"
    FAILED = "failed"
    SLOW = "slow"
    CLOSE = "close"


class ImpossibleTransition(Exception):
    """Something happened that cannot happen in this state: a bug in pymon."""


_S, _E = StoreState, StoreEvent

TRANSITIONS: Mapping[StoreState, Mapping[StoreEvent, StoreState]] = {
    _S.CLOSED: {_E.OPEN: _S.OPENING},
    _S.OPENING: {_E.OPENED: _S.IDLE, _E.FAILED: _S.BLOCKED, _E.SLOW: _S.LATE, _E.CLOSE: _S.CLOSED},
    _S.LATE: {_E.OPENED: _S.BLOCKED, _E.FAILED: _S.BLOCKED, _E.CLOSE: _S.CLOSED},
    _S.IDLE: {_E.WRITE: _S.WRITING, _E.CLOSE: _S.CLOSED},
    _S.WRITING: {
        **{_E.WRITTEN: _S.IDLE, _E.REPLACED: _S.IDLE, _E.FAILED: _S.BLOCKED},
        **{_E.SLOW: _S.STALLED, _E.CLOSE: _S.CLOSED},
    },
    _S.STALLED: {_E.WRITTEN: _S.IDLE, _E.REPLACED: _S.IDLE, _E.FAILED: _S.BLOCKED, _E.CLOSE: _S.CLOSED},
    _S.BLOCKED: {_E.WRITE: _S.RETRYING, _E.CLOSE: _S.CLOSED},
    _S.RETRYING: {_E.WRITTEN: _S.IDLE, _E.REPLACED: _S.BLOCKED, _E.FAILED: _S.BLOCKED, _E.CLOSE: _S.CLOSED},
}

HAS_FILE = frozenset({_S.IDLE, _S.WRITING, _S.STALLED, _S.BLOCKED, _S.RETRYING})
"""the file was opened, or is tried to"""
IS_FREE = frozenset({_S.IDLE, _S.BLOCKED})
"""no batch is on its way, so one may be written"""
IS_AWAITED = frozenset({_S.IDLE, _S.WRITING})
"""``settled`` waits for what was handed over"""


def follow(state: StoreState, event: StoreEvent) -> StoreState:
    """The state after an event; raises ImpossibleTransition."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleTransition(f"{event.value} while {state.value}") from None
