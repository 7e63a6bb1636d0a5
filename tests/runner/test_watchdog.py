"""Plugins that hold up the event loop are interrupted, and run as processes from then on."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.depend import ServiceKey
from pymon.model.result import Cause, CheckResult
from pymon.runner.limits import BanishmentLimits, RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.watchdog import Watchdog
from tests.runner.plugins import Body, made
from tests.runner.scripts import script

pytestmark = pytest.mark.slow

LIMIT = 0.2


@pytest.fixture(name="runner")
async def runner_fixture() -> AsyncIterator[PluginRunner]:
    """A runner that is less patient than the daemon's."""
    runner = PluginRunner(limits=RunnerLimits(blocking=LIMIT, grace=0.2))
    runner.start()
    yield runner
    runner.stop()


async def run(runner: PluginRunner, body: Body, *, repeats: bool = False) -> CheckResult:
    """One run of a plugin of this file."""
    return await runner.run(made(body, __file__), Invocation(__file__, (), {}), time_limit=30, repeats=repeats)


async def sleeps(_: Invocation) -> Answer:
    """Sleep as a program would."""
    time.sleep(60)  # noqa: ASYNC251  # that is the point, as in those below
    return Answer(0, "")


async def spins(_: Invocation) -> Answer:
    """An endless loop."""
    while True:
        pass


async def waits_for_a_process(_: Invocation) -> Answer:
    """Run a program and wait."""
    subprocess.run(["sleep", "60"], check=False)  # noqa: ASYNC221
    return Answer(0, "")


async def catches_exceptions(_: Invocation) -> Answer:
    """Go on whatever happens."""
    while True:
        try:
            time.sleep(0.01)  # noqa: ASYNC251
        except Exception:
            continue


async def backtracks(_: Invocation) -> Answer:
    """A regular expression that takes for ever, and keeps the interpreter lock all the while."""
    re.match(r"(a+)+$", "a" * 40 + "b")
    return Answer(0, "")


async def blocks_in_a_task(_: Invocation) -> Answer:
    """Let a task of its own do it."""
    await asyncio.gather(asyncio.create_task(_sleep()), return_exceptions=True)
    return Answer(0, "all well")


async def _sleep() -> None:
    time.sleep(60)  # noqa: ASYNC251


@pytest.mark.parametrize(
    "body",
    [sleeps, spins, waits_for_a_process, catches_exceptions, backtracks, blocks_in_a_task],
    ids=lambda b: b.__name__,
)
async def test_blocking_is_interrupted_and_told(
    runner: PluginRunner, body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    file = made(body, __file__)
    assert runner.can_run_in_process(file)
    result = await runner.run(file, Invocation(__file__, (), {}), time_limit=30)
    assert (result.exitval, result.cause) == (1, Cause.BLOCKED)
    summary, _, stack = result.output.partition("\n")
    assert summary.startswith(f"stopped: it blocked the event loop at {__file__} line ")
    assert Path(__file__).name in stack
    assert not runner.can_run_in_process(file)
    assert "it runs as a process until " in caplog.text


async def test_blocking_in_a_callback(runner: PluginRunner) -> None:
    async def body(_: Invocation) -> Answer:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, _context: None)
        loop.call_soon(time.sleep, 60)
        await asyncio.sleep(0.01)
        return Answer(0, "")

    assert (await run(runner, body)).cause is Cause.BLOCKED


async def test_what_catches_everything_is_interrupted_again(runner: PluginRunner) -> None:
    caught: list[str] = []

    async def body(_: Invocation) -> Answer:
        while len(caught) < 3:
            try:
                time.sleep(60)  # noqa: ASYNC251
            except BaseException as error:
                caught.append(type(error).__name__)
        return Answer(0, "")

    assert (await run(runner, body)).cause is Cause.BLOCKED
    assert caught == ["PluginBlocked"] * 3


async def test_then_the_file_runs_as_a_process(runner: PluginRunner, tmp_path: Path) -> None:
    path = script(tmp_path, "echo as a process; exit 6")
    file = made(sleeps, path)
    invocation = Invocation(str(path), (), {})
    assert (await runner.run(file, invocation, time_limit=30)).cause is Cause.BLOCKED
    result = await runner.run(file, invocation, time_limit=30)
    assert (result.exitval, result.output) == (6, "as a process\n")
    assert runner.can_run_in_process(made(sleeps, path))  # a new scan gives it a new chance


