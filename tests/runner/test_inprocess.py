"""One run inside the daemon: whatever a plugin does, the answer is a result."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.result import OUTPUT_LIMIT, Cause, CheckResult
from pymon.process.execution import TIMED_OUT_EXIT
from pymon.runner.containment import PluginExit
from pymon.runner.inprocess import run_inprocess
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from tests.runner.plugins import Body, Made, made

INVOCATION = Invocation(__file__, ("a", "b"), {"MON_GROUP": "web"})


class Run:
    """Runs plugins contained as in the daemon: from the first run of a test to its end."""

    def __init__(self) -> None:
        self.runner = PluginRunner()

    async def __call__(self, body: Body, time_limit: float = 10.0, grace: float = 0.2) -> CheckResult:
        """One run."""
        self.runner.start()
        return (
            await run_inprocess(Made(body), INVOCATION, time_limit=time_limit, limits=RunnerLimits(grace=grace))
        ).result


@pytest.fixture(name="run")
async def run_fixture() -> AsyncIterator[Run]:
    """The containment begins in the test itself, for pytest exchanges sys.stdout between set-up and test."""
    run = Run()
    yield run
    run.runner.stop()


async def test_arguments_environment_output_and_exit_code(run: Run) -> None:
    async def body(invocation: Invocation) -> Answer:
        return Answer(7, f"{invocation.arguments} {invocation.environ['MON_GROUP']}\n\udcff")

    result = await run(body)
    assert (result.exitval, result.output, result.cause) == (7, "('a', 'b') web\n\udcff", Cause.EXITED)
    assert result.duration >= 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("wrong\nand more"), "ValueError: wrong ("),
        (KeyboardInterrupt(), "KeyboardInterrupt ("),
        (GeneratorExit(), "GeneratorExit ("),
        (BaseException("base"), "BaseException: base ("),
        (RecursionError("deep"), "RecursionError: deep ("),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"), "UnicodeEncodeError: "),
        (ExceptionGroup("several", [OSError("one")]), "ExceptionGroup: several (1 sub-exception) ("),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_it_raises_is_a_result_that_says_where(run: Run, error: BaseException, words: str) -> None:
    async def body(_: Invocation) -> NoReturn:
        print("before")
        raise error

    result = await run(body)
    assert (result.exitval, result.cause) == (1, Cause.RAISED)
    summary, _, detail = result.output.partition("\n")
    assert summary.startswith(words)
    assert f"({__file__} line " in summary
    assert detail.startswith("before\n")
    assert "raise error" in detail


async def test_cancelling_itself_is_a_result(run: Run) -> None:
    async def body(_: Invocation) -> Answer:
        raise asyncio.CancelledError

    result = await run(body)
    assert (result.exitval, result.cause) == (1, Cause.RAISED)
    assert result.output.startswith("CancelledError: the plugin cancelled itself")


@pytest.mark.parametrize(
    ("code", "expected"), [(3, (3, "said\n")), (0, (0, "said\n")), (None, (0, "said\n")), ("text", (1, "said\ntext\n"))]
)
async def test_sys_exit_means_what_it_means_in_a_process(
    run: Run, code: int | str | None, expected: tuple[int, str]
) -> None:
    async def body(_: Invocation) -> NoReturn:
        print("said")
        sys.exit(code)

    result = await run(body)
    assert (result.exitval, result.output) == expected
    program = f"import sys; sys.stderr = sys.stdout; print('said'); sys.exit({code!r})"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == expected


@pytest.mark.parametrize(
    "answer",
    [None, 3, (1,), (0, "x"), Answer("1", "x"), Answer(1, b"x"), Answer(0, None), Answer(0, "", None)],  # type: ignore[arg-type]  # that is the point
)
async def test_a_wrong_answer_is_a_result(run: Run, answer: object) -> None:
    async def body(_: Invocation) -> Answer:
        return answer  # type: ignore[return-value]  # that is the point

    result = await run(body)
    assert (result.exitval, result.cause) == (1, Cause.RAISED)
    assert result.output == f"run() returned {answer!r}, not an Answer(exit code, output, measurements)\n"


async def test_exit_codes_are_bytes_as_the_systems_are(run: Run) -> None:
    async def body(_: Invocation) -> Answer:
        return Answer(256 + 7, "")

    assert (await run(body)).exitval == 7


async def test_prints_are_output_also_from_tasks_and_threads(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    async def body(_: Invocation) -> Answer:
        print("one")
        await asyncio.create_task(asyncio.to_thread(print, "two", file=sys.stderr))
        return Answer(0, "three\n")

    result = await run(body)
    print("the daemon's own")
    assert result.output == "one\ntwo\nthree\n"
    assert capsys.readouterr().out == "the daemon's own\n"


async def test_two_runs_at_once_do_not_mix_their_prints(run: Run) -> None:
    async def body(_: Invocation) -> Answer:
        for _turn in range(5):
            print(id(asyncio.current_task()))
            await asyncio.sleep(0)
        return Answer(0, "")

    first, second = await asyncio.gather(run(body), run(body))
    assert len(set(first.output.split())) == len(set(second.output.split())) == 1
    assert first.output != second.output


@pytest.mark.parametrize("by_print", [True, False])
async def test_flood_is_cut(run: Run, by_print: bool) -> None:
    async def body(_: Invocation) -> Answer:
        if by_print:
            for _turn in range(50):
                print("x" * 65535)
            return Answer(3, "")
        return Answer(3, "x" * 5_000_000)

    result = await run(body)
    assert result.exitval == 3
    assert len(result.output) < OUTPUT_LIMIT + 200
    assert result.output.rstrip("\n").rpartition("\n")[2].startswith("[output cut: ")


async def test_time_limit_tells_where_it_was(run: Run) -> None:
    cleaned = asyncio.Event()

    async def body(_: Invocation) -> Answer:
        print("halfway")
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.set()
        return Answer(0, "")

    result = await run(body, time_limit=0.1)
    assert (result.exitval, result.cause) == (TIMED_OUT_EXIT, Cause.TIMED_OUT)
    summary, where, printed = result.output.splitlines()
    assert summary.startswith("timeout: no result after ")
    assert where.startswith(f"waiting at {__file__} line ")
    assert printed == "halfway"
    assert cleaned.is_set()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # when such a coroutine is collected
@pytest.mark.parametrize("caught", [asyncio.CancelledError, BaseException])
def test_a_plugin_that_swallows_its_cancellation_hangs_neither_the_run_nor_the_end_of_the_loop(
    caught: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def body(_: Invocation) -> Answer:
        while True:
            with contextlib.suppress(caught):
                await asyncio.sleep(60)

    ran = asyncio.run(run_inprocess(Made(body), INVOCATION, time_limit=0.1, limits=RunnerLimits(grace=0.1)))
    assert ran.result.cause is Cause.TIMED_OUT
    assert not ran.behaved
    assert "goes on although it was cancelled" in caplog.text


async def test_tasks_left_behind_are_cancelled(run: Run) -> None:
    left: list[asyncio.Task[None]] = []

    async def child() -> None:
        left.append(asyncio.create_task(asyncio.sleep(60)))
        await asyncio.sleep(60)

    async def body(_: Invocation) -> Answer:
        left.append(asyncio.create_task(child()))
        await asyncio.sleep(0.01)
        return Answer(0, "")

    assert (await run(body)).exitval == 0
    assert len(left) == 2
    await asyncio.wait(left, timeout=5)
    assert all(task.cancelled() for task in left)


async def test_tasks_left_behind_are_told_of_once_for_each_plugin(caplog: pytest.LogCaptureFixture) -> None:
    left: list[asyncio.Task[None]] = []

    async def body(_: Invocation) -> Answer:
        left.append(asyncio.create_task(asyncio.sleep(60)))
        await asyncio.sleep(0)
        return Answer(0, "")

    caplog.set_level(logging.INFO, "pymon.plugin")
    runner = PluginRunner()
    runner.start()
    try:
        for path in ("/x/one.monitor", "/x/other.monitor"):
            file = made(body, path)
            for _turn in range(3):
                await runner.run(file, Invocation(path, (), {}), time_limit=10)
    finally:
        runner.stop()
    assert len(left) == 6
    what = "left tasks behind (1 in this run); they are cancelled (told once)"
    assert caplog.messages == [f"/x/one.monitor {what}", f"/x/other.monitor {what}"]


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()], ids=["SystemExit", "KeyboardInterrupt"])
async def test_what_ends_programs_does_not_leave_a_plugins_task(run: Run, error: BaseException) -> None:
    async def child() -> None:
        await asyncio.sleep(0)
        raise error

    async def body(_: Invocation) -> Answer:
        with pytest.raises(PluginExit):
            await asyncio.create_task(child())
        return Answer(0, "lives")

    assert (await run(body)).output == "lives"


async def test_exit_in_a_task_group_is_a_result(run: Run) -> None:
    async def child() -> None:
        sys.exit("no more")

    async def body(_: Invocation) -> Answer:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            group.create_task(asyncio.sleep(60))
        return Answer(0, "")

    result = await run(body)
    assert result.cause is Cause.RAISED
    assert "SystemExit: no more" in result.output


async def test_cancelling_the_run_cancels_the_plugin(run: Run) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def body(_: Invocation) -> Answer:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return Answer(0, "")

    task = asyncio.create_task(run(body))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_the_daemons_own_tasks_are_nobodys(run: Run) -> None:
    async def body(_: Invocation) -> Answer:
        return Answer(0, "")

    own = asyncio.create_task(asyncio.sleep(0.05, "done"))
    await run(body)
    assert await own == "done"
    diverted = sys.stdout
    run.runner.stop()
    assert sys.stdout is not diverted
    assert asyncio.get_running_loop().get_task_factory() is None


async def test_a_plugins_log_lines_are_the_daemons(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def body(_: Invocation) -> Answer:
        logging.getLogger("plugin").warning("seen from %s", Path(__file__).name)
        return Answer(0, "")

    assert (await run(body)).output == ""
    assert "seen from test_inprocess.py" in caplog.text


async def test_what_it_printed_can_be_written_anywhere_also_after_a_timeout(run: Run) -> None:
    async def body(invocation: Invocation) -> Answer:
        print("\ud800" + "x" * OUTPUT_LIMIT)
        await asyncio.sleep(60)
        return Answer(0, "")

    result = await run(body, time_limit=0.05)
    assert result.cause is Cause.TIMED_OUT
    assert len(result.output.encode("utf-8", "surrogateescape")) <= OUTPUT_LIMIT + 100
