"""E-starved: a real daemon that lacks descriptors or threads blames no host, and ends when it is told to."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.addresses import listening
from tests.programs import write_program
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SERVICES = 80
ROOT = Path(__file__).parents[2]
THREADLESS = """
import os, runpy, sys, threading
start = threading._start_new_thread
def start_unless_forbidden(*arguments, **more):
    if os.path.exists("no-threads"):
        raise RuntimeError("can't start new thread")
    return start(*arguments, **more)
threading._start_new_thread = start_unless_forbidden
sys.argv = ["pymon", "run", "-c", "mon.cf", "--log", "json"]
runpy.run_module("pymon.cli.main", run_name="__main__")
"""
"""root is under no limit of threads, so they are refused where Python asks for them"""

ALERT = '#!/bin/sh\necho "$MON_CHECK $MON_SERVICE" >>told\n'


class Greeter:
    """A server that greets all who come, some time after they did, so that many wait for it at once."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.greeted = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                came, _ = self.listener.accept()
            except OSError:
                return
            threading.Timer(0.2, self._greet, (came,)).start()

    def _greet(self, came: socket.socket) -> None:
        self.greeted += 1
        with came:
            try:
                came.sendall(b"220 well\r\n")
                came.recv(100)
            except OSError:
                return

    def close(self) -> None:
        """Take no more."""
        self.listener.close()


@pytest.fixture
def greeter() -> Iterator[Greeter]:
    server = Greeter()
    yield server
    server.close()


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a daemon that checks SERVICES services of one monitor, with an alert for each."""
    started: list[subprocess.Popen[bytes]] = []

    def run(monitor: str, host: str, limit: int = 0) -> subprocess.Popen[bytes]:
        alert = tmp_path / "tell.alert"
        write_program(alert, ALERT)
        services = "".join(
            f" service s{number}\n  interval 1s\n  monitor {monitor}\n  period\n   alert tell.alert\n"
            for number in range(SERVICES)
        )
        (tmp_path / "mon.cf").write_text(
            f"mondir = {ROOT / 'monitors'}\nalertdir = {tmp_path}\nstatedir = {tmp_path}\nlogdir = {tmp_path}\n"
            f"historicfile = {tmp_path}/history\n{listening()}\nhostgroup here {host}\n\nwatch here\n{services}"
        )
        limits = f"import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))\n" if limit else ""
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", limits + THREADLESS],
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for something that a daemon must do before it ends."""
    log = folder / "log"
    wait_until(lambda: process.poll() is not None or condition(), limit=90, why=lambda: log.read_text()[-4000:])
    assert process.poll() is None, log.read_text()


def end(process: subprocess.Popen[bytes]) -> int:
    """End it by SIGTERM, within less than the 15 seconds that alone tell of waiting for what does not come."""
    process.send_signal(signal.SIGTERM)
    return process.wait(15)


def told(folder: Path) -> set[str]:
    """What alerts were told of the checks: ``ok``, ``failed``, ``broken``."""
    path = folder / "told"
    return {line.split()[0] for line in path.read_text().splitlines()} if path.exists() else set()


def messages(folder: Path) -> list[str]:
    """The log's."""
    lines = (folder / "log").read_text().splitlines()
    return [json.loads(line)["message"] for line in lines if line.startswith("{")]


@pytest.mark.parametrize("limit", [64, 80])
def test_few_descriptors_blame_no_host(start: Start, tmp_path: Path, greeter: Greeter, limit: int) -> None:
    daemon = start(f"ftp.monitor -p {greeter.port} -t 3", "127.0.0.1", limit)
    wait_for(lambda: greeter.greeted >= 2 * SERVICES, daemon, tmp_path)
    assert told(tmp_path) == set()
    assert any("throttled at" in message for message in messages(tmp_path))
    assert end(daemon) == 0


def test_descriptors_that_are_taken_away_blame_no_host(start: Start, tmp_path: Path, greeter: Greeter) -> None:
    daemon = start(f"ftp.monitor -p {greeter.port} -t 1", "127.0.0.1")
    wait_for(lambda: greeter.greeted >= SERVICES, daemon, tmp_path)
    hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (5, hard))
    wait_for(lambda: "short of what" in (tmp_path / "log").read_text(), daemon, tmp_path)
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (hard, hard))
    greeted = greeter.greeted
    wait_for(lambda: greeter.greeted >= greeted + SERVICES, daemon, tmp_path)
    assert "failed" not in told(tmp_path)
    assert end(daemon) == 0


def test_no_threads_blame_no_host_and_the_daemon_ends(start: Start, tmp_path: Path, greeter: Greeter) -> None:
    """Names are looked up in threads."""
    daemon = start(f"ftp.monitor -p {greeter.port} -t 1", "localhost")
    wait_for(lambda: greeter.greeted >= SERVICES, daemon, tmp_path)
    (tmp_path / "no-threads").touch()
    wait_for(lambda: told(tmp_path), daemon, tmp_path)
    assert told(tmp_path) == {"broken"}
    assert end(daemon) == 0


def test_a_daemon_that_never_had_a_thread_says_so(start: Start, tmp_path: Path) -> None:
    (tmp_path / "no-threads").touch()
    daemon = start("ftp.monitor -p 1", "127.0.0.1")
    assert daemon.wait(60) == 2
    assert "the system has too little for a daemon (no thread to be had)" in (tmp_path / "log").read_text()