@pytest.mark.slow
async def test_e_banished_others_stay_inside_and_it_returns_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """E-banished: it is the service that misbehaves, not the file, and not for ever."""
    sinner, other = ServiceKey("web", "sinner"), ServiceKey("web", "other")
    path = script(tmp_path, "echo as a process")

    async def body(call: Invocation) -> Answer:
        if call.arguments:
            time.sleep(60)  # noqa: ASYNC251
        return Answer(0, "inside\n")

    limits = RunnerLimits(blocking=LIMIT, banishment=BanishmentLimits(first=1.5))
    runner, file = PluginRunner(limits=limits), made(body, path)
    runner.start()
    try:
        told: list[float] = []
        blocked = await runner.run(
            file, Invocation("x", ("block",), {}), time_limit=30, user=sinner,
            on_misbehaved=lambda _result, until: told.append(until),
        )  # fmt: skip
        assert blocked.cause is Cause.BLOCKED
        (term,) = runner.list_banished()
        assert (term.group, term.service) == ("web", "sinner")
        assert abs(term.until - told[0]) < 0.5
        assert (await runner.run(file, Invocation("x", (), {}), time_limit=30, user=sinner)).output == "as a process\n"
        assert (await runner.run(file, Invocation("x", (), {}), time_limit=30, user=other)).output == "inside\n"
        await asyncio.sleep(max(0.0, term.until - time.time()) + 0.01)
        assert not list(runner.list_banished())
        with caplog.at_level(logging.INFO, "pymon.plugin"):
            assert (await runner.run(file, Invocation("x", (), {}), time_limit=30, user=sinner)).output == "inside\n"
        assert "runs inside the daemon again for web/sinner" in caplog.text
    finally:
        runner.stop()


async def test_a_check_can_be_repeated_as_a_process_at_once(runner: PluginRunner, tmp_path: Path) -> None:
    path = script(tmp_path, "echo web1; exit 1")
    result = await runner.run(made(spins, path), Invocation(str(path), (), {}), time_limit=30, repeats=True)
    assert (result.exitval, result.output, result.cause) == (1, "web1\n", Cause.EXITED)


async def test_others_are_not_interrupted() -> None:
    """Many short steps that together hold the loop up for long are nobody's fault."""

    async def body(_: Invocation) -> Answer:
        for _turn in range(2):
            time.sleep(0.03)  # noqa: ASYNC251
            await asyncio.sleep(0)
        return Answer(0, "well")

    runner = PluginRunner(limits=RunnerLimits(blocking=0.5))
    runner.start()
    results = await asyncio.gather(*(run(runner, body) for _ in range(20)))
    runner.stop()
    assert {result.output for result in results} == {"well"}


async def test_pymons_own_steps_are_only_complained_of(runner: PluginRunner, caplog: pytest.LogCaptureFixture) -> None:
    assert runner.can_run_in_process(made(sleeps, __file__))
    time.sleep(3 * LIMIT)  # noqa: ASYNC251
    assert "the event loop is held up by pymon itself" in caplog.text
    assert Path(__file__).name in caplog.text


async def test_the_signal_is_given_back() -> None:
    watchdog = Watchdog(RunnerLimits(blocking=LIMIT))
    watchdog.start()
    assert watchdog.can_interrupt
    await asyncio.sleep(LIMIT)
    watchdog.stop()
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


async def test_a_sigalrm_that_is_taken_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    def theirs(_number: int, _frame: object) -> None:
        raise AssertionError("not to be called")

    signal.signal(signal.SIGALRM, theirs)
    try:
        watchdog = Watchdog(RunnerLimits(blocking=LIMIT))
        watchdog.start()
        assert not watchdog.can_interrupt
        assert signal.getsignal(signal.SIGALRM) is theirs
        watchdog.stop()
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert "cannot be interrupted here" in caplog.text


def test_outside_the_main_thread_delays_are_only_noted(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        watchdog = Watchdog(RunnerLimits(blocking=LIMIT))
        watchdog.start()
        assert not watchdog.can_interrupt
        await asyncio.sleep(0)
        time.sleep(3 * LIMIT)  # noqa: ASYNC251
        await asyncio.sleep(LIMIT)
        watchdog.stop()

    with caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=asyncio.run, args=(main(),))
        thread.start()
        thread.join()
    assert "the event loop was held up for " in caplog.text


async def test_the_heartbeat_costs_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer now and then, however often the event loop turns round."""
    loop = asyncio.get_running_loop()
    beats: list[float] = []
    call_later = loop.call_later

    def counting(delay: float, *callback: Any) -> asyncio.TimerHandle:
        beats.append(delay)
        return call_later(delay, *callback)

    monkeypatch.setattr(loop, "call_later", counting)
    watchdog = Watchdog()
    began = time.monotonic()
    watchdog.start()
    for _ in range(3000):
        await asyncio.sleep(0)
    took = time.monotonic() - began
    watchdog.stop()
    assert min(beats) >= watchdog.limit / 10
    assert 1 <= len(beats) <= 1 + 10 * took / watchdog.limit
