"""``pymon.plugin.testing``: what it gives to authors' tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from pymon.plugin.testing import (
    EventKind,
    hang_up,
    listening,
    nobody,
    reset,
    run_alert,
    run_monitor,
    say_nothing,
    try_alert,
    try_monitor,
)
from pymon.workbench.scaffold import write_draft
from tests.programs import write_program

SHARED = Path(__file__).resolve().parents[2]
TCP = SHARED / "monitors/tcp.monitor"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_listener_answers_each_connection(host: str) -> None:
    with listening(lambda connection: connection.sendall(connection.recv(10).upper()), host) as port:
        for text in (b"one", b"two"):
            with socket.create_connection((host, port), timeout=10) as connection:
                connection.sendall(text)
                assert connection.recv(10) == text.upper()
                assert connection.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=10)


def test_what_an_answer_raises_fails_the_test() -> None:
    def answer(_connection: socket.socket) -> None:
        raise KeyError("wrong")

    with pytest.raises(KeyError, match="wrong"), listening(answer) as port:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()


@pytest.mark.slow
def test_a_listener_ends_although_somebody_is_silent() -> None:
    with listening(say_nothing) as port:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    with connection:
        assert connection.recv(10) == b""


def ask(port: int) -> bytes:
    with socket.socket() as connection:
        connection.connect(("127.0.0.1", port))  # a reset may come as early as this
        return connection.recv(10)


def test_answers_that_are_none() -> None:
    with listening(hang_up) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(10) == b""
    with listening(reset) as port, pytest.raises(ConnectionResetError):
        ask(port)
    with nobody() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


async def test_within_a_test_that_is_a_coroutine() -> None:
    with listening(say_nothing) as port:
        trial = await try_monitor(TCP, "-p", str(port), "127.0.0.1", environ={"COLOUR": "blue"})
    assert (trial.exitval, trial.output) == (0, "")
    assert trial.invocation.environ["COLOUR"] == "blue"
    assert trial.invocation.environ["MON_GROUP"] == "trial"


async def test_tasks_of_the_test_are_not_the_plugins(tmp_path: Path) -> None:
    """A server in the test's own event loop has tasks for its connections."""

    done: asyncio.Queue[None] = asyncio.Queue()

    async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.read()
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
        done.put_nowait(None)

    server = await asyncio.start_server(linger, "127.0.0.1", 0)
    async with server:
        path, _ = write_draft("own.monitor", tmp_path)
        trial = await try_monitor(path, "-p", str(server.sockets[0].getsockname()[1]), "127.0.0.1")
        for _ in (trial.process, trial.inside):
            await done.get()
    assert trial.inside is not None


def test_misbehaviour_fails_the_test(tmp_path: Path) -> None:
    path, _ = write_draft("own.monitor", tmp_path)
    path.write_text(path.read_text().replace("if __name__", "import os\n\nif os.getpid() and __name__"))
    path.write_text(path.read_text().replace('{greeting!r}"', '{greeting!r} {__name__}"'))
    with (
        listening(lambda connection: connection.sendall(b"hello\n")) as port,
        pytest.raises(AssertionError, match="- differs: output line 2:"),
    ):
        run_monitor(path, "-p", str(port), "-e", "220", "127.0.0.1")


def test_an_alert_gets_what_it_is_told(tmp_path: Path) -> None:
    record = tmp_path / "record"
    alert = tmp_path / "record.alert"
    write_program(alert, f'#!/bin/sh\n{{ echo "$MON_ALERTTYPE $COLOUR $*"; cat; }} >{record}\nexit 75\n')
    trial = run_alert(
        alert,
        "a word",
        kind=EventKind.ACK,
        summary="www1",
        detail="more",
        hosts=["www1", "www2"],
        environ={"COLOUR": "red"},
    )
    words, *stdin = record.read_text().splitlines()
    assert words.startswith("ack red -s http -g web -h www1 www2 -t ")
    assert words.endswith(" -a a word")
    assert stdin == ["www1", "more"]
    assert trial.exitval == 75


async def test_an_alert_within_a_coroutine(tmp_path: Path) -> None:
    alert = SHARED / "alerts/file.alert"
    trial = await try_alert(alert, "-d", str(tmp_path), "out", kind=EventKind.UP, summary="www1", hosts=["www1"])
    assert trial.exitval == 0
    assert (tmp_path / "out").read_text().count("up web http ") == 2


def test_a_plugin_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _ = write_draft("own.monitor", tmp_path / "draft")
    (tmp_path / "pymon_own_test.py").write_bytes(source.read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with nobody() as port:
        trial = run_monitor("pymon_own_test:monitor", "-p", str(port), "127.0.0.1")
    assert (trial.exitval, trial.summary) == (1, "127.0.0.1")
    assert trial.inside is not None


def test_a_package_that_has_no_such_plugin() -> None:
    with pytest.raises(AssertionError, match="there is no 'nothing'"):
        run_monitor("pymon.errors:nothing", "127.0.0.1")


@pytest.mark.slow
async def test_trials_at_the_same_time_take_turns(tmp_path: Path) -> None:
    """Or what one starts would be taken for what another left behind, and not all would be as it was at the end."""
    path, story = tmp_path / "own.monitor", tmp_path / "story"
    write_program(path, WRITER)
    start, factory = threading.Thread.start, asyncio.get_running_loop().get_task_factory()
    trials = await asyncio.gather(*(try_monitor(path, "-f", str(story), "host") for _ in range(3)))
    assert [trial.exitval for trial in trials] == [0, 0, 0]
    assert story.read_text() == "begin end " * 3 * 2
    assert threading.Thread.start is start
    assert asyncio.get_running_loop().get_task_factory() is factory


WRITER = """#!/usr/bin/env python3
import asyncio
from dataclasses import dataclass
from pymon.plugin import Monitor, Up, option

@dataclass(frozen=True)
class Options:
    file: str = option("-f", "--file", default="", about="where to write")

async def probe(host, options):
    for word in ("begin ", "end "):
        with open(options.file, "a") as file:
            file.write(word)
        await asyncio.sleep(0.1)
    return Up()

monitor = Monitor(Options, probe, look_up=False)

if __name__ == "__main__":
    monitor.main()
"""
