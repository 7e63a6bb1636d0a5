"""test.alert: date and arguments, as Debian's writes them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.alerts.conftest import ALERTS, RunAlert
from tests.peers import require_peer
from tests.tools import missing

ARGUMENTS = (
    "-s",
    "http",
    "-g",
    "web",
    "-h",
    "h1 h2",
    "-t",
    "1795466384",
    "-u",
    "www1 Server is  DOWN",
    "한글",
    "-Z",
    "--x",
)


async def test_line(run_alert: RunAlert, tmp_path: Path) -> None:
    """A-testlog: the log is in MON_LOGDIR."""
    assert await run_alert("test.alert", *ARGUMENTS, MON_LOGDIR=str(tmp_path)) == (0, "")
    assert await run_alert("test.alert", "-t", MON_LOGDIR=str(tmp_path)) == (0, "")
    first, second = (tmp_path / "test.alert.log").read_text().splitlines()
    date = r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \w+ \d{4} "
    assert re.fullmatch(date + re.escape(" ".join(ARGUMENTS)), first)
    assert re.fullmatch(date + "-t", second)


async def test_both_ways(both_ways: RunAlert, tmp_path: Path) -> None:
    assert await both_ways("test.alert", *ARGUMENTS, stdin="x\n", MON_LOGDIR=str(tmp_path)) == (0, "")
    assert (tmp_path / "test.alert.log").read_text().endswith(" ".join(ARGUMENTS) + "\n")


async def test_log_that_cannot_be_written(run_alert: RunAlert, tmp_path: Path) -> None:
    code, output = await run_alert("test.alert", MON_LOGDIR=str(tmp_path / "none"))
    assert code == 74
    assert output.startswith("test.alert: ")
    assert "No such file or directory" in output


@pytest.mark.peer
def test_same_line_as_debians(tmp_path: Path) -> None:
    """Both write the same, but for the time of day."""
    theirs = require_peer("test.alert")
    log = Path("/var/log/mon/test.alert.log")
    if not os.access(log.parent, os.W_OK):
        missing(f"Debian's test.alert writes to {log}, which this user may not")
    before = log.stat().st_size if log.exists() else 0
    environ = {**os.environ, "MON_LOGDIR": str(tmp_path), "LC_ALL": "C"}
    subprocess.run([theirs, *ARGUMENTS], env=environ, stdin=subprocess.DEVNULL, check=True, timeout=20)
    subprocess.run(
        [sys.executable, ALERTS / "test.alert", *ARGUMENTS],
        env=environ,
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=20,
    )
    with log.open("rb") as file:
        file.seek(before)
        line = file.read().splitlines()[-1]
    time = rb"\d\d:\d\d:\d\d"
    ours = (tmp_path / "test.alert.log").read_bytes().rstrip(b"\n")
    assert re.sub(time, b"TIME", ours) == re.sub(time, b"TIME", line)
