"""The live table on a real terminal: a pty, whose other end is read until what is waited for is there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.client import Client
from pymon.client.monshow.fetch import Query
from pymon.client.monshow.live import Silence, look
from pymon.client.monshow.report import Selection, StatusReport
from pymon.client.monshow.suppression_reasons import Reasons
from tests.client.scripted import ScriptedServer, status_line

ALTERNATE, NORMAL = b"\x1b[?1049h", b"\x1b[?1049l"
LIMIT = 20.0
"""seconds that anything may take"""


class Terminal:
    """A terminal in which monshow runs."""

    def __init__(self, words: list[str], home: Path, **environ: str) -> None:
        self.controller, self.side = pty.openpty()
        self.resize(24, 100)
        self.modes = termios.tcgetattr(self.side)
        self.seen = b""
        self._from = 0
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "pymon.client.monshow.main", "--rcfile", "/nonexistent", *words],
            stdin=self.side,
            stdout=self.side,
            stderr=self.side,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8", **environ},
        )

    def resize(self, lines: int, columns: int) -> None:
        """Give it another size."""
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait_for(self, *patterns: str) -> str:
        """Read until all these are written after what was waited for last; the text without escape sequences."""
        deadline = time.monotonic() + LIMIT
        while True:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen[self._from :].decode(errors="replace"))
            if all(re.search(pattern, text) for pattern in patterns):
                self._from = len(self.seen)
                return text
            assert time.monotonic() < deadline, f"waiting for {patterns}, there is: {text[-3000:]!r}"
            self._read(deadline)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.controller, keys)

    def ended(self) -> int:
        """Its exit status; the terminal has to be as it was."""
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self._read(time.monotonic() + 0.05)
        while self._read(time.monotonic() + 0.05):
            pass
        assert termios.tcgetattr(self.side) == self.modes
        return self.process.returncode

    def close(self) -> None:
        """Take it away."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.controller)
        os.close(self.side)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.controller], [], [], max(deadline - time.monotonic(), 0.0))
        if ready:
            self.seen += os.read(self.controller, 65536)
        return bool(ready)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        scripted.show([status_line("web", "http", 0, last_summary="refused"), status_line("web", "fine", 1)])
        yield scripted


@pytest.fixture
def terminal(server: ScriptedServer, tmp_path: Path) -> Iterator[Terminal]:
    live = Terminal(["--server", "127.0.0.1", "--port", str(server.port), "--live", "0.2"], tmp_path)
    yield live
    live.close()


@pytest.mark.slow
def test_it_shows_what_changes_and_ends_on_q(server: ScriptedServer, terminal: Terminal) -> None:
    first = terminal.wait_for("FAIL +web +http", "refused", "1 fail +1 ok", "q quit")
    assert "fine" not in first
    assert ALTERNATE in terminal.seen
    server.show([status_line("web", "http", 1), status_line("web", "fine", 6, last_summary="too slow")])
    terminal.wait_for("TIMEOUT +web +fine", "too slow", "ok +web +http")
    terminal.press(b"f")
    terminal.press(b"q")
    assert terminal.ended() == 0
    assert NORMAL in terminal.seen


@pytest.mark.slow
def test_it_survives_a_restart_of_the_server(server: ScriptedServer, terminal: Terminal) -> None:
    terminal.wait_for("FAIL +web +http")
    server.close()
    terminal.wait_for(r"server not reachable since \d\d:\d\d:\d\d: ", "FAIL +web +http")
    server.show([status_line("db", "sql", 0, last_summary="came back")])
    server.open()
    terminal.wait_for("FAIL +db +sql", "came back")
    terminal.press(b"q")
    assert terminal.ended() == 0


def test_the_f_key_shows_all(terminal: Terminal) -> None:
    terminal.wait_for("FAIL +web +http")
    terminal.press(b"f")
    terminal.wait_for("FAIL +web +http", "ok +web +fine")
    terminal.press(b"f")
    terminal.wait_for("FAIL +web +http")
    terminal.press(b"\x03")
    assert terminal.ended() == 0


