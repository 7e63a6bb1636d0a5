"""``mon``: mon's own command line, in a real process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import pymon
from pymon.cli.mon import _overrides, _parser, _with_two_dashes
from pymon.config.loader import load
from tests.addresses import listening
from tests.ports import free_port
from tests.programs import write_program
from tests.waiting import wait_until

MON = (sys.executable, "-m", "pymon.cli.mon")


def mon(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MON, *arguments], capture_output=True, text=True, timeout=30, check=False)


def overrides(*arguments: str) -> dict[str, object]:
    parser = _parser()
    return _overrides(parser.parse_args(_with_two_dashes(arguments, parser.long_options)))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {}),
        (("-A", "a.cf"), {"authfile": "a.cf"}),
        (("--authf", "a.cf"), {"authfile": "a.cf"}),
        (("-authfile", "a.cf"), {"authfile": "a.cf"}),
        (("-authfile=a.cf",), {"authfile": "a.cf"}),
        (("-a", "/x:/y", "-s", "/m"), {"alertdir": ("/x", "/y"), "mondir": ("/m",)}),
        (("-D", "/s", "-L", "/l", "-B", "/c"), {"statedir": "/s", "logdir": "/l", "cfbasedir": "/c"}),
        (("-k", "7", "-m", "20"), {"histlength": 7, "maxprocs": 20}),
        (("-p", "2583", "-t", "2584"), {"serverport": 2583, "trapport": 2584}),
        (("-k", "0", "-m", "0", "-p", "0"), {}),
        (("-P", ""), {"pidfile": ""}),
        (("-O", "local3", "-r", "1.5m"), {"syslog_facility": "local3", "randstart": 90.0}),
        (("-i", "1", "-d", "-d", "-S", "stray words"), {}),
    ],
)  # fmt: skip
def test_options_override_settings(arguments: tuple[str, ...], expected: dict[str, object]) -> None:
    assert overrides(*arguments) == expected


def test_relative_directories_are_under_basedir(tmp_path: Path) -> None:
    """As in mon; ``pymon run`` takes them from where one stands."""
    path = tmp_path / "mon.cf"
    path.write_text("hostgroup g h\n\nwatch g\n service s\n")
    settings = load(path, overrides=overrides("-D", "st", "-L", "logs", "-b", "/base")).site.settings
    assert (settings.statedir, settings.logdir) == ("/base/st", "/base/logs")


def test_optional_values() -> None:
    """C-preprocess: ``-M`` without a path is broken in mon."""
    parse = _parser().parse_args
    assert parse(["-M"]).m4 == "m4"
    assert parse(["-M", "/usr/bin/m4"]).m4 == "/usr/bin/m4"
    assert parse(["-l"]).loadstate == "disabled"
    assert parse(["-l", "all"]).loadstate == "all"


@pytest.mark.slow
def test_version_and_help() -> None:
    assert mon("-v").stdout == f"pymon {pymon.__version__}\n"
    shown = mon("--help")
    assert shown.returncode == 0
    assert "--syslogfacility" in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("-Z",), 2, "unrecognized arguments: -Z"),
        (("-r", "60"), 2, "bad randstart value"),
        (("-b", "/no/such/dir"), 2, "basedir /no/such/dir does not exist"),
        (("-c", "/no/such/mon.cf"), 1, "/no/such/mon.cf"),
        (("-l", "everything"), 2, "everything"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], status: int, text: str) -> None:
    """C-usage: after an unknown option mon exits with 0; other failures have arbitrary statuses."""
    ended = mon(*arguments)
    assert ended.returncode == status
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr


def configuration(tmp_path: Path) -> Path:
    write_program(tmp_path / "fine.monitor", "#!/bin/sh\nexit 0\n")
    file = tmp_path / "mon.cf"
    file.write_text(
        f"mondir = {tmp_path}\nstatedir = {tmp_path}\nlogdir = {tmp_path}\nmonerrfile = {tmp_path}/errors\n"
        f"{listening()}\n"
        "watch localhost\n    service x\n        interval 1s\n        monitor fine.monitor\n"
    )
    return file


def wait_for(pidfile: Path) -> None:
    wait_until(lambda: pidfile.exists() and pidfile.read_text().endswith("\n"), why=lambda: f"{pidfile} did not come")


@pytest.mark.slow
def test_fork_pidfile_and_term(tmp_path: Path) -> None:
    pidfile = tmp_path / "mon.pid"
    started = mon("-f", "-c", str(configuration(tmp_path)), "-P", str(pidfile))
    assert started.returncode == 0, started.stderr
    wait_for(pidfile)
    pid = int(pidfile.read_text())
    assert os.getsid(pid) != os.getsid(0), "it has a session of its own"
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pidfile.exists(), why=lambda: "the pid file stays")
    errors = tmp_path / "errors"
    wait_until(lambda: errors.read_text().endswith("stopped\n"), why=lambda: "it does not say that it has stopped")
    assert errors.read_text().startswith("Mon starting at ")
    assert errors.stat().st_mode & 0o777 == 0o640, "C-SECRETS: it tells what mon.cf says"


@pytest.mark.slow
def test_port_that_is_taken_keeps_it_from_starting(tmp_path: Path) -> None:
    """N-START: mon exits with 1 as well, and says nothing on the terminal."""
    file = configuration(tmp_path)
    address = re.findall(r"serverbind = (\S+)", file.read_text())[0]
    port = int(re.findall(r"serverport = (\d+)", file.read_text())[0])
    said = f"mon: cannot listen on {address} port {port} (TCP): it is in use by another process\n"
    with socket.create_server((address, port)):
        for options in ((), ("-f",)):
            ended = mon("-c", str(file), "-P", str(tmp_path / "pid"), *options)
            assert (ended.returncode, ended.stderr.endswith(said)) == (1, True), ended.stderr
            assert not (tmp_path / "pid").exists()
    assert said in (tmp_path / "errors").read_text()


@pytest.mark.slow
def test_term_ends_it_with_status_0(tmp_path: Path) -> None:
    """E-term: mon exits with 1. Q19: standard error has the log's lines, and nothing else."""
    pidfile = tmp_path / "pid"
    port = str(free_port())
    command = [*MON, "-c", str(configuration(tmp_path)), "-P", str(pidfile), "-l", "all", "-p", port]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for(pidfile)
        assert pidfile.read_text() == f"{process.pid}\n"
        process.terminate()
        _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    assert not pidfile.exists()
    assert "caught TERM signal, exiting" in errors
    assert "cannot read" in errors, "-l says what it did not find"
    assert re.search(rf"listening for clients on 127\.[0-9.]+ port {port} \(TCP\)", errors)
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} [a-z]+ | {4}", line) for line in errors.splitlines()), errors


@pytest.mark.slow
def test_a_second_daemon_is_kept_away(tmp_path: Path) -> None:
    """E-second: two would send each alert twice."""
    pidfile = tmp_path / "pid"
    arguments = ("-c", str(configuration(tmp_path)), "-P", str(pidfile))
    with subprocess.Popen([*MON, *arguments], stderr=subprocess.PIPE, text=True) as process:
        wait_for(pidfile)
        second = mon(*arguments)
        assert second.returncode == 1
        assert f"another daemon runs already, as process {process.pid}: it holds {pidfile}" in second.stderr
        assert pidfile.read_text() == f"{process.pid}\n"
        process.terminate()
        process.communicate(timeout=90)
    pidfile.write_text("999999999\n")
    with subprocess.Popen([*MON, *arguments], stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: pidfile.read_text() == f"{process.pid}\n", why=lambda: "the stale pid file stays")
        process.terminate()
        assert "stopped" in process.communicate(timeout=90)[1], "a file that a dead one left is no hindrance"
