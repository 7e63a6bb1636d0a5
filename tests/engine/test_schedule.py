"""The timer: it fires on its grid, can be moved, paused and removed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from pymon.engine.clock import EngineClock
from pymon.engine.schedule import Schedule
from tests.clocks import BEGIN, VirtualClock

pytestmark = pytest.mark.virtual_time


class Fired:
    """Collects what fired, and lets a test wait for it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []
        self._news = asyncio.Event()

    def __call__(self, key: str, planned: float) -> None:
        self.calls.append((key, planned))
        self._news.set()

    def of(self, key: str) -> list[float]:
        return [planned for name, planned in self.calls if name == key]

    async def until(self, key: str, count: int) -> list[float]:
        async with asyncio.timeout(10_000):
            while len(self.of(key)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(key)[:count]


@pytest.fixture
async def fired() -> Fired:
    return Fired()


@pytest.fixture
async def time(clock: VirtualClock) -> EngineClock:
    return EngineClock(clock)


@pytest.fixture
async def schedule(fired: Fired, time: EngineClock) -> AsyncIterator[Schedule]:
    schedule = Schedule(fired, time)
    schedule.start()
    yield schedule
    schedule.stop()


async def test_fires_on_its_grid(schedule: Schedule, fired: Fired) -> None:
    schedule.at("a", BEGIN + 60, lambda planned, now: planned + 60)
    assert await fired.until("a", 4) == [BEGIN + 60, BEGIN + 120, BEGIN + 180, BEGIN + 240]


async def test_a_timer_is_late_by_its_slack_so_that_others_fire_with_it(fired: Fired, time: EngineClock) -> None:
    turns: list[list[str]] = []
    schedule = Schedule(fired, time, slack=0.5, before_firing=lambda: turns.append([key for key, _ in fired.calls]))
    schedule.start()
    for number in range(5):
        schedule.at(f"{number}", BEGIN + 10 + number / 10, lambda planned, now: None)
    await fired.until("4", 1)
    schedule.stop()
    assert time.now() == pytest.approx(BEGIN + 10.5)
    assert turns == [[], []]  # one turn after the start, and one for all of them


async def test_a_timer_without_a_following_instant_ends(schedule: Schedule, fired: Fired) -> None:
    schedule.at("once", BEGIN, lambda planned, now: None)
    schedule.at("other", BEGIN + 0.1, lambda planned, now: None)
    await fired.until("other", 1)
    assert len(fired.of("once")) == 1
    assert schedule.keys() == []
    assert schedule.next_time("once") is None


async def test_time_stands_still_in_a_pause(schedule: Schedule, fired: Fired) -> None:
    schedule.at("a", BEGIN + 10, lambda planned, now: None)
    schedule.pause()
    schedule.pause()
    await asyncio.sleep(20)  # the timer would have fired
    assert fired.calls == []
    assert schedule.paused_for == 20
    schedule.resume()
    schedule.resume()
    assert schedule.paused_for == 0
    assert schedule.next_time("a") == BEGIN + 30
    assert await fired.until("a", 1) == [BEGIN + 30]


async def test_a_schedule_may_be_paused_before_it_starts(fired: Fired, time: EngineClock) -> None:
    schedule = Schedule(fired, time)
    schedule.pause()
    schedule.start()
    schedule.resume()
    schedule.at("a", BEGIN, lambda planned, now: None)
    assert len(await fired.until("a", 1)) == 1
    schedule.stop()


async def test_move_and_remove(schedule: Schedule, fired: Fired) -> None:
    schedule.at("moved", BEGIN + 3600, lambda planned, now: None)
    schedule.at("removed", BEGIN + 5, lambda planned, now: None)
    assert schedule.next_time("moved") == BEGIN + 3600
    schedule.remove("removed")
    schedule.move("moved", BEGIN + 10)
    assert await fired.until("moved", 1) == [BEGIN + 10]
    assert fired.of("removed") == []
    schedule.remove("never heard of")
    schedule.move("never heard of", BEGIN + 20)
    assert schedule.keys() == []


async def test_a_late_timer_fires_once_and_goes_on(schedule: Schedule, fired: Fired) -> None:
    schedule.at("late", BEGIN - 10, lambda planned, now: planned + 3)
    assert await fired.until("late", 2) == [BEGIN - 1, BEGIN + 2]


async def test_pause_and_resume(schedule: Schedule, fired: Fired) -> None:
    schedule.pause()
    schedule.at("a", BEGIN, lambda planned, now: None)
    await asyncio.sleep(50)
    assert fired.calls == []
    schedule.resume()
    await fired.until("a", 1)


async def test_no_timer_fires_after_the_stop(fired: Fired, time: EngineClock) -> None:
    schedule = Schedule(fired, time)
    schedule.start()
    schedule.at("a", BEGIN + 10, lambda planned, now: planned + 10)
    await fired.until("a", 1)
    schedule.stop()
    schedule.stop()
    await asyncio.sleep(100)
    assert len(fired.calls) == 1


async def test_what_a_timer_sets_off_cannot_stop_the_others(time: EngineClock) -> None:
    done = asyncio.Event()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["exception"]))

    def due(key: str, planned: float) -> None:
        if key == "bad":
            raise RuntimeError("on purpose")
        done.set()

    schedule = Schedule(due, time)
    schedule.start()
    schedule.at("bad", BEGIN, lambda planned, now: None)
    schedule.at("good", BEGIN + 1, lambda planned, now: None)
    async with asyncio.timeout(10):
        await done.wait()
    schedule.stop()
    assert [str(complaint) for complaint in complaints] == ["on purpose"]


