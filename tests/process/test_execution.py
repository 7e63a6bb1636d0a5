"""One run as a process: mon's contract, and everything a program can do wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymon.model.result import OUTPUT_LIMIT, Cause, CheckResult
from pymon.process.execution import TIMED_OUT_EXIT, run_process
from pymon.process.limits import ProcessLimits
from pymon.scarcity import waiting
from tests.runner.scripts import call, script
from tests.waiting import until


async def run(path: Path, *arguments: str, time_limit: float = 20.0, **options: bool | float) -> CheckResult:
    """Run with little environment."""
    return await run_process(
        [str(path)],
        call(path, *arguments),
        time_limit=time_limit,
        reap_group=bool(options.get("reap_group", True)),
        limits=ProcessLimits(grace=float(options.get("grace", 2.0))),
    )


def is_gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def open_descriptors() -> list[int]:
    """The file descriptors of this process."""
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]


async def wait_until_written(mark: Path) -> None:
    """Wait for a file to appear."""
    await until(mark.exists, why=lambda: f"{mark} was not written")


async def wait_until_gone(pid: int) -> None:
    """Wait for another's process to end."""
    await until(lambda: is_gone(pid), why=lambda: f"process {pid} is still there")


async def test_contract(tmp_path: Path) -> None:
    path = script(tmp_path, 'echo "$0"; for a; do echo "[$a]"; done; echo "$MON_X"; echo err >&2; cat; exit 3')
    environ = {"MON_X": "한글 \udcff"}
    result = await run_process([str(path)], call(path, "a b", "$x", "", environ=environ), time_limit=20)
    assert result.output == f"{path}\n[a b]\n[$x]\n[]\n한글 \udcff\nerr\n"
    assert (result.exitval, result.cause) == (3, Cause.EXITED)
    assert 0 < result.duration < 10


async def test_environment_is_exactly_the_one_given(tmp_path: Path) -> None:
    path = script(tmp_path, "import os; print(sorted(os.environb))", interpreter=sys.executable)
    environ = {"A": "1", "LC_ALL": "C.UTF-8"}
    invocation = call(path, environ=environ)
    result = await run_process([str(path)], invocation, time_limit=20)
    assert result.output == str(sorted(name.encode() for name in invocation.environ)) + "\n"


async def test_nul_in_an_environment_value_is_replaced(tmp_path: Path) -> None:
    """M-nul: in mon the value ends there."""
    path = script(tmp_path, 'echo "$X"')
    result = await run_process([str(path)], call(path, environ={"X": "a\0b"}), time_limit=20)
    assert result.output == "a\ufffdb\n"


