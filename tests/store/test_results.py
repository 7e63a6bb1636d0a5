"""Results on file: run-length, for thirty days, and bounded whatever a service does."""

# ruff: noqa: ASYNC110, ASYNC240  # nothing else runs in these loops, and what is waited for is in a file
from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.result import CheckOutcome
from pymon.model.result_run import ResultRun
from pymon.store.ages import AgeMark, Ages
from pymon.store.limits import StoreLimits
from pymon.store.reading import opened, results
from pymon.store.retention import STEP, prune, prune_crowded
from pymon.store.store import Store
from tests.store.samples import MAIL, T0, WEB, act, texts
from tests.timeline.test_result_runs import result

OK, FAILED, BROKEN = CheckOutcome
DAY = 86400.0
ALWAYS = 10 * T0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pymon.db"


@pytest.fixture
async def record(path: Path) -> AsyncIterator[Store]:
    made = Store(path)
    await made.open()
    yield made
    await made.close()


def on_file(path: Path, key: ServiceKey = WEB) -> list[ResultRun]:
    """The runs that are committed, read by another process's means."""
    with opened(path) as connection:
        return [run for _, run in results(connection, key, 0.0, ALWAYS)]


async def test_they_are_read_as_they_are_and_come_back(record: Store, path: Path) -> None:
    """R-results."""
    for second, outcome in enumerate((OK, OK, FAILED, FAILED, OK)):
        record.result(WEB, result(outcome, "rtt 1.5 ms", T0 + second))
        record.result(MAIL, result(BROKEN, "x", T0 + second, exitval=None))
    runs = [
        ResultRun(OK, "rtt 1.5 ms", T0, T0 + 1, 2, 0),
        ResultRun(FAILED, "rtt 1.5 ms", T0 + 2, T0 + 3, 2, 0),
        ResultRun(OK, "rtt 1.5 ms", T0 + 4, T0 + 4, 1, 0),
    ]
    assert await record.results(WEB, 0.0, ALWAYS) == runs
    assert await record.results(WEB, T0 + 1, T0 + 2) == runs[:2]
    assert await record.results(WEB, T0 + 5, ALWAYS) == []
    assert await record.results(ServiceKey("web", "other"), 0.0, ALWAYS) == []
    await record.close()
    assert on_file(path) == runs
    again = Store(path)
    await again.open()
    again.result(WEB, result(OK, "rtt 1.5 ms", T0 + 60))
    assert (await again.results(WEB, 0.0, ALWAYS))[2:] == [runs[2], result(OK, "rtt 1.5 ms", T0 + 60)]
    assert await again.results(MAIL, 0.0, ALWAYS) == [ResultRun(BROKEN, "x", T0, T0 + 4, 5)]
    await again.close()


