"""Hold-ups: what is one, who is told, and what becomes of runs that fell into one."""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.result import Cause, CheckOutcome, CheckResult
from pymon.runner.event_loop import DaemonLoop
from pymon.runner.loop_delays import HoldUps
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from tests.programs import write_program
from tests.runner.plugins import made

pytestmark = pytest.mark.slow

HELD = 1.3
"""seconds: a hold-up"""


class Steady:
    """A clock as a test sets it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("gap", "is_one"), [(0.25, False), (0.99, False), (1.0, True), (60.0, True), (8 * 3600.0, True)]
)
def test_a_second_without_a_sign_of_life_is_a_hold_up(gap: float, is_one: bool) -> None:
    """E-hold-up."""
    steady = Steady()
    told: list[float] = []
    holdups = HoldUps(steady)
    holdups.observe(told.append)
    mark = holdups.mark()
    steady.now += 3600.0
    assert holdups.since(mark) == 0.0  # nobody watches yet
    holdups.start()
    mark = holdups.mark()
    steady.now += gap
    assert holdups.since(mark) == (gap if is_one else 0.0)  # whoever asks first notices
    assert told == ([gap] if is_one else [])
    assert holdups.since(holdups.mark()) == 0.0
    holdups.stop()
    steady.now += 3600.0
    assert holdups.since(mark) == (gap if is_one else 0.0)


def test_an_observer_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    steady = Steady()
    told: list[float] = []

    def fails(_seconds: float) -> None:
        raise RuntimeError("on purpose")

    holdups = HoldUps(steady)
    holdups.observe(fails)
    holdups.observe(told.append)
    holdups.start()
    steady.now += 2.0
    holdups.note_alive()
    assert told == [2.0]
    assert "on purpose" in caplog.text


class Runs:
    """A plugin that is held up in the first of its runs, or in all of them, and says how each ended."""

    def __init__(self, held_up: int, exitval: int = 1) -> None:
        self.held_up, self.exitval, self.count = held_up, exitval, 0

    async def __call__(self, invocation: Invocation) -> Answer:
        self.count += 1
        if self.count <= self.held_up:
            asyncio.get_running_loop().call_soon(time.sleep, HELD, context=Context())  # by somebody else
            await asyncio.sleep(0.01)
        return Answer(self.exitval if self.count <= max(self.held_up, 1) else 0, f"run {self.count}\n")


async def run(runs: Runs, *, repeats: bool = True) -> CheckResult:
    runner = PluginRunner()
    runner.start()
    try:
        await asyncio.sleep(0)
        return await runner.run(made(runs, __file__), Invocation(__file__, (), {}), time_limit=30, repeats=repeats)
    finally:
        runner.stop()


async def test_a_check_that_ends_badly_over_a_hold_up_is_run_again() -> None:
    """E-hold-up."""
    runs = Runs(held_up=1)
    result = await run(runs)
    assert (runs.count, result.output, result.outcome) == (2, "run 2\n", CheckOutcome.OK)


async def test_a_check_that_ends_well_over_a_hold_up_is_well() -> None:
    runs = Runs(held_up=1, exitval=0)
    result = await run(runs)
    assert (runs.count, result.outcome) == (1, CheckOutcome.OK)


async def test_a_check_that_is_held_up_twice_is_broken() -> None:
    """E-hold-up: it is not tried for ever."""
    runs = Runs(held_up=5)
    result = await run(runs)
    assert (runs.count, result.cause, result.outcome) == (2, Cause.HELD_UP, CheckOutcome.BROKEN)
    assert result.output.startswith("pymon was held up for ")
    assert "run 2" in result.output


async def test_a_check_without_a_hold_up_is_judged() -> None:
    runs = Runs(held_up=0)
    result = await run(runs)
    assert (runs.count, result.outcome) == (1, CheckOutcome.FAILED)


async def test_an_alert_is_not_repeated() -> None:
    """It may have done its work."""
    runs = Runs(held_up=1)
    result = await run(runs, repeats=False)
    assert (runs.count, result.exitval) == (1, 1)


async def test_a_program_that_comes_to_its_own_end_is_judged_the_second_time(tmp_path: Path) -> None:
    """E-hold-up: it does not depend on the event loop. The first time its machine may have slept with it."""
    path = tmp_path / "x.monitor"
    write_program(path, f"#!/bin/sh\necho run >>{tmp_path}/runs\nsleep 0.5\necho refused\nexit 1\n")
    runner = PluginRunner()
    runner.start()
    loop = asyncio.get_running_loop()
    holding = [loop.call_later(0.2 + number * 1.5, time.sleep, HELD) for number in range(3)]
    try:
        result = await runner.run(
            PluginFile("x.monitor", str(path)), Invocation(str(path), (), {}), time_limit=30, repeats=True
        )
    finally:
        runner.stop()
        for each in holding:
            each.cancel()
    assert (result.exitval, result.cause) == (1, Cause.EXITED)
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


async def test_a_program_that_has_ended_is_no_timeout(tmp_path: Path) -> None:
    """E-hold-up: it ended in time, and the event loop, which was held up, looks at its timers first."""
    path = tmp_path / "x.monitor"
    write_program(path, "#!/bin/sh\nsleep 0.2\necho fine\n")
    loop = asyncio.get_running_loop()
    loop.call_later(0.1, time.sleep, HELD)
    result = await PluginRunner().run(PluginFile("x.monitor", str(path)), Invocation(str(path), (), {}), time_limit=1.0)
    assert (result.exitval, result.output) == (0, "fine\n")


# The daemon's event loop


def test_its_clock_stands_still_in_a_hold_up() -> None:
    """E-hold-up: a limit has as long to go as it had."""

    async def body() -> None:
        loop = asyncio.get_running_loop()
        late: list[float] = []
        assert isinstance(loop, DaemonLoop)
        loop.on_hold_up(lambda: late.append(loop.time()))
        await asyncio.sleep(0.01)
        began = loop.time()
        loop.call_soon(time.sleep, HELD)
        async with asyncio.timeout(HELD / 2):
            await asyncio.sleep(HELD / 4)
        assert loop.time() - began < HELD
        assert len(late) == 1

    with asyncio.Runner(loop_factory=DaemonLoop) as runner:
        runner.run(body())


def test_limits_end_where_each_turn_is_a_hold_up() -> None:
    """E-hold-up: a machine that is overloaded for good still judges."""

    async def body() -> int:
        loop = asyncio.get_running_loop()
        turns = 0

        def overload() -> None:
            nonlocal turns
            turns += 1
            time.sleep(1.01)
            loop.call_soon(overload)

        loop.call_soon(overload)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.Event().wait()
        return turns

    with asyncio.Runner(loop_factory=DaemonLoop) as runner:
        assert runner.run(body()) <= 5


def test_what_came_is_read_before_timers_run_out() -> None:
    """E-hold-up: also after a signal, when epoll says that nothing has come."""

    async def body() -> list[str]:
        import socket  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        seen: list[str] = []
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        loop.add_reader(ours, lambda: seen.append(ours.recv(10).decode()))
        loop.call_later(0.1, seen.append, "limit")
        loop.call_soon(theirs.send, b"answer")
        loop.call_soon(time.sleep, HELD)
        while len(seen) < 2:  # noqa: ASYNC110  # two callbacks
            await asyncio.sleep(0.01)
        loop.remove_reader(ours)
        ours.close()
        theirs.close()
        return seen

    with asyncio.Runner(loop_factory=DaemonLoop) as runner:
        assert runner.run(body()) == ["answer", "limit"]
