"""Alerts as the daemon runs them: loaded from their files, called with arguments, environment and input."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.model.result import Cause
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, load

ALERTS = Path(__file__).resolve().parents[2] / "alerts"

RunAlert = Callable[..., Awaitable[tuple[int, str]]]
"""``await run_alert("file.alert", "-s", "http", stdin="…", MON_ALERTTYPE="up")`` → exit code and output"""


def _call(name: str, arguments: tuple[str, ...], stdin: str, environ: dict[str, str]) -> tuple[PluginFile, Invocation]:
    path = ALERTS / name
    file = load(name, str(path))
    assert file.plugin is not None, file.problem
    return file, Invocation(str(path), arguments, {"PATH": os.environ["PATH"], **environ}, stdin)


async def run_alert(name: str, *arguments: str, stdin: str = "", **environ: str) -> tuple[int, str]:
    """Run an alert inside this process; the environment is PATH and what is given."""
    file, call = _call(name, arguments, stdin, environ)
    assert file.plugin is not None
    answer = await file.plugin.run(call)
    return answer.exitval, answer.output


async def run_as_daemon(
    inprocess: bool, name: str, *arguments: str, stdin: str = "", **environ: str
) -> tuple[int, str]:
    """The same by the daemon's runner, inside or as a process; an alert may not hang, nor block the loop."""
    file, call = _call(name, arguments, stdin, environ)
    runner = PluginRunner()
    runner.start()
    try:
        result = await runner.run(file, call, time_limit=30, inprocess=inprocess)
    finally:
        runner.stop()
    assert result.cause is Cause.EXITED, result.output
    assert "Traceback" not in result.output, result.output
    return result.exitval, result.output


@pytest.fixture(name="run_alert")
def run_alert_fixture() -> RunAlert:
    return run_alert


@pytest.fixture(name="both_ways", params=[True, False], ids=["inside", "process"])
def both_ways_fixture(request: pytest.FixtureRequest) -> RunAlert:
    """Runs an alert each of the two ways; the test asserts the same of both."""

    async def run(name: str, *arguments: str, stdin: str = "", **environ: str) -> tuple[int, str]:
        return await run_as_daemon(bool(request.param), name, *arguments, stdin=stdin, **environ)

    return run
