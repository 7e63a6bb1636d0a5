"""The plugins of docs/plugins, in shell, Perl and Go: verdicts, summaries, measurements, bad options."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.plugin.testing import hang_up, listening, nobody, run_monitor, say_nothing
from pymon.runner.registry import load
from tests.ahead import Queues
from tests.differential import servers
from tests.differential.examples import EXAMPLES, EXPIRY, greet, tls
from tests.servers.certificates import Authority
from tests.tools import RequireTool

AGE = EXAMPLES / "age.monitor"
GREETING = EXAMPLES / "greeting.monitor"


in_go = pytest.mark.ahead(EXPIRY)


@pytest.fixture(name="expiry")
def expiry_fixture(require_tool: RequireTool, queues: Queues, tmp_path: Path) -> Path:
    require_tool("go", package="golang-go", why="the example in Go")
    path = tmp_path / "expiry.monitor"
    path.write_bytes(queues.result(EXPIRY))
    path.chmod(0o755)
    return path


def test_files_written_lately_are_well(tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.touch()
    trial = run_monitor(AGE, "-m", "5", str(file))
    assert (trial.exitval, trial.output) == (0, "")
    assert trial.measured("age", str(file))[0] < 60


def test_old_and_missing_files_fail(tmp_path: Path) -> None:
    old, new, missing = tmp_path / "old", tmp_path / "new", tmp_path / "-x"
    for file in (old, new):
        file.touch()
    os.utime(old, (time.time() - 601, time.time() - 601))
    trial = run_monitor(AGE, "-m", "5", *map(str, (old, new, missing)))
    assert (trial.exitval, trial.summary) == (1, f"{old} {missing}")
    assert trial.detail == f"{old} is 10 minutes old\n{missing} is not there\n"


def test_age_refuses_other_options() -> None:
    assert run_monitor(AGE, "-m", "soon", "/").output == "age.monitor: -m wants whole minutes, not 'soon'\n"
    assert run_monitor(AGE, "-x").exitval == 2


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_age_is_for_any_shell(shell: str, require_tool: RequireTool, tmp_path: Path) -> None:
    done = subprocess.run(
        [require_tool(shell), AGE, tmp_path / "no"], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, f"{tmp_path}/no\n{tmp_path}/no is not there\n", "")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_server_that_greets(host: str, require_tool: RequireTool) -> None:
    require_tool("perl")
    with listening(greet, host) as port:
        well = run_monitor(GREETING, "-p", str(port), host)
        ill = run_monitor(GREETING, "-p", str(port), "-e", "SSH", host)
    assert (well.exitval, well.output) == (0, "")
    assert 0 < well.measured("time", host)[0] < 10
    assert (ill.exitval, ill.output) == (1, f"{host}\n{host}: it greets with '220 ready'\n")
    assert ill.measurements == ()


def test_hosts_in_one_run(require_tool: RequireTool) -> None:
    require_tool("perl")
    with listening(greet) as port:
        trial = run_monitor(GREETING, "-p", str(port), "127.0.0.2", "127.0.0.1", "127.0.0.3")
    assert (trial.exitval, trial.summary) == (1, "127.0.0.2 127.0.0.3")
    assert trial.measured("time", "127.0.0.1")


@pytest.mark.slow
def test_servers_that_do_not_greet(require_tool: RequireTool) -> None:
    require_tool("perl")
    with listening(say_nothing) as silent, listening(hang_up) as gone, nobody() as closed:
        said = {
            reason: run_monitor(GREETING, "-t", "0.3", "-p", str(port), "127.0.0.1").detail
            for port, reason in ((silent, "timeout"), (gone, "it hung up"), (closed, "Connection refused"))
        }
    assert said == {reason: f"127.0.0.1: {reason}\n" for reason in said}
    assert run_monitor(GREETING, "--nonsense").exitval == 2


@pytest.fixture(name="secured")
def secured_fixture() -> Iterator[str]:
    """The port of a server whose certificate ends in 30 days."""
    with servers.serving(tls(Authority())) as server:
        server.open()
        yield str(server.port)


@in_go
def test_a_certificate_that_lasts(expiry: Path, secured: str) -> None:
    trial = run_monitor(expiry, "-p", secured, "127.0.0.1")
    assert (trial.exitval, trial.output) == (0, "")
    assert trial.measured("expiry", "127.0.0.1") == [pytest.approx(30, abs=0.1)]
    assert trial.measurements[0].unit == "d"


@in_go
def test_a_certificate_that_ends_soon(expiry: Path, secured: str) -> None:
    trial = run_monitor(expiry, "-p", secured, "-d", "31", "127.0.0.1", "127.0.0.1")
    assert (trial.exitval, trial.summary) == (1, "127.0.0.1")
    assert trial.detail.startswith("127.0.0.1: its certificate ends in ")


@pytest.mark.slow
@in_go
def test_nobody_to_ask_for_a_certificate(expiry: Path) -> None:
    def rubbish(connection: socket.socket) -> None:
        connection.sendall(b"220 no TLS here\r\n")

    with listening(say_nothing) as silent, listening(rubbish) as plain, nobody() as closed:
        trials = [
            run_monitor(expiry, "-t", "0.5", "-p", str(port), "127.0.0.1", "::1") for port in (silent, plain, closed)
        ]
    assert [(trial.exitval, trial.summary) for trial in trials] == [(1, "127.0.0.1 ::1")] * 3
    assert "refused" in trials[2].detail
    assert "deadline exceeded" in trials[0].detail


@pytest.mark.slow
@in_go
def test_the_daemon_runs_them_as_programs(expiry: Path) -> None:
    for path in (AGE, GREETING, expiry):
        file = load(path.name, str(path))
        assert (file.plugin, file.problem, file.command) == (None, "", (str(path),))