async def test_a_run_that_goes_on_is_written_once_a_minute_and_at_the_end(record: Store, path: Path) -> None:
    """So the results of a service that is well cost next to nothing."""
    for second in range(0, 130, 10):
        record.result(WEB, result(at=T0 + second))
        await record.settled()
        assert [run.last for run in await asyncio.to_thread(on_file, path)] == [T0 + second // 60 * 60]
        assert [run.last for run in await record.results(WEB, 0.0, ALWAYS)] == [T0 + second]
    record.result(WEB, result(FAILED, at=T0 + 130))
    await record.settled()
    assert [run.count for run in await asyncio.to_thread(on_file, path)] == [13, 1]
    record.result(WEB, result(FAILED, at=T0 + 140))
    await record.close()
    assert [run.count for run in on_file(path)] == [13, 2]


async def test_what_an_operator_does_ends_a_run(record: Store, path: Path) -> None:
    """A report must see that nothing was checked between a ``disable`` and an ``enable``, nor over a set clock."""
    record.result(WEB, result(at=T0))
    record.result(WEB, result(at=T0 + 1))
    record.add(act(T0 + 2))
    record.result(WEB, result(at=T0 + 100))
    record.add(TimelineEvent(T0 + 101, TimelineKind.DAEMON, "pymon was held up for 2s"))
    record.result(WEB, result(at=T0 + 102))
    record.translate(3600.0)
    record.result(WEB, result(at=T0 + 3703))
    await record.close()
    times = [(run.first - T0, run.last - T0) for run in on_file(path)]
    assert times == [(0.0, 1.0), (100.0, 102.0), (3703.0, 3703.0)]


async def test_a_service_that_leaves_keeps_its_results(record: Store, path: Path) -> None:
    record.result(WEB, result(at=T0))
    record.result(WEB, result(at=T0 + 1))
    record.retain([MAIL])
    await record.close()
    assert [run.count for run in on_file(path)] == [2]


async def test_a_fresh_start_keeps_them(record: Store, path: Path) -> None:
    record.result(WEB, result(at=T0))
    await record.close()
    again = Store(path)
    await again.open(fresh=True)
    await again.close()
    assert on_file(path) == [result(at=T0)]


async def test_a_file_that_is_replaced_has_the_runs_that_go_on_in_full(record: Store, path: Path) -> None:
    for second in (0, 70, 140):
        record.result(WEB, result(at=T0 + second))
        await record.settled()
        path.unlink()
    record.result(WEB, result(at=T0 + 210))
    await record.close()
    assert on_file(path) == [ResultRun(OK, "", T0, T0 + 210, 4, 0)]


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(texts, texts, st.sampled_from(CheckOutcome), st.none() | st.integers(-(2**31), 2**31)), max_size=8
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_name_and_text_survives(
    tmp_path: Path, said: list[tuple[str, str, CheckOutcome, int | None]]
) -> None:
    path = tmp_path / "pymon.db"
    path.unlink(missing_ok=True)
    record = Store(path)
    await record.open()
    expected: dict[ServiceKey, list[ResultRun]] = {}
    for number, (name, summary, outcome, exitval) in enumerate(said):
        key = ServiceKey(name, "s" + name)
        each = result(outcome, f"{number} {summary}", T0 + number, exitval)
        expected.setdefault(key, []).append(each)
        record.result(key, each)
    await record.close()
    for key, runs in expected.items():
        assert await asyncio.to_thread(on_file, path, key) == runs


# Bounds


def fill(path: Path, rows: Sequence[tuple[ServiceKey, float]]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    statement = "INSERT INTO results (grp, service, outcome, summary, count, first, last) VALUES (?,?,'ok','x',1,?,?)"
    connection.execute("BEGIN")
    connection.executemany(statement, [(*key, at, at) for key, at in rows])
    connection.execute("COMMIT")
    return connection


def left(connection: sqlite3.Connection) -> dict[str, tuple[int, float]]:
    """Service → how many runs, and the first time of them."""
    rows = connection.execute("SELECT service, count(*), min(first) FROM results GROUP BY grp, service")
    return {service: (count, first) for service, count, first in rows}


async def test_one_that_flaps_pushes_out_its_own(record: Store, path: Path) -> None:
    """R-results."""
    await record.close()
    seen = fill(path, [(MAIL, T0), *((WEB, T0 + number) for number in range(1200)), (MAIL, T0 + 1)])
    limits = StoreLimits(results_each=100)
    assert prune_crowded(seen, limits, steps=1) == STEP
    while prune_crowded(seen, limits, steps=1):
        pass
    assert left(seen) == {"http": (100, T0 + 1100), "smtp": (2, T0)}
    assert prune(seen, Ages(), StoreLimits(results_kept=102)) == 0, "what was removed does not count"
    seen.close()


async def test_the_oldest_of_all_go_beyond_the_bound(record: Store, path: Path) -> None:
    """R-results."""
    await record.close()
    seen = fill(path, [((WEB, MAIL)[number % 2], T0 + number) for number in range(1000)])
    assert prune(seen, Ages(), StoreLimits(results_kept=100)) == 900
    assert left(seen) == {"http": (50, T0 + 900), "smtp": (50, T0 + 901)}
    seen.close()


async def test_what_was_kept_for_thirty_days_goes_but_for_runs_that_went_on(record: Store, path: Path) -> None:
    """R-results: by the record's own count of time. Events are kept for longer."""
    record.add(act(T0))
    await record.close()
    seen = fill(path, [(WEB, T0 + number) for number in range(100)])
    seen.execute("UPDATE results SET last = ? WHERE id = 7", (T0 + 40 * DAY,))
    marks = (AgeMark(0.0, 100, T0 + 59, 60), AgeMark(20 * DAY, 100, T0 + 79, 80))
    assert prune(seen, Ages(31 * DAY, marks=marks), StoreLimits()) == 59
    assert left(seen) == {"http": (41, T0 + 6)}
    assert seen.execute("SELECT count(*) FROM events").fetchone() == (1,)
    seen.close()


async def test_all_bounds_hold_while_the_daemon_runs(path: Path) -> None:
    """R-results: a service that says something else each time; and without a file, memory is bounded."""
    limits = StoreLimits(results_each=20, results_waiting=50)
    for record in (Store(path, limits), Store(None, limits)):
        await record.open()
        for number in range(200):
            record.result(WEB, result(FAILED, f"{number}", T0 + number))
        assert len(record._contents.waiting.results) <= 51  # memory has no other face
        await record.close()
    again = Store(path, limits)
    await again.open()
    async with asyncio.timeout(10):
        while len(await asyncio.to_thread(on_file, path)) > 20:
            await asyncio.sleep(0.01)  # the first look comes at the start
    assert [run.summary for run in on_file(path)][-1] == "199"
    await again.close()


async def test_long_summaries_are_cut(record: Store, path: Path) -> None:
    record.result(WEB, result(FAILED, "x" * 10_000))
    await record.close()
    (run,) = on_file(path)
    assert run == replace(result(FAILED), summary=run.summary)
    assert len(run.summary) < 600


async def test_a_site_with_more_services_than_wait_at_a_time_loses_none(path: Path) -> None:
    """R-results: each has a run that goes on, and all of them change between two writes."""
    record = Store(path, StoreLimits(results_waiting=10))
    await record.open()
    keys = [ServiceKey("web", f"s{number}") for number in range(100)]
    for second in (0, 1):
        for key in keys:
            record.result(key, result(at=T0 + second))
    await record.close()
    assert [run.count for key in keys for run in on_file(path, key)] == [2] * 100
