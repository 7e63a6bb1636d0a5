"""The timer: it fires on its grid, can be moved, paused and removed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest

from pymon.engine.schedule import Schedule
from tests.clocks import SettableClock, run_in_virtual_time


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
        async with asyncio.timeout(100):
            while len(self.of(key)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(key)[:count]


@pytest.fixture
async def fired() -> Fired:
    return Fired()


@pytest.fixture
async def schedule(fired: Fired) -> AsyncIterator[Schedule]:
    schedule = Schedule(fired)
    schedule.start()
    yield schedule
    schedule.stop()


@pytest.mark.slow
async def test_fires_on_its_grid(schedule: Schedule, fired: Fired) -> None:
    begin = time.time() + 0.05
    schedule.at("a", begin, lambda planned, now: planned + 0.05)
    times = await fired.until("a", 4)
    assert times == pytest.approx([begin + 0.05 * n for n in range(4)], abs=1e-3)


async def test_a_timer_without_a_following_instant_ends(schedule: Schedule, fired: Fired) -> None:
    schedule.at("once", time.time(), lambda planned, now: None)
    schedule.at("other", time.time() + 0.1, lambda planned, now: None)
    await fired.until("other", 1)
    assert len(fired.of("once")) == 1
    assert schedule.keys() == []
    assert schedule.next_time("once") is None


@pytest.mark.slow
async def test_time_stands_still_in_a_pause(schedule: Schedule, fired: Fired) -> None:
    begin = time.time() + 0.1
    schedule.at("a", begin, lambda planned, now: None)
    schedule.pause()
    schedule.pause()
    await asyncio.sleep(0.2)  # the timer would have fired
    assert fired.calls == []
    assert schedule.paused_for == pytest.approx(0.2, abs=0.1)
    pause = schedule.paused_for
    schedule.resume()
    schedule.resume()
    assert schedule.paused_for == 0
    assert schedule.next_time("a") == pytest.approx(begin + pause, abs=0.01)
    assert await fired.until("a", 1) == pytest.approx([begin + pause], abs=0.01)


async def test_a_schedule_may_be_paused_before_it_starts(fired: Fired) -> None:
    schedule = Schedule(fired)
    schedule.pause()
    schedule.start()
    schedule.resume()
    schedule.at("a", time.time(), lambda planned, now: None)
    await fired.until("a", 1)
    schedule.stop()


async def test_move_and_remove(schedule: Schedule, fired: Fired) -> None:
    far = time.time() + 3600
    schedule.at("moved", far, lambda planned, now: None)
    schedule.at("removed", time.time() + 0.05, lambda planned, now: None)
    assert schedule.next_time("moved") == pytest.approx(far, abs=1e-3)
    schedule.remove("removed")
    near = time.time() + 0.1
    schedule.move("moved", near)
    assert await fired.until("moved", 1) == pytest.approx([near], abs=1e-3)
    assert fired.of("removed") == []
    schedule.remove("never heard of")
    schedule.move("never heard of", near)
    assert schedule.keys() == []


@pytest.mark.slow
async def test_a_late_timer_fires_once_and_goes_on(schedule: Schedule, fired: Fired) -> None:
    begin = time.time() - 1
    schedule.at("late", begin, lambda planned, now: planned + 0.3)
    planned = await fired.until("late", 2)
    assert planned[0] == pytest.approx(begin + 0.9, abs=1e-3)
    assert planned[1] == pytest.approx(begin + 1.2, abs=1e-3)


async def test_pause_and_resume(schedule: Schedule, fired: Fired) -> None:
    schedule.pause()
    schedule.at("a", time.time(), lambda planned, now: None)
    await asyncio.sleep(0.05)  # nothing is to happen: there is no event to wait for
    assert fired.calls == []
    schedule.resume()
    await fired.until("a", 1)


async def test_what_a_timer_sets_off_cannot_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["exception"]))

    def due(key: str, planned: float) -> None:
        if key == "bad":
            raise RuntimeError("on purpose")
        done.set()

    schedule = Schedule(due)
    schedule.start()
    schedule.at("bad", time.time(), lambda planned, now: None)
    schedule.at("good", time.time() + 0.05, lambda planned, now: None)
    async with asyncio.timeout(10):
        await done.wait()
    schedule.stop()
    assert [str(complaint) for complaint in complaints] == ["on purpose"]


@pytest.mark.slow
async def test_ten_thousand_timers(schedule: Schedule, fired: Fired) -> None:
    begin = time.time() + 0.5
    for number in range(10_000):
        schedule.at(f"{number}", begin + 3600 + number, lambda planned, now: planned + 3600)
    schedule.at("near", begin, lambda planned, now: None)
    await fired.until("near", 1)
    assert len(schedule.keys()) == 10_000


@pytest.mark.parametrize("step", [-86400.0, -3600.0, 3600.0, 366 * 86400.0])
def test_a_clock_that_is_set_neither_sets_off_nor_holds_up_a_timer(step: float) -> None:
    """E-clock-set: with APScheduler alone nothing would be checked until it has caught up, or all at once."""

    async def body(clock: SettableClock) -> None:
        fired = Fired()
        schedule = Schedule(fired, clock.now)
        schedule.start()
        begin = clock.now() + 10.0
        schedule.at("a", begin, lambda planned, now: planned + 10.0)
        await fired.until("a", 2)
        clock.put(step)
        assert await fired.until("a", 4) == [begin, begin + 10.0, begin + 20.0, begin + 30.0]
        assert clock.look() == step
        schedule.translate(step)
        assert schedule.next_time("a") == begin + 40.0 + step
        assert (await fired.until("a", 6))[-2:] == [begin + 40.0 + step, begin + 50.0 + step]
        assert clock.now() == pytest.approx(begin + 50.0 + step, abs=1.0)
        schedule.stop()

    run_in_virtual_time(body)


def test_a_pause_lasts_as_long_as_it_does_whatever_the_clock_is_set_to() -> None:
    """E-clock-set."""

    async def body(clock: SettableClock) -> None:
        fired = Fired()
        schedule = Schedule(fired, clock.now)
        schedule.start()
        schedule.at("a", clock.now() + 10.0, lambda planned, now: None)
        schedule.pause()
        await asyncio.sleep(100.0)
        clock.put(-86400.0)
        clock.look()
        schedule.translate(-86400.0)
        assert schedule.paused_for == pytest.approx(100.0)
        schedule.resume()
        began = asyncio.get_running_loop().time()
        await fired.until("a", 1)
        assert asyncio.get_running_loop().time() - began == pytest.approx(10.0, abs=0.1)
        schedule.stop()

    run_in_virtual_time(body)


@pytest.mark.slow
async def test_a_signal_is_not_lost_among_many_timers(schedule: Schedule) -> None:
    """The pipe that wakes the event loop for signals holds some hundred bytes."""
    caught = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, caught.set)
    try:
        for number in range(5_000):
            schedule.at(f"{number}", time.time() + 3600, lambda planned, now: None)
        signal.raise_signal(signal.SIGUSR1)
        async with asyncio.timeout(10):
            await caught.wait()
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