def test_it_fits_another_size(server: ScriptedServer, terminal: Terminal) -> None:
    server.show([status_line("web", f"s{number:02d}", 0) for number in range(30)])
    terminal.wait_for("s16", r"… 1\d more")
    terminal.resize(12, 60)
    os.kill(terminal.process.pid, signal.SIGWINCH)
    terminal.wait_for("s05", r"… 2\d more")
    terminal.press(b"Q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(terminal: Terminal, number: signal.Signals) -> None:
    terminal.wait_for("FAIL +web +http")
    os.kill(terminal.process.pid, number)
    assert terminal.ended() == 128 + number
    assert NORMAL in terminal.seen


def test_a_server_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    server = ScriptedServer()
    server.show([status_line("web", "http", 0)])
    live = Terminal(["--server", "127.0.0.1", "--port", str(server.port), "--watch"], tmp_path)
    try:
        live.wait_for("server not reachable since .*Connection refused")
        server.open()
        live.press(b"r")
        live.wait_for("FAIL +web +http")
        live.press(b"q")
        assert live.ended() == 0
    finally:
        live.close()
        server.close()


def test_a_wrong_password_ends_it(server: ScriptedServer, tmp_path: Path) -> None:
    server.show(answers={"login joe wrong": ("530 login unsuccessful",)})
    words = ["--server", "127.0.0.1", "--port", str(server.port), "--auth", "--login", "joe", "--live"]
    live = Terminal(words, tmp_path)
    try:
        live.wait_for("Password: ")
        live.press(b"wrong\n")
        live.wait_for("Error: Could not authenticate: 530 login unsuccessful")
        assert live.ended() == 1
        assert b"wrong\r" not in live.seen  # nothing was echoed
    finally:
        live.close()


@pytest.mark.slow
def test_refusals_are_shown(server: ScriptedServer, terminal: Terminal) -> None:
    terminal.wait_for("FAIL +web +http")
    server.show(answers={"list disabled": ("520 command could not be executed, unknown command",)})
    terminal.wait_for(r"no answer to show since \d\d:\d\d:\d\d: could not get disabled: 520 ")
    terminal.press(b"q")
    assert terminal.ended() == 0


@pytest.mark.slow
def test_reasons_are_asked_for_once_per_result(server: ScriptedServer, terminal: Terminal) -> None:
    """W-held, in the live table."""
    terminal.wait_for("FAIL +web +http")
    held = '[{"kind": "held", "at": 5, "text": "alertafter 3: failure 2 of 3"}]'
    line = status_line("web", "http", 0, first_failure=7, last_check=int(time.time()) + 1)
    server.show([line, status_line("web", "fine", 1)], answers={"json why web http 7": (held, "220 why completed")})
    server.close()
    terminal.wait_for("not reachable")
    server.open()
    terminal.wait_for("FAIL +web +http", "held back: alertafter 3: failure 2 of 3")
    before = len(server.asked)
    terminal.press(b"r")
    terminal.wait_for("held back: alertafter 3: failure 2 of 3")
    while len(server.asked) < before + 9:
        terminal.press(b"r")
        terminal.wait_for("held back: ")
    assert server.asked.count("json why web http 7") == 1
    terminal.press(b"q")
    assert terminal.ended() == 0


def test_a_connection_that_the_server_closed_for_idleness_is_no_trouble(server: ScriptedServer) -> None:
    client = Client("127.0.0.1", server.port)
    wish = Query("h", Selection())
    assert isinstance(look(client, wish, Reasons()), StatusReport)
    server.close()
    server.open()
    assert isinstance(look(client, wish, Reasons()), StatusReport)
    server.close()
    trouble = look(client, wish, Reasons())
    assert isinstance(trouble, Silence)
    assert trouble.text.startswith("server not reachable since {since}: ")
    assert not trouble.fatal
    server.open()
    assert isinstance(look(client, wish, Reasons()), StatusReport)
    client.close()


def test_any_bytes_can_be_shown(server: ScriptedServer, terminal: Terminal) -> None:
    server.show([status_line("web", "http", 0, last_summary="\udcff\x1b]0;x\x07 한글")])
    text = terminal.wait_for("FAIL +web +http.*한글")
    assert "\x1b]" not in text
    terminal.press(b"q")
    assert terminal.ended() == 0


def test_without_colours(server: ScriptedServer, tmp_path: Path) -> None:
    live = Terminal(["--server", "127.0.0.1", "--port", str(server.port), "--live"], tmp_path, NO_COLOR="1")
    try:
        live.wait_for("FAIL +web +http")
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", live.seen)
        live.press(b"q")
        assert live.ended() == 0
    finally:
        live.close()


@pytest.mark.parametrize("words", [["--live"], ["--watch"], ["--live", "--detail", "g,s"]])
def test_it_needs_a_terminal(server: ScriptedServer, words: list[str]) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pymon.client.monshow.main",
            "--server",
            "127.0.0.1",
            "--port",
            str(server.port),
            *words,
        ],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"Error: a live table needs a terminal\n\n")


@pytest.mark.slow
def test_a_server_that_breaks_off_at_any_command_is_only_trouble(server: ScriptedServer) -> None:
    """Whatever it was asked last: the thread that asks must not end."""
    wish = Query("h", Selection(), reasons=True, descriptions=True)
    for command in ("list disabled", "list state", "list opstatus", "list descriptions", "json why web http"):
        complete = server.answers
        server.answers = {**complete, command: ("no closing line",)}
        client = Client("127.0.0.1", server.port, timeout=0.3)
        news = look(client, wish, Reasons())
        assert isinstance(news, Silence), command
        assert not news.fatal
        client.close()
        server.answers = complete


def test_a_user_name_that_cannot_be_sent_is_fatal(server: ScriptedServer) -> None:
    news = look(Client("127.0.0.1", server.port, username="a b", password="x"), Query("h", Selection()), Reasons())
    assert news == Silence("Could not authenticate: a user name is one word", fatal=True)
