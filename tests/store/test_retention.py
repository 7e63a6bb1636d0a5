"""What the record keeps of events and histories, whatever their rate and whatever the clock says."""

# ruff: noqa: ASYNC110  # nothing else runs in these loops, and what is waited for is in a file
from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.clock import SystemClock, boottime
from pymon.store.ages import AgeMark, Ages, decode_ages, encode_ages
from pymon.store.database import Database
from pymon.store.limits import StoreLimits
from pymon.store.retention import STEP, STEPS, count_time, prune, prune_histories
from pymon.store.store import Store
from tests.clocks import VirtualClock
from tests.store.samples import T0, act, check

DAY = 86400.0
LIMITS = StoreLimits()


def clock_at(wall: float) -> VirtualClock:
    """A clock whose wall clock is at ``wall``, whenever the machine was started."""
    return VirtualClock(boottime, begin=wall - boottime())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pymon.db"


@pytest.fixture
async def connection(path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Of a record with 1200 events, one a second, and one repeated until long after them."""
    record = Store(path)
    await record.open()
    record.add(*(act(T0 + number) for number in range(1200)))
    record.add(check(T0), check(T0 + 5000))
    await record.close()
    made = sqlite3.connect(path, isolation_level=None)
    yield made
    made.close()


def rows(connection: sqlite3.Connection) -> tuple[int, float]:
    found: tuple[int, float] = connection.execute("SELECT count(*), max(until) FROM events").fetchone()
    return found


async def test_events_up_to_a_mark_go_but_for_a_repetition_that_went_on(connection: sqlite3.Connection) -> None:
    """R-retention."""
    old = Ages(100 * DAY, marks=(AgeMark(0.0, 500, T0 + 600), AgeMark(50 * DAY, 900, T0 + 900)))
    assert prune(connection, old, LIMITS) == 500
    assert rows(connection) == (701, T0 + 5000)
    everything = replace(old, marks=(AgeMark(0.0, 2000, T0 + 2000),))
    assert prune(connection, everything, LIMITS) == 700
    assert rows(connection) == (1, T0 + 5000)


async def test_the_oldest_beyond_the_bound_go(connection: sqlite3.Connection) -> None:
    """R-retention."""
    assert prune(connection, Ages(), StoreLimits(events_kept=100)) == 1101
    assert rows(connection) == (100, T0 + 5000)
    assert prune(connection, Ages(), StoreLimits(events_kept=100)) == 0


@pytest.mark.slow
async def test_one_go_is_short_and_says_by_its_count_that_there_is_more(connection: sqlite3.Connection) -> None:
    assert prune(connection, Ages(), StoreLimits(events_kept=0), steps=2) == 2 * STEP
    assert prune(connection, Ages(), StoreLimits(events_kept=0), steps=2) == 201
    for name in ("alert", "failure"):
        lines = [(name, f"{name} {number}") for number in range(700)]
        connection.executemany("INSERT INTO history (name, line) VALUES (?, ?)", lines)
    assert prune_histories(connection, 100, steps=1) == STEP
    while prune_histories(connection, 100, steps=1):
        pass
    kept = connection.execute("SELECT name, count(*), min(line) FROM history GROUP BY name").fetchall()
    assert kept == [("alert", 100, "alert 600"), ("failure", 100, "failure 600")]


async def test_a_clock_that_is_a_year_ahead_makes_nothing_old(connection: sqlite3.Connection) -> None:
    """R-retention. The wall clock is put a year ahead, or back, for as many passes as it likes."""
    for ahead in (0.0, 400 * DAY, -400 * DAY, 400 * DAY):
        assert prune(connection, count_time(connection, clock_at(T0 + 6000 + ahead), LIMITS), LIMITS) == 0
    assert rows(connection) == (1201, T0 + 5000)


async def test_what_was_kept_for_ninety_days_goes(connection: sqlite3.Connection) -> None:
    """R-retention. The record's own count says so, in the file, over restarts."""
    ages = count_time(connection, clock_at(T0 + 6000), LIMITS)
    aged = replace(ages, life=91 * DAY, marks=(AgeMark(0.0, 2000, T0 + 2000),))
    connection.execute("UPDATE meta SET value = ? WHERE name = 'ages'", (encode_ages(aged),))
    assert prune(connection, count_time(connection, clock_at(T0 + 6000), LIMITS), LIMITS) == 1200


async def test_the_age_survives_a_new_start_that_forgets_the_rest(path: Path, connection: sqlite3.Connection) -> None:
    before = replace(count_time(connection, clock_at(T0 + 6000), LIMITS), life=5 * DAY)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'ages'", (encode_ages(before),))
    record = Store(path)
    await record.open(fresh=True)
    await record.close()
    row = connection.execute("SELECT value FROM meta WHERE name = 'ages'").fetchone()
    assert decode_ages(row[0]).life >= 5 * DAY


async def test_the_bound_holds_at_any_rate_and_from_the_start(path: Path) -> None:
    """R-retention. Many more events than one go removes: they go in as many goes as it takes, at once."""
    record = Store(path)
    await record.open()
    count = STEP * STEPS + 4000
    for number in range(count):
        record.add(act(T0 + number))
        if number % 2000 == 0:
            await record.settled()
    await record.close()
    again = Store(path, StoreLimits(events_kept=1000))
    await again.open()  # nothing is written, and yet the first pass comes
    seen = sqlite3.connect(path, isolation_level=None)
    async with asyncio.timeout(30):
        while rows(seen)[0] > 1000:
            await asyncio.sleep(0.01)
    assert rows(seen) == (1000, T0 + count - 1)
    seen.close()
    await again.close()


@pytest.mark.slow
def test_a_pass_leaves_room_for_others(path: Path) -> None:
    """What has to be dropped is dropped in goes of a bounded size, each of which says whether there is more."""
    made = Database(path, LIMITS, SystemClock())
    made.start(fresh=False)
    rows_of_events = [(T0, T0, 1, "act", "g", "s", "", "x", "{}")] * (STEP * STEPS + 10)
    filling = sqlite3.connect(path, isolation_level=None)
    statement = (
        "INSERT INTO events (at, until, count, kind, grp, service, asker, text, facts) VALUES (?,?,?,?,?,?,?,?,?)"
    )
    filling.executemany(statement, rows_of_events)
    aged = Ages(91 * DAY, marks=(AgeMark(0.0, 10**6, T0),))
    filling.execute("INSERT OR REPLACE INTO meta VALUES ('ages', ?)", (encode_ages(aged),))
    assert made.maintain()
    assert rows(filling)[0] == 10
    assert not made.maintain()
    assert rows(filling)[0] == 0
    assert not made.maintain()
    filling.close()
    made.close()