@pytest.mark.slow
async def test_ten_thousand_timers(schedule: Schedule, fired: Fired) -> None:
    for number in range(10_000):
        schedule.at(f"{number}", BEGIN + 3600 + number, lambda planned, now: planned + 3600)
    schedule.at("near", BEGIN + 1, lambda planned, now: None)
    await fired.until("near", 1)
    assert len(schedule.keys()) == 10_000


@pytest.mark.parametrize("step", [-86400.0, -3600.0, 3600.0, 366 * 86400.0])
async def test_a_clock_that_is_set_neither_sets_off_nor_holds_up_a_timer(
    schedule: Schedule, fired: Fired, clock: VirtualClock, time: EngineClock, step: float
) -> None:
    """E-clock-set: with APScheduler alone nothing would be checked until it has caught up, or all at once."""
    begin = BEGIN + 10.0
    schedule.at("a", begin, lambda planned, now: planned + 10.0)
    await fired.until("a", 2)
    clock.put(step)
    assert await fired.until("a", 4) == [begin, begin + 10.0, begin + 20.0, begin + 30.0]
    assert time.catch_up() == step
    schedule.translate(step)
    assert schedule.next_time("a") == begin + 40.0 + step
    assert (await fired.until("a", 6))[-2:] == [begin + 40.0 + step, begin + 50.0 + step]
    assert time.now() == pytest.approx(begin + 50.0 + step, abs=0.001)


async def test_a_pause_lasts_as_long_as_it_does_whatever_the_clock_is_set_to(
    schedule: Schedule, fired: Fired, clock: VirtualClock, time: EngineClock
) -> None:
    """E-clock-set."""
    schedule.at("a", BEGIN + 10.0, lambda planned, now: None)
    schedule.pause()
    await asyncio.sleep(100.0)
    clock.put(-86400.0)
    time.catch_up()
    schedule.translate(-86400.0)
    assert schedule.paused_for == pytest.approx(100.0)
    schedule.resume()
    began = clock.steady()
    await fired.until("a", 1)
    assert clock.steady() - began == pytest.approx(10.0, abs=0.001)


@pytest.mark.slow
async def test_a_signal_is_not_lost_among_many_timers(schedule: Schedule) -> None:
    """The pipe that wakes the event loop for signals holds some hundred bytes."""
    caught = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, caught.set)
    try:
        for number in range(5_000):
            schedule.at(f"{number}", BEGIN + 3600, lambda planned, now: None)
        signal.raise_signal(signal.SIGUSR1)
        async with asyncio.timeout(10):
            assert await caught.wait()
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
