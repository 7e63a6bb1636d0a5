"""How long events and results are kept, and how the others go: a few at a time, so that nobody waits for it."""

from __future__ import annotations

import sqlite3

from pymon.clock import Clock
from pymon.store.ages import Ages, add_mark, advance, decode_ages, drop_expired, encode_ages, find_expired
from pymon.store.batch import LINES_KEPT
from pymon.store.disk_worker import breathe
from pymon.store.limits import StoreLimits
from pymon.store.moment import since_boot
from pymon.store.reading import newest
from pymon.text import encode

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
    ages = add_mark(ages, newest(connection, "events"), clock.wall(), newest(connection, "results"))
    ages = drop_expired(ages, max(limits.events_age, limits.results_age))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('ages', ?)", (encode_ages(ages),))
    return ages


def prune(connection: sqlite3.Connection, ages: Ages, limits: StoreLimits, *, steps: int = STEPS) -> int:
    """Remove events and results that are too old, and the oldest of too many; how many.

    It ends after ``steps`` transactions: with ``steps * STEP`` removed there may be more to remove.
    """
    old_events, old_results = find_expired(ages, limits.events_age), find_expired(ages, limits.results_age)
    removed = 0
    for _ in range(steps):
        count = (
            (_remove_expired(connection, "events", "until", old_events.newest, old_events.wall) if old_events else 0)
            or _remove_excess(connection, "events", newest(connection, "events") - limits.events_kept)
            or (
                _remove_expired(connection, "results", "last", old_results.newest_result, old_results.wall)
                if old_results
                else 0
            )
            or _remove_excess(connection, "results", _newest_beyond(connection, limits.results_kept))
        )
        if not count:
            break
        removed += count
        breathe(BREATH)
    return removed


def prune_crowded(connection: sqlite3.Connection, limits: StoreLimits, *, steps: int = STEPS) -> int:
    """Remove the oldest results of each service that has too many; how many. It ends as ``prune`` does."""
    counts = "SELECT grp, service FROM results GROUP BY grp, service HAVING count(*) > ?"
    bound = "SELECT id FROM results WHERE grp = ? AND service = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
    chosen = "SELECT id FROM results WHERE grp = ? AND service = ? AND id <= ? ORDER BY id LIMIT ?"
    removed = 0
    for names in [tuple(map(encode, row)) for row in connection.execute(counts, (limits.results_each,))]:
        words = bound.replace("?", "CAST(? AS TEXT)", 2)
        oldest = connection.execute(words, (*names, limits.results_each)).fetchone()
        statement = f"DELETE FROM results WHERE id IN ({chosen.replace('?', 'CAST(? AS TEXT)', 2)})"  # noqa: S608  # our own
        while oldest and removed < steps * STEP:
            count = connection.execute(statement, (*names, *oldest, STEP)).rowcount
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


def _remove_expired(connection: sqlite3.Connection, table: str, ended: str, newest: int, wall: float) -> int:
    """Those up to a mark, but for repetitions that went on after it (by the column ``ended``)."""
    chosen = f"SELECT id FROM {table} WHERE id <= ? AND {ended} <= ? ORDER BY id LIMIT ?"  # noqa: S608  # of our own words
    statement = f"DELETE FROM {table} WHERE id IN ({chosen})"  # noqa: S608  # of our own words
    return connection.execute(statement, (newest, wall, STEP)).rowcount


def _newest_beyond(connection: sqlite3.Connection, kept: int) -> int:
    """The newest result beyond ``kept``: counted, since those of a service with too many leave gaps in the numbers."""
    excess = connection.execute("SELECT count(*) FROM results").fetchone()[0] - kept
    if excess <= 0:
        return 0
    return int(connection.execute("SELECT id FROM results ORDER BY id LIMIT 1 OFFSET ?", (excess - 1,)).fetchone()[0])


def _remove_excess(connection: sqlite3.Connection, table: str, bound: int) -> int:
    """The oldest up to a number. Numbers have gaps where expired events went, so these never are too many."""
    chosen = f"SELECT id FROM {table} WHERE id <= ? ORDER BY id LIMIT ?"  # noqa: S608  # of our own words
    statement = f"DELETE FROM {table} WHERE id IN ({chosen})"  # noqa: S608  # of our own words
    return connection.execute(statement, (bound, STEP)).rowcount