@pytest.mark.parametrize("size", [10, 1 << 20])
async def test_text_on_standard_input(tmp_path: Path, size: int) -> None:
    path = script(tmp_path, "wc -c")
    text = "é" * (size // 2)
    result = await run_process([str(path)], call(path, stdin=text), time_limit=20)
    assert result.output.strip() == str(size)


async def test_a_program_that_does_not_read_its_input(tmp_path: Path) -> None:
    path = script(tmp_path, "exec <&-; echo done")
    result = await run_process([str(path)], call(path, stdin="x" * (1 << 20)), time_limit=20)
    assert (result.exitval, result.output) == (0, "done\n")


async def test_own_session_and_process_group(tmp_path: Path) -> None:
    path = script(tmp_path, "ps -o pid=,pgid=,sid= -p $$")
    pid, group, session = (await run(path)).output.split()
    assert pid == group == session


async def test_script_without_interpreter_line_is_the_shells(tmp_path: Path) -> None:
    path = script(tmp_path, 'echo "sh $0 $1"; exit 4', interpreter="")
    result = await run(path, "x")
    assert (result.exitval, result.output) == (4, f"sh {path} x\n")


@pytest.mark.parametrize(
    ("make", "words", "exitval"),
    [
        (lambda folder: folder / "missing", "No such file or directory", 127),
        (
            lambda folder: script(folder, "", interpreter="/no/such/perl -w"),
            *("interpreter is missing (#!/no/such/perl -w)", 127),
        ),
        (lambda folder: folder, "Permission denied", 126),
    ],
)
async def test_what_cannot_be_started(tmp_path: Path, make: object, words: str, exitval: int) -> None:
    """M-exec: with mon the failure has no summary."""
    assert callable(make)
    path: Path = make(tmp_path)
    result = await run(path)
    assert (result.exitval, result.cause) == (exitval, Cause.NOT_STARTED)
    summary, _, detail = result.output.partition("\n")
    assert summary.startswith(f"cannot run {path}: ")
    assert words in summary
    assert detail == ""


async def test_too_long_an_argument_is_a_result(tmp_path: Path) -> None:
    result = await run(script(tmp_path, "true"), "x" * (1 << 18))
    assert (result.exitval, result.cause) == (126, Cause.NOT_STARTED)
    assert "Argument list too long" in result.output


async def test_nul_in_an_argument_is_a_result(tmp_path: Path) -> None:
    result = await run(script(tmp_path, "true"), "a\0b")
    assert (result.exitval, result.cause) == (126, Cause.NOT_STARTED)
    assert "null byte" in result.output


@contextmanager
def no_descriptors() -> Iterator[list[int]]:
    """Open files until there are no more; what is closed of these can be used again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(open_descriptors())
    held = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
    try:
        while True:
            try:
                held.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        yield held
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
async def test_out_of_descriptors_for_the_whole_time_limit_is_a_result(tmp_path: Path) -> None:
    path = script(tmp_path, "true")
    with no_descriptors():
        result = await run(path, time_limit=0.2)
    assert result.cause is Cause.STARVED
    assert "Too many open files" in result.output
    assert (await run(path)).exitval == 0


async def test_out_of_descriptors_for_a_moment_is_waited_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_WARNED", {})
    path = script(tmp_path, "echo well; exit 3")
    with no_descriptors() as held:
        running = asyncio.create_task(run(path))
        await asyncio.sleep(0.01)
        assert "Too many open files" in caplog.text
        while held:
            os.close(held.pop())
        result = await running
    assert (result.exitval, result.output, result.cause) == (3, "well\n", Cause.EXITED)


async def test_ended_by_signal_is_a_failure_q2(tmp_path: Path) -> None:
    """Q2: mon takes a monitor that was killed for a success."""
    result = await run(script(tmp_path, "kill -KILL $$"))
    assert (result.exitval, result.cause) == (137, Cause.SIGNALED)
    assert result.output == "ended by signal 9 (SIGKILL)\n"
    result = await run(script(tmp_path, "echo web1; kill -SEGV $$"))
    assert (result.exitval, result.output) == (139, "web1\n")


async def test_bytes_that_are_not_utf8_survive(tmp_path: Path) -> None:
    result = await run(script(tmp_path, r"printf '\377\000\303\251'"))
    assert result.output.encode("utf-8", "surrogateescape") == b"\xff\x00\xc3\xa9"


async def test_flood_is_cut_and_does_not_block_the_program(tmp_path: Path) -> None:
    """M-output: mon keeps all, and reads 64 KiB a second."""
    path = script(tmp_path, "head -c 5000000 /dev/zero | tr '\\0' x; exit 7")
    result = await run(path)
    assert result.exitval == 7
    kept, _, notice = result.output.rstrip("\n").rpartition("\n")
    assert len(kept) == OUTPUT_LIMIT
    assert notice == f"[output cut: {5_000_000 - OUTPUT_LIMIT} more bytes were not kept]"


@pytest.mark.slow
async def test_time_limit(tmp_path: Path) -> None:
    """M-limit: mon waits for a monitor for ever."""
    path = script(tmp_path, "echo halfway; sleep 60")
    result = await run(path, time_limit=0.2)
    assert (result.exitval, result.cause) == (TIMED_OUT_EXIT, Cause.TIMED_OUT)
    summary, _, detail = result.output.partition("\n")
    assert summary.startswith("timeout: no result after ")
    assert detail == "halfway\n"
    assert result.duration < 10


@pytest.mark.slow
async def test_what_ignores_sigterm_gets_sigkill_and_so_do_its_children(tmp_path: Path) -> None:
    path = script(tmp_path, "trap '' TERM\n(trap '' TERM; exec sleep 60) &\necho $!\nwhile :; do sleep 0.05; done")
    result = await run(path, time_limit=0.3, grace=0.2)
    assert result.cause is Cause.TIMED_OUT
    await wait_until_gone(int(result.output.splitlines()[1]))


async def test_child_left_behind_keeps_nobody_waiting_and_is_killed(tmp_path: Path) -> None:
    """M-group: mon lets it run."""
    path = script(tmp_path, "sleep 60 &\necho $!")
    result = await run(path)
    assert result.duration < 10
    await wait_until_gone(int(result.output))


async def test_child_left_behind_may_be_spared(tmp_path: Path) -> None:
    path = script(tmp_path, "sleep 60 >/dev/null 2>&1 &\necho $!")
    pid = int((await run(path, reap_group=False)).output)
    assert not is_gone(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
async def test_pipes_closed_early(tmp_path: Path) -> None:
    result = await run(script(tmp_path, "echo before; exec >&- 2>&-; sleep 0.2; exit 5"))
    assert (result.exitval, result.output) == (5, "before\n")


async def test_cancellation_ends_the_process(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    path = script(tmp_path, f"echo $$ >{mark}.new; mv {mark}.new {mark}; sleep 60")
    task = asyncio.create_task(run(path))
    await wait_until_written(mark)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int(mark.read_text()))


async def test_second_cancellation_kills_at_once(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    path = script(tmp_path, f"trap '' TERM; echo $$ >{mark}.new; mv {mark}.new {mark}; while :; do sleep 0.05; done")
    task = asyncio.create_task(run(path, grace=60.0))
    await wait_until_written(mark)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), 5)
    await wait_until_gone(int(mark.read_text()))


async def test_kernel_without_pidfd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, flags: int = 0) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    result = await run(script(tmp_path, "echo x; sleep 0.1; exit 9"))
    assert (result.exitval, result.output) == (9, "x\n")


async def test_nothing_is_left_open_after_many_runs(tmp_path: Path) -> None:
    path = script(tmp_path, "exit 0")
    before = len(open_descriptors())
    results = await asyncio.gather(*(run(path) for _ in range(60)))
    assert {result.exitval for result in results} == {0}
    assert len(open_descriptors()) == before


async def test_a_program_that_is_just_being_written_is_run_when_it_is_there(tmp_path: Path) -> None:
    """An upgrade, or another thread's fork that has it open still, is no reason for an alarm."""
    path = script(tmp_path, "exit 3")
    with path.open("r+"):
        task = asyncio.create_task(run_process([str(path)], call(path), time_limit=20))
        for _ in range(20):
            await asyncio.sleep(0.001)
    assert (await task).exitval == 3
