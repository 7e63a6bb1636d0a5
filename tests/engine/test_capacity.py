"""E-capacity: how much may go on at the same time with what the system allows."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.engine.capacity import OWN_DESCRIPTORS, PER_PROGRAM, capacity, descriptors_of
from pymon.engine.checks import Checks
from pymon.process.system_limits import LEAST_DESCRIPTORS
from tests.engine.test_checks import Job, settle


@given(descriptors=st.integers(LEAST_DESCRIPTORS, 1 << 20), processes=st.none() | st.integers(0, 100_000))
def test_there_is_room_for_something_and_never_for_more_than_is_allowed(
    descriptors: int, processes: int | None
) -> None:
    room = capacity(descriptors, processes)
    assert min(room.check_descriptors, room.alert_programs, room.alerts_inside) >= 1
    assert OWN_DESCRIPTORS + room.check_descriptors + PER_PROGRAM * room.alert_programs <= descriptors
    if processes is None:
        assert room.check_programs is None
    else:
        assert room.check_programs is not None
        assert room.check_programs + room.alert_programs <= max(2, processes)


@given(hosts=st.integers(0, 10_000), is_program=st.booleans(), limit=st.integers(PER_PROGRAM, 100_000))
def test_no_check_needs_more_than_there_is(hosts: int, is_program: bool, limit: int) -> None:
    assert 1 <= descriptors_of(hosts, is_program=is_program, limit=limit) <= limit


@pytest.mark.parametrize("process", [True, False])
async def test_checks_wait_for_descriptors_in_their_order_and_that_is_said(
    process: bool, caplog: pytest.LogCaptureFixture
) -> None:
    checks = Checks(most_descriptors=lambda: 8)
    jobs = [Job(f"s{number}", process=process, descriptors=4) for number in range(5)]
    with caplog.at_level(logging.INFO, "pymon.engine"):
        for job in jobs:
            checks.submit(job.check)
        await settle()
        assert [job.started.is_set() for job in jobs] == [True, True, False, False, False]
        jobs[0].release.set()
        await settle()
        assert [job.started.is_set() for job in jobs] == [True, True, True, False, False]
        for job in jobs:
            job.release.set()
        await settle()
    assert [job.outcome for job in jobs] == ["finished"] * 5
    assert (checks.descriptors, checks.waiting) == (0, 0)
    assert [record.getMessage() for record in caplog.records] == [
        "throttled at 8 of 8 descriptors for checks (ulimit -n, LimitNOFILE=): checks wait for their turn",
        "no check has to wait any more",
    ]


async def test_checks_wait_for_processes_that_the_system_allows(caplog: pytest.LogCaptureFixture) -> None:
    checks = Checks(most_processes=1)
    jobs = [Job(f"s{number}") for number in range(3)]
    inside = Job("inside", process=False)
    for job in (*jobs, inside):
        checks.submit(job.check)
    await settle()
    assert [job.started.is_set() for job in (*jobs, inside)] == [True, False, False, True]
    assert "the system allows no more" in caplog.text
    for job in (*jobs, inside):
        job.release.set()
    await settle()
    assert [job.outcome for job in jobs] == ["finished"] * 3


async def test_a_check_that_needs_more_than_there_is_runs_alone() -> None:
    checks = Checks(most_descriptors=lambda: 8)
    large, small = Job("large", process=False, descriptors=100), Job("small", process=False, descriptors=1)
    checks.submit(large.check)
    checks.submit(small.check)
    await settle()
    assert (large.started.is_set(), small.started.is_set()) == (True, False)
    large.release.set()
    await asyncio.wait_for(small.started.wait(), 10)
    small.release.set()
    await settle()


async def test_nobody_overtakes_one_that_waits_for_descriptors() -> None:
    """Neither kind of check keeps the other from ever having its turn."""
    checks = Checks(most_descriptors=lambda: 8)
    running = [Job("r0", descriptors=4), Job("r1", descriptors=4)]
    waiting = [
        Job("w0", process=False, descriptors=6),
        Job("w1", descriptors=4),
        Job("w2", process=False, descriptors=1),
    ]
    for job in (*running, *waiting):
        checks.submit(job.check)
    running[0].release.set()
    await settle()
    assert not any(job.started.is_set() for job in waiting), "the first of them needs more, and was there first"
    running[1].release.set()
    await settle()
    assert [job.started.is_set() for job in waiting] == [True, False, False]
    late = Job("late", process=False, descriptors=1)
    checks.submit(late.check)
    await settle()
    assert not late.started.is_set()
    for job in (*waiting, late):
        job.release.set()
    await settle()
    assert all(job.outcome == "finished" for job in (*running, *waiting, late))


async def test_checks_inside_do_not_wait_behind_those_that_wait_for_maxprocs() -> None:
    checks = Checks(maxprocs=1, most_descriptors=lambda: 100)
    jobs = [Job("p0", descriptors=4), Job("p1", descriptors=4), Job("i0", process=False, descriptors=2)]
    for job in jobs:
        checks.submit(job.check)
    await settle()
    assert [job.started.is_set() for job in jobs] == [True, False, True]
    for job in jobs:
        job.release.set()
    await settle()
