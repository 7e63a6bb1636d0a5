"""The choice between the two ways of running, and that there is always a result."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.result import Cause
from pymon.plugin import run_command
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, load
from tests.runner.plugins import made
from tests.runner.scripts import BASE, script

SDK_PLUGIN = """
import os, sys
from dataclasses import dataclass
from pymon.plugin import Call, Report, SetMonitor, option

@dataclass(frozen=True)
class Options:
    exit: int = option("-e", default=0, about="exit code")

async def check(call: Call[Options]) -> Report:
    print("printed")
    return Report(call.options.exit, " ".join(call.hosts), f"{call.environ['MON_GROUP']} {sys.argv[0] == __file__}\\n")

monitor = SetMonitor(Options, check, about="x")

if __name__ == "__main__":
    monitor.main()
"""


async def inside(_: Invocation) -> Answer:
    """A plugin."""
    return Answer(0, "inside\n")


async def test_inside_where_it_may_and_as_a_process_where_not(tmp_path: Path) -> None:
    path = script(tmp_path, "echo outside")
    runner = PluginRunner()
    file, invocation = made(inside, path), Invocation(str(path), (), BASE)
    assert (await runner.run(file, invocation, time_limit=20)).output == "inside\n"
    assert (await runner.run(file, invocation, time_limit=20, inprocess=False)).output == "outside\n"
    program = PluginFile("x", str(path))
    assert not runner.can_run_in_process(program)
    assert (await runner.run(program, invocation, time_limit=20)).output == "outside\n"


async def test_both_ways_give_the_same(tmp_path: Path) -> None:
    """The executable finds pymon although its first line names an interpreter that has none."""
    path = script(tmp_path, SDK_PLUGIN, interpreter="/no/such/python3")
    file = load("a.monitor", str(path))
    assert file.plugin is not None
    invocation = Invocation(str(path), ("-e", "3", "web1", "web2"), BASE | {"MON_GROUP": "한"})
    runner = PluginRunner()
    runner.start()
    try:
        within = await runner.run(file, invocation, time_limit=20)
        outside = await runner.run(file, invocation, time_limit=20, inprocess=False)
    finally:
        runner.stop()
    assert outside.output == "printed\nweb1 web2\n한 True\n"
    assert within.output == "printed\nweb1 web2\n한 False\n"  # sys.argv is the daemon's: the one difference
    assert (within.exitval, within.cause) == (outside.exitval, outside.cause) == (3, Cause.EXITED)


async def test_a_python_plugin_that_cannot_be_imported_runs_under_pymons_interpreter(tmp_path: Path) -> None:
    path = script(tmp_path, "import pymon.plugin.monitor, sys\nprint(sys.executable)", interpreter="/no/such/python3")
    file = load("a.monitor", str(path))
    assert file.problem
    result = await PluginRunner().run(file, Invocation(str(path), (), BASE), time_limit=20)
    assert result.output == f"{sys.executable}\n"


@pytest.mark.slow
async def test_a_plugin_that_outlives_its_cancellation_is_banished(tmp_path: Path) -> None:
    async def stubborn(_: Invocation) -> Answer:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    path = script(tmp_path, "echo outside")
    runner = PluginRunner(limits=RunnerLimits(grace=0.1))
    file = made(stubborn, path)
    result = await runner.run(file, Invocation(str(path), (), BASE), time_limit=0.1)
    assert result.cause is Cause.TIMED_OUT
    assert not runner.can_run_in_process(file)


class Defective(PluginFile):
    """A plugin that pymon cannot even begin to run."""

    @property
    def command(self) -> tuple[str, ...]:
        raise RuntimeError("defect")


async def test_even_a_defect_of_pymons_own_is_a_result(caplog: pytest.LogCaptureFixture) -> None:
    result = await PluginRunner().run(Defective("x", "/x"), Invocation("/x", (), {}), time_limit=1)
    assert (result.exitval, result.cause) == (1, Cause.NOT_STARTED)
    assert result.output == "pymon could not run /x: defect\n"
    assert "running /x failed" in caplog.text


async def test_start_and_stop_may_be_repeated() -> None:
    runner = PluginRunner()
    stdout = sys.stdout
    for _ in range(2):
        runner.start()
        runner.start()
        runner.stop()
        runner.stop()
    assert sys.stdout is stdout


async def test_programs_of_checks_inside_are_limited_and_all_run(tmp_path: Path) -> None:
    """M-programs: nagios.monitor runs one for each host, beside what maxprocs says."""
    noted = tmp_path / "noted"

    async def body(invocation: Invocation) -> Answer:
        text = f"echo 1 >>{noted}; sleep 0.03; echo -1 >>{noted}"
        commands = (run_command(["/bin/sh", "-c", text], invocation.environ, time_limit=20) for _ in range(3))
        return Answer(max(result.exitval for result in await asyncio.gather(*commands)), "")

    runner, file = PluginRunner(limits=RunnerLimits(programs=2)), made(body, tmp_path)
    run = [runner.run(file, Invocation("x", (), BASE), time_limit=20) for _ in range(3)]
    assert [result.exitval for result in await asyncio.gather(*run)] == [0, 0, 0]
    running = list(itertools.accumulate(map(int, noted.read_text().split())))
    assert (len(running), max(running)) == (18, 2)


@pytest.mark.slow
async def test_a_run_that_is_cancelled_while_its_program_waits_takes_no_place(tmp_path: Path) -> None:
    async def body(invocation: Invocation) -> Answer:
        result = await run_command(["/bin/sh", "-c", invocation.arguments[0]], invocation.environ, time_limit=20)
        return Answer(result.exitval, result.output)

    runner, file = PluginRunner(limits=RunnerLimits(programs=1)), made(body, tmp_path)
    first = asyncio.create_task(runner.run(file, Invocation("x", ("sleep 60",), BASE), time_limit=0.3))
    for _ in range(10):
        await asyncio.sleep(0)
    waiting = await runner.run(file, Invocation("x", ("echo never",), BASE), time_limit=0.1)
    assert waiting.cause is Cause.TIMED_OUT
    assert (await first).cause is Cause.TIMED_OUT
    assert (await runner.run(file, Invocation("x", ("echo here",), BASE), time_limit=20)).output == "here\n"
