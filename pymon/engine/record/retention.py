"""How long events are kept, and how the others go: a few at a time, so that nobody waits for it."""

from __future__ import annotations

import sqlite3
import time

from pymon.engine.record.batch import LINES_KEPT

AGE = 90 * 86400.0
"""seconds events are kept"""
KEPT = 200_000
"""events that are kept at most"""
STEP = 500
"""events removed in one transaction"""
STEPS = 40
"""transactions of one go; more wait for the next"""
LOOKED_AT = 5000
"""the oldest events, of which those that are too old are sought"""
BREATH = 0.001
"""seconds between transactions"""

_TOO_OLD = f"SELECT id FROM (SELECT id, until FROM events ORDER BY id LIMIT {LOOKED_AT}) WHERE until < ?"  # noqa: S608  # of our own words
_TOO_MANY = "SELECT id FROM events WHERE id <= ?"


def prune(connection: sqlite3.Connection, now: float, age: float = AGE, kept: int = KEPT) -> int:
    """Remove events whose last time is older than ``age`` seconds, and the oldest beyond ``kept``; how many."""
    newest = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
    removed = steps = 0
    for chosen, bound in ((_TOO_OLD, now - age), (_TOO_MANY, newest - kept)):
        statement = f"DELETE FROM events WHERE id IN ({chosen} LIMIT {STEP})"  # noqa: S608  # of our own words
        while steps < STEPS and (count := connection.execute(statement, (bound,)).rowcount):
            removed, steps = removed + count, steps + 1
            time.sleep(BREATH)
    return removed


def prune_histories(connection: sqlite3.Connection, kept: int = LINES_KEPT) -> None:
    """Remove the oldest lines of each history beyond ``kept``."""
    for (name,) in connection.execute("SELECT DISTINCT name FROM history").fetchall():
        statement = "SELECT id FROM history WHERE name = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
        oldest = connection.execute(statement, (name, kept)).fetchone()
        for _ in range(STEPS if oldest else 0):
            chosen = "SELECT id FROM history WHERE name = ? AND id <= ? LIMIT ?"
            statement = f"DELETE FROM history WHERE id IN ({chosen})"  # noqa: S608  # of our own words
            if not connection.execute(statement, (name, *oldest, STEP)).rowcount:
                break
            time.sleep(BREATH)
