"""Alerts as the daemon runs them: loaded from their files, called with arguments, environment and input."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pymon.model.invocation import Invocation
from pymon.runner.registry import load

ALERTS = Path(__file__).resolve().parents[2] / "alerts"

RunAlert = Callable[..., Awaitable[tuple[int, str]]]
"""``await run_alert("file.alert", "-s", "http", stdin="…", MON_ALERTTYPE="up")`` → exit code and output"""


async def run_alert(name: str, *arguments: str, stdin: str = "", **environ: str) -> tuple[int, str]:
    """Run an alert inside this process; the environment is PATH and what is given."""
    path = ALERTS / name
    file = load(name, str(path))
    assert file.plugin is not None, file.problem
    call = Invocation(str(path), arguments, {"PATH": os.environ["PATH"], **environ}, stdin)
    answer = await file.plugin.run(call)
    return answer.exitval, answer.output


@pytest.fixture(name="run_alert")
def run_alert_fixture() -> RunAlert:
    return run_alert
