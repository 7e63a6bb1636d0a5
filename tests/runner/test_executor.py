"""The executor of this machine: what becomes of an order."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pymon.contract.check_json import order_from_json, order_to_json
from pymon.contract.check_order import CheckOrder
from pymon.contract.invocation import Invocation
from pymon.contract.plugin import Answer
from pymon.model.depend import ServiceKey
from pymon.model.result import LOCAL, Cause, CheckOutcome, CheckResult
from pymon.runner.executor import LocalExecutor, MissingMonitor
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile
from tests.runner.plugins import made
from tests.runner.scripts import BASE, script

KEY = ServiceKey("web", "http")


def ordered(
    monitor: str = "a.monitor", *arguments: str, inprocess: bool = True, limit: float = 20.0, **environment: str
) -> CheckOrder:
    """An order of web/http, as it comes over a wire."""
    order = CheckOrder(KEY, monitor, arguments, ("web1",), environment, limit, inprocess)
    return order_from_json(order_to_json(order))


class Machine:
    """A machine with some monitors, and what it told of itself."""

    def __init__(self) -> None:
        self.runner = PluginRunner(limits=RunnerLimits(blocking=0.2, grace=0.2))
        self.executor = LocalExecutor(self.runner, {**BASE, "OWN": "base", "MON_GROUP": "base"})
        self.monitors: dict[str, PluginFile | MissingMonitor] = {}
        self.processes: list[tuple[ServiceKey, int]] = []
        self.misbehaved: list[tuple[ServiceKey, CheckResult]] = []
        self.executor.connect(
            lambda name: self.monitors.get(name, MissingMonitor(f"no monitor {name!r} in /here")),
            on_process=lambda key, pid: self.processes.append((key, pid)),
            on_misbehaved=lambda key, result, _until: self.misbehaved.append((key, result)),
        )


@pytest.fixture(name="machine")
async def machine_fixture() -> AsyncIterator[Machine]:
    """One that watches what blocks it."""
    machine = Machine()
    machine.runner.start()
    yield machine
    machine.runner.stop()


@pytest.mark.asyncio
async def test_an_order_adds_to_the_environment_of_its_executor(machine: Machine, tmp_path: Path) -> None:
    path = script(tmp_path, 'echo "$0 $* $OWN $MON_GROUP $X $$"; exit 3')
    machine.monitors["a.monitor"] = PluginFile("a.monitor", str(path))
    result = await machine.executor.execute(ordered("a.monitor", "-p", "80", "web1", MON_GROUP="web", X="y"))
    ((key, pid),) = machine.processes
    assert result.output == f"{path} -p 80 web1 base web y {pid}\n"
    assert (result.exitval, result.outcome, result.source, key) == (3, CheckOutcome.FAILED, LOCAL, KEY)
    assert result.duration > 0


@pytest.mark.asyncio
async def test_a_monitor_runs_inside_where_the_order_has_it_so(machine: Machine, tmp_path: Path) -> None:
    async def body(invocation: Invocation) -> Answer:
        return Answer(0, f"{os.getpid()} {invocation.environ['OWN']}\n")

    path = script(tmp_path, "echo a process")
    machine.monitors["a.monitor"] = made(body, path)
    assert not machine.executor.needs_process(KEY, "a.monitor", inprocess=True)
    assert machine.executor.needs_process(KEY, "a.monitor", inprocess=False)
    assert (await machine.executor.execute(ordered())).output == f"{os.getpid()} base\n"
    assert not machine.processes
    assert (await machine.executor.execute(ordered(inprocess=False))).output == "a process\n"
    assert len(machine.processes) == 1


@pytest.mark.slow
@pytest.mark.asyncio
async def test_one_that_blocks_is_told_of_and_repeated_as_a_process(machine: Machine, tmp_path: Path) -> None:
    async def body(_invocation: Invocation) -> Answer:
        while True:
            pass

    machine.monitors["a.monitor"] = made(body, script(tmp_path, "echo a process"))
    assert (await machine.executor.execute(ordered())).output == "a process\n"
    ((key, blocked),) = machine.misbehaved
    assert (key, blocked.cause) == (KEY, Cause.BLOCKED)
    assert machine.executor.needs_process(KEY, "a.monitor", inprocess=True)


@pytest.mark.parametrize(
    ("missing", "exitval"),
    [(MissingMonitor("no monitor 'x' in /here"), 127), (MissingMonitor("monitor 'x' cannot be run", exists=True), 126)],
)
@pytest.mark.asyncio
async def test_a_monitor_that_is_missing_breaks_the_check(
    machine: Machine, missing: MissingMonitor, exitval: int
) -> None:
    machine.monitors["x"] = missing
    assert machine.executor.needs_process(KEY, "x", inprocess=True)
    result = await machine.executor.execute(ordered("x"))
    assert (result.output, result.exitval) == (f"{missing.why}\n", exitval)
    assert (result.outcome, result.cause) == (CheckOutcome.BROKEN, Cause.NOT_STARTED)


@pytest.mark.asyncio
async def test_an_executor_that_is_not_connected_breaks_its_checks() -> None:
    result = await LocalExecutor(PluginRunner(), BASE).execute(ordered())
    assert (result.outcome, result.output) == (
        CheckOutcome.BROKEN,
        "no monitor 'a.monitor': the executor is not connected\n",
    )
