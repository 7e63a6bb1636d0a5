"""The queue of checks: no overlap, maxprocs loses nothing, stop and drop end what runs."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.engine.checks import Check, Checks
from pymon.model.depend import ServiceKey
from tests.growth import check_growth_is_linear


class Job:
    """A check that runs until it is released, and says what became of it."""

    def __init__(self, name: str, *, process: bool = True, descriptors: int = 0) -> None:
        self.key = ServiceKey("g", name)
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.outcome = ""
        self.check = Check(self.key, 0.0, process, self.run, descriptors)

    async def run(self) -> None:
        self.started.set()
        try:
            await self.release.wait()
            self.outcome = "finished"
        except asyncio.CancelledError:
            self.outcome = "cancelled"
            raise


async def settle() -> None:
    """Let tasks that are ready go as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_maxprocs_queues_in_order_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    checks = Checks(maxprocs=2)
    jobs = [Job(f"s{n}") for n in range(5)]
    with caplog.at_level(logging.INFO, "pymon.engine"):
        for job in jobs:
            checks.submit(job.check)
        await settle()
        assert [job.started.is_set() for job in jobs] == [True, True, False, False, False]
        assert (checks.processes, checks.waiting) == (2, 3)
        jobs[1].release.set()
        await settle()
        assert [job.started.is_set() for job in jobs] == [True, True, True, False, False]
        for job in jobs:
            job.release.set()
        await settle()
    assert [job.outcome for job in jobs] == ["finished"] * 5
    assert checks.running == checks.waiting == checks.processes == 0
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "throttled at 2 processes (maxprocs): checks wait for their turn",
        "no check has to wait any more",
    ]


async def test_throttling_again_and_again_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    checks = Checks(maxprocs=1)
    with caplog.at_level(logging.INFO, "pymon.engine"):
        for number in range(5):
            jobs = [Job(f"{number} a"), Job(f"{number} b")]
            for job in jobs:
                job.release.set()
                checks.submit(job.check)
            await settle()
            assert [job.outcome for job in jobs] == ["finished"] * 2
    assert len(caplog.records) == 2


async def test_plugins_in_process_do_not_count() -> None:
    """S-inprocess: maxprocs is about processes."""
    checks = Checks(maxprocs=1)
    process, inprocess = Job("p"), Job("i", process=False)
    checks.submit(process.check)
    checks.submit(inprocess.check)
    await settle()
    assert inprocess.started.is_set()
    assert checks.is_busy(inprocess.key)
    await checks.stop()


async def test_drop_ends_a_running_and_forgets_a_waiting_check() -> None:
    checks = Checks(maxprocs=1)
    first, second, third = Job("a"), Job("b"), Job("c")
    for job in (first, second, third):
        checks.submit(job.check)
    await settle()
    checks.drop(second.key)
    assert not checks.is_busy(second.key)
    checks.drop(first.key)
    await settle()
    assert first.outcome == "cancelled"
    assert not second.started.is_set()
    assert third.started.is_set()
    await checks.stop()
    assert third.outcome == "cancelled"


async def test_a_higher_limit_starts_what_waits() -> None:
    checks = Checks(maxprocs=1)
    jobs = [Job(f"s{n}") for n in range(3)]
    for job in jobs:
        checks.submit(job.check)
    checks.set_maxprocs(0)
    await settle()
    assert all(job.started.is_set() for job in jobs)
    await checks.stop()


async def test_a_defect_in_a_check_frees_its_place(caplog: pytest.LogCaptureFixture) -> None:
    checks = Checks(maxprocs=1)

    async def broken() -> None:
        raise RuntimeError("on purpose")

    after = Job("after")
    checks.submit(Check(ServiceKey("g", "broken"), 0.0, True, broken))
    checks.submit(after.check)
    await settle()
    assert after.started.is_set()
    assert "on purpose" in caplog.text
    await checks.stop()


@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=40))
def test_nothing_is_lost_whatever_the_order(maxprocs: int, order: list[int]) -> None:
    """Every check that was submitted runs exactly once, and never more than maxprocs at a time."""

    async def scenario() -> None:
        checks = Checks(maxprocs)
        submitted = finished = 0
        for number in order:
            key = ServiceKey("g", str(number))
            if checks.is_busy(key):
                continue
            submitted += 1

            async def run() -> None:
                nonlocal finished
                assert checks.processes <= maxprocs
                for _ in range(3):
                    await asyncio.sleep(0)
                finished += 1

            checks.submit(Check(key, 0.0, True, run))
            await asyncio.sleep(0)
        for _ in range(20 * len(order) + 20):
            await asyncio.sleep(0)
        assert finished == submitted
        assert checks.processes == 0

    asyncio.run(scenario())


async def test_a_reload_drops_ten_thousand_waiting_checks_at_once() -> None:
    """The event loop stood still for ten seconds."""
    left = []

    def seconds(count: int) -> float:
        checks = Checks(maxprocs=1)
        jobs = [Job(f"s{n}") for n in range(count)]
        for job in jobs:
            checks.submit(job.check)
        began = time.thread_time()
        for job in jobs:
            checks.drop(job.key)
        taken = time.thread_time() - began
        left.append(checks)
        return taken

    check_growth_is_linear(seconds, 2_500)
    assert [checks.waiting for checks in left] == [0] * len(left)
    for checks in left:
        await checks.stop()
