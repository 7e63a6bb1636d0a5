"""The machine's own clock, and the time of the event loop."""

from __future__ import annotations

import asyncio
import time

import pytest

from pymon.clock import SystemClock, awake, boottime
from tests.clocks import BEGIN, VirtualClock


def test_wall_is_the_systems_clock_and_steady_goes_on_from_the_start_of_the_machine() -> None:
    clock = SystemClock()
    assert time.time() - 5 < clock.wall() <= time.time()
    before = boottime()
    assert before <= clock.steady() <= boottime()


async def test_it_calls_when_steady_says_so() -> None:
    clock, called = SystemClock(), asyncio.Event()
    begin = clock.steady()
    clock.call_at(begin + 0.02, called.set)
    async with asyncio.timeout(10):
        await called.wait()
    assert clock.steady() >= begin + 0.019  # the event loop rounds


async def test_a_call_for_a_time_that_is_over_comes_at_once_and_one_that_is_cancelled_never() -> None:
    clock, called = SystemClock(), asyncio.Event()
    never = clock.call_at(clock.steady() - 10.0, lambda: pytest.fail("it was cancelled"))
    never.cancel()
    clock.call_at(clock.steady() - 10.0, called.set)
    async with asyncio.timeout(10):
        await called.wait()


@pytest.mark.virtual_time
async def test_in_virtual_time_nobody_waits(clock: VirtualClock) -> None:
    """A day on the event loop; a night's sleep is none of its time, and setting the clock is no time at all."""
    called: list[float] = []
    clock.call_at(3600.0, lambda: called.append(clock.steady()))
    await asyncio.sleep(86_400.0)
    assert called == [3600.0]
    assert awake() == clock.steady() == 86_400.0
    clock.suspend(30_000.0)
    clock.put(-100.0)
    assert awake() == 86_400.0
    assert clock.steady() == 116_400.0
    assert clock.wall() == BEGIN + 116_400.0 - 100.0
