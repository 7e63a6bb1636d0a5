"""How long events are kept, and how the others go: a few at a time, so that nobody waits for it."""

from __future__ import annotations

import sqlite3

from pymon.clock import Clock
from pymon.store.ages import Ages, Mark, add_mark, advance, decode_ages, drop_expired, encode_ages, find_expired
from pymon.store.batch import LINES_KEPT
from pymon.store.disk_worker import breathe
from pymon.store.limits import StoreLimits
from pymon.store.moment import since_boot

STEP = 500
"""events removed in one transaction"""
STEPS = 10
"""transactions of one go: what was written meanwhile waits for them"""
BREATH = 0.001
"""seconds between transactions"""


def count_time(connection: sqlite3.Connection, clock: Clock, limits: StoreLimits) -> Ages:
    """Count the record's life on to now, keep that in the record, and return it."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'ages'").fetchone()
    ages = advance(decode_ages(row[0] if row else None), *since_boot(clock))
    ages = drop_expired(add_mark(ages, _newest(connection), clock.wall()), limits.events_age)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('ages', ?)", (encode_ages(ages),))
    return ages


def prune(connection: sqlite3.Connection, ages: Ages, limits: StoreLimits, *, steps: int = STEPS) -> int:
    """Remove events that are too old, and the oldest of too many; how many.

    It ends after ``steps`` transactions: with ``steps * STEP`` removed there may be more to remove.
    """
    expired = find_expired(ages, limits.events_age)
    removed = 0
    for _ in range(steps):
        count = _remove_expired(connection, expired) or _remove_excess(connection, limits.events_kept)
        if not count:
            break
        removed += count
        breathe(BREATH)
    return removed


def prune_histories(connection: sqlite3.Connection, kept: int = LINES_KEPT, *, steps: int = STEPS) -> int:
    """Remove the oldest lines of each history beyond ``kept``; how many. It ends as ``prune`` does."""
    removed = 0
    for (name,) in connection.execute("SELECT DISTINCT name FROM history").fetchall():
        statement = "SELECT id FROM history WHERE name = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
        oldest = connection.execute(statement, (name, kept)).fetchone()
        while oldest and removed < steps * STEP:
            chosen = "SELECT id FROM history WHERE name = ? AND id <= ? LIMIT ?"
            statement = f"DELETE FROM history WHERE id IN ({chosen})"  # noqa: S608  # of our own words
            count = connection.execute(statement, (name, *oldest, STEP)).rowcount
            if not count:
                break
            removed += count
            breathe(BREATH)
    return removed


def _remove_expired(connection: sqlite3.Connection, expired: Mark | None) -> int:
    """Those up to the mark, but for repetitions that went on after it."""
    if expired is None:
        return 0
    chosen = "SELECT id FROM events WHERE id <= ? AND until <= ? ORDER BY id LIMIT ?"
    statement = f"DELETE FROM events WHERE id IN ({chosen})"  # noqa: S608  # of our own words
    return connection.execute(statement, (expired.newest, expired.wall, STEP)).rowcount


def _remove_excess(connection: sqlite3.Connection, kept: int) -> int:
    """The oldest beyond ``kept``. Numbers have gaps where expired events went, so this never removes too many."""
    bound = _newest(connection) - kept
    chosen = "SELECT id FROM events WHERE id <= ? ORDER BY id LIMIT ?"
    statement = f"DELETE FROM events WHERE id IN ({chosen})"  # noqa: S608  # of our own words
    return connection.execute(statement, (bound, STEP)).rowcount


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])
