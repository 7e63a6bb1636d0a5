"""What a daemon may be started with, and must not suffer from: signals, descriptors, an unread log, hanging threads."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.addresses import listening
from tests.programs import write_program

pytestmark = pytest.mark.slow

FAILING = "#!/bin/sh\necho down >>calls\necho web1\nexit 1\n"
HANGING = """#!/usr/bin/env python3
import asyncio, time
from dataclasses import dataclass
from pathlib import Path
from pymon.plugin import Host, Monitor, Outcome, Up

@dataclass(frozen=True)
class Options:
    pass

async def probe(host: Host, options: Options) -> Outcome:
    Path("calls").write_text("down")
    await asyncio.to_thread(time.sleep, 60)
    return Up()

monitor = Monitor(Options, probe, about="Hangs in a thread.", look_up=False)
"""

BECOME_PYMON = "os.execv(sys.executable, [sys.executable, '-m', 'pymon.cli.main', 'run', '-c', 'mon.cf'])"

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``pymon run`` in an empty directory, on a monitor that writes to the file ``calls`` there.

    ``first`` is what the process does before it becomes pymon.
    """
    started: list[subprocess.Popen[bytes]] = []

    def run(monitor: str = FAILING, *, first: str = "", stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        program = tmp_path / "x.monitor"
        write_program(program, monitor)
        (tmp_path / "mon.cf").write_text(
            f"mondir = {tmp_path}\nstatedir = {tmp_path}\nlogdir = {tmp_path}\nrandstart = 1s\n{listening()}\n"
            "hostgroup web host1\n\nwatch web\n    service x\n        interval 1s\n        monitor x.monitor\n"
        )
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", f"import os, signal, sys\n{first}\n{BECOME_PYMON}"],
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_for_calls(directory: Path, number: int = 1, seconds: float = 20) -> None:
    """Until the monitor has run so often."""
    end = time.monotonic() + seconds
    calls = directory / "calls"
    while not calls.exists() or calls.read_text().count("down") < number:
        assert time.monotonic() < end, f"{number} checks did not come"
        time.sleep(0.02)


def end(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def test_an_ignored_sigchld_is_not_inherited(start: Start, tmp_path: Path) -> None:
    """The kernel would tell nobody how a monitor ended."""
    with (tmp_path / "log").open("wb") as log:
        daemon = start(first="signal.signal(signal.SIGCHLD, signal.SIG_IGN)", stderr=log.fileno())
        wait_for_calls(tmp_path, 2)
        assert end(daemon) == 0
    assert "failure for web x" in (text := (tmp_path / "log").read_text())
    assert "web1" in text
    assert "No child" not in text


def test_blocked_signals_are_not_inherited(start: Start, tmp_path: Path) -> None:
    daemon = start(first="signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGALRM})")
    wait_for_calls(tmp_path)
    assert end(daemon) == 0


@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)])
def test_closed_standard_descriptors(start: Start, tmp_path: Path, closed: tuple[int, ...]) -> None:
    daemon = start(first="".join(f"os.close({descriptor})\n" for descriptor in closed))
    wait_for_calls(tmp_path, 2)
    for descriptor in closed:
        assert Path(f"/proc/{daemon.pid}/fd/{descriptor}").readlink() == Path(os.devnull)
    assert end(daemon) == 0


LIMITS = "#!/bin/sh\necho down >>calls\nulimit -Sn >soft; ulimit -Hn >hard; mv hard done\n"


@pytest.mark.parametrize("soft", [100, 200, 1024])
def test_a_low_limit_of_open_files_is_raised_for_the_daemon_alone(start: Start, tmp_path: Path, soft: int) -> None:
    """E-limit: each check inside the daemon has a connection; programs get the limit that was there before."""
    hard = min(5000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    process = start(LIMITS, first=f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))")
    wait_for_calls(tmp_path, 2)
    patience = time.monotonic() + 20
    while resource.prlimit(process.pid, resource.RLIMIT_NOFILE) != (hard, hard):
        assert time.monotonic() < patience, "it is not raised"
        time.sleep(0.005)  # while it starts a program, the daemon has that program's limit for an instant
    assert (int((tmp_path / "soft").read_text()), int((tmp_path / "done").read_text())) == (soft, hard)
    assert end(process) == 0


@pytest.mark.parametrize(("hard", "starts"), [(20, False), (63, False), (64, True)])
def test_too_few_open_files_are_refused_with_the_remedy(start: Start, tmp_path: Path, hard: int, starts: bool) -> None:
    """E-limit."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, {hard}))"
    process = start(first=limit, stderr=subprocess.DEVNULL if starts else subprocess.PIPE)
    if starts:
        wait_for_calls(tmp_path, 2)
        assert end(process) == 0
    else:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert f"only {hard} open files are allowed to this process, and it needs 64" in errors.decode()
        assert "LimitNOFILE" in errors.decode()
        assert "Traceback" not in errors.decode()


def test_a_log_that_nobody_reads_does_not_hold_up_the_end(start: Start, tmp_path: Path) -> None:
    """A terminal stopped by Ctrl-S, or a pipe whose reader sleeps."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"x" * fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ))
        daemon = start(stderr=writing)
        wait_for_calls(tmp_path, 2)
        assert end(daemon) == 0
    finally:
        os.close(reading)
        os.close(writing)


def test_a_thread_of_a_plugin_that_hangs_does_not_hold_up_the_end(start: Start, tmp_path: Path) -> None:
    daemon = start(HANGING)
    wait_for_calls(tmp_path)
    assert end(daemon) == 0
