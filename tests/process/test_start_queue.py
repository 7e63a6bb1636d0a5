"""S-starting: programs start one after the other, and others have their turn between them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pymon.process.execution import run_process
from pymon.process.start_queue import STARTED_FOR, StartQueue
from tests.runner.scripts import call, script

HOURS = 10_000.0


async def _settle() -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(50):
        await asyncio.sleep(0)


class Starters:
    """Tasks that start something, and stay until they are told that it has ended."""

    def __init__(self, starting: StartQueue) -> None:
        self.starting = starting
        self.started: list[str] = []
        self.starts: asyncio.Queue[str] = asyncio.Queue()
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, name: str, purpose: str = "check") -> None:
        """Have one more ask for a turn."""
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._start(name, purpose))

    async def _start(self, name: str, purpose: str) -> None:
        STARTED_FOR.set(purpose)
        async with self.starting.wait_turn():
            self.started.append(name)
            self.starts.put_nowait(name)
            await self.ends[name].wait()

    async def end(self) -> None:
        """End them all."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_one_starts_in_each_turn_of_the_loop_and_others_run_between() -> None:
    starters = Starters(StartQueue(young=HOURS, young_limit=100))
    turns: list[int] = []
    for number in range(20):
        starters.ask(str(number))
    for _ in range(30):
        turns.append(len(starters.started))
        await asyncio.sleep(0)
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) == 1, "two have started without anybody else having a turn"
    assert starters.started == [str(number) for number in range(20)]
    await starters.end()


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_no_more_are_young_than_may_be_and_an_end_makes_room(limit: int) -> None:
    starters = Starters(StartQueue(young=HOURS, young_limit=limit))
    for number in range(10):
        starters.ask(str(number))
    await _settle()
    assert len(starters.started) == limit
    starters.ends["0"].set()
    await _settle()
    assert len(starters.started) == limit + 1
    await starters.end()


async def test_age_makes_room_and_is_counted_once() -> None:
    starters = Starters(StartQueue(young=0.001, young_limit=1))
    for number in range(5):
        starters.ask(str(number))
    for _ in range(5):
        await starters.starts.get()
    for name in list(starters.ends):  # most are old: their end makes no more room
        starters.ends[name].set()
    await _settle()
    starters.starting._young_for = HOURS
    for number in range(5, 9):
        starters.ask(str(number))
    await _settle()
    assert starters.started == ["0", "1", "2", "3", "4", "5"]
    await starters.end()


async def test_checks_and_alerts_take_turns_each_in_their_order() -> None:
    starters = Starters(StartQueue(young=HOURS, young_limit=100))
    for number in range(6):
        starters.ask(f"a{number}", "alert")
    for number in range(3):
        starters.ask(f"c{number}", "check")
    await _settle()
    assert starters.started == ["a0", "c0", "a1", "c1", "a2", "c2", "a3", "a4", "a5"]
    await starters.end()


async def _cancel_waiting(starters: Starters) -> None:
    starters.tasks["1"].cancel()


async def _cancel_as_its_turn_comes(starters: Starters) -> None:
    starters.ends["0"].set()
    for _ in range(50):
        if starters.starting._young == 1 and "1" not in starters.started:
            starters.tasks["1"].cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize("cancel", [_cancel_waiting, _cancel_as_its_turn_comes])
async def test_a_cancelled_one_takes_no_turn(cancel: Callable[[Starters], object]) -> None:
    starters = Starters(StartQueue(young=HOURS, young_limit=1))
    for number in range(3):
        starters.ask(str(number))
    await _settle()
    assert starters.started == ["0"]
    result = cancel(starters)
    assert asyncio.iscoroutine(result)
    await result
    starters.ends["0"].set()
    await _settle()
    assert "2" in starters.started
    starters.ends["2"].set()
    await _settle()
    async with AsyncExitStack() as stack:
        await asyncio.wait_for(stack.enter_async_context(starters.starting.wait_turn()), 10)
    await starters.end()


async def test_the_loop_has_its_turn_between_any_two_starts_of_programs(tmp_path: Path) -> None:
    program = script(tmp_path, "exit 0\n")
    turn, begun = 0, []
    loop = asyncio.get_running_loop()

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    loop.call_soon(count)
    runs = [
        run_process([str(program)], call(program), time_limit=60.0, on_start=lambda _: begun.append(turn))
        for _ in range(60)
    ]
    results = await asyncio.gather(*runs)
    assert [result.exitval for result in results] == [0] * 60
    assert len(set(begun)) == 60, "several programs have started in the same turn of the event loop"
