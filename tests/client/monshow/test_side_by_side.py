"""Our monshow and mon's, asked the same of the same server: the same text, but for what is deliberately different."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pymon.client import Client
from pymon.client.monshow import main as monshow
from pymon.errors import ClientError
from tests.client.scripted import ScriptedServer, status_line
from tests.differential import recording
from tests.differential.daemon import Rig, RiggedDaemon
from tests.peers import require_peer
from tests.ports import free_port

pytestmark = pytest.mark.peer
Ran = tuple[int, str, str]
"""exit status, output, error output"""
Output = pytest.CaptureFixture[bytes]


class Pair:
    """The two programs, with a home of their own. Ours is run in this process, in the second in which theirs was."""

    def __init__(self, home: Path, port: int, monkeypatch: pytest.MonkeyPatch, output: Output) -> None:
        self.home = home
        self.port = port
        self._monkeypatch = monkeypatch
        self._output = output
        (home / "rc").write_text("")

    def theirs(self, options: Sequence[str], stdin: str = "") -> Ran:
        """Run mon's monshow."""
        done = subprocess.run(
            [require_peer("monshow"), *self._server(), *options],
            input=stdin.encode(),
            capture_output=True,
            timeout=20,
            check=False,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )
        return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()

    def ours(self, options: Sequence[str], stdin: str = "", now: float | None = None) -> Ran:
        """Run ours, at another time if it is given."""
        with self._monkeypatch.context() as patch:
            patch.setenv("HOME", str(self.home))
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            if now is not None:
                patch.setattr(time, "time", lambda: now)
            status = monshow.main([*self._server(), *options])
        done = self._output.readouterr()
        return status, done.out.decode("utf-8", "surrogateescape"), done.err.decode()

    def compare(self, *options: str, rc: str = "", stdin: str = "", without: str = "") -> list[str]:
        """Run both, compare, and give the lines of ours; lines in which ``without`` is found are not compared."""
        (self.home / "rc").write_text(rc)
        words = ("--rcfile", str(self.home / "rc"), *options)
        for _ in range(5):
            theirs = self.theirs(words, stdin)
            ours = self.ours(words, stdin, now=time.time())
            seen, expected = _lines(ours[1], without), _lines(theirs[1], without)
            if seen == expected:
                break
            # a second may have passed between their reckoning and ours
        assert (ours[0], ours[2]) == (theirs[0], theirs[2])
        assert seen == expected
        if not without:
            assert states(ours[1].split("\n")) == states(theirs[1].split("\n"))
        return ours[1].split("\n")

    def _server(self) -> list[str]:
        return ["--server", "127.0.0.1", "--port", str(self.port)]


def _lines(output: str, without: str = "") -> list[str]:
    """Its lines, sorted: theirs has services of one state, and hosts, in random order; and the form of the time."""
    lines = [line for line in output.split("\n") if not without or not re.search(without, line)]
    return sorted(re.sub(r"(?<=time: )\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$", "TIME", line) for line in lines)


def states(lines: list[str]) -> list[str]:
    """The columns that have an order: whether a service depends on others, and its state."""
    return [line[:2] + line[31:41].replace("ACK FAIL", "FAIL    ") for line in lines if line.startswith(("R ", "D "))]


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def pair(
    tmp_path: Path,
    scripted: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: Output,
) -> Pair:
    require_peer("monshow")
    return Pair(tmp_path, scripted.port, monkeypatch, capfdbinary)


def many_states() -> list[str]:
    """Services of every state that mon's monshow shows, with every width of times and numbers."""
    now = int(time.time())
    long_ago = (50, 100, 3_700, 40_000, 90_000, 1_000_000)
    return [
        *(status_line("g", f"s{number}", number, last_check=now - 10 * number) for number in range(8)),
        *(status_line("g", f"d{number}", number, depend="g:s1") for number in range(8)),
        *(status_line(f"age{ago}", "s", 0, last_check=now - ago) for ago in long_ago),
        *(status_line(f"timer{left}", "s", 0, timer=left) for left in (0, 59, 59.9, 60, 75.5, 3_600, 90_000, 900_000)),
        *(status_line(f"ack{number}", "s", number, ack=now, ackcomment="joe: hi") for number in (0, 1, 4, 6, 7)),
        *(status_line(f"alerts{count}", "s", 0, alerts_sent=count) for count in (0, 1, 9_999)),
        status_line("a-very-long-group-name", "a-very-long-service-name", 0),
        status_line("text", "long", 0, last_summary="x" * 100 + " y"),
        status_line("text", "controls", 0, last_summary="a\tb\x1b[31mc\x00\x7f"),
        status_line("text", "lines", 0, last_summary="one\rtwo\nthree"),
        status_line("text", "empty", 0, last_summary=""),
        status_line("text", "blanks", 0, last_summary="  lead and trail  "),
        status_line("text", "utf8", 0, last_summary="größer 한글"),
        status_line("text", "bytes", 0, last_summary="\udc80\udcff"),
        status_line("future", "s", 0, last_check=now + 1_000),
    ]


@pytest.mark.parametrize("options", ["", "--full", "--watch text --full", "--FU"])
def test_tables_are_the_same(pair: Pair, scripted: ScriptedServer, options: str) -> None:
    scripted.show(many_states())
    assert len(pair.compare(*options.split())) > 14


def test_configurations_mean_the_same(pair: Pair, scripted: ScriptedServer) -> None:
    scripted.show(many_states(), state="scheduler stopped since 1793664000")
    rc = "# x\nset full\n set show-disabled\nset summary-len 5\nset bogus\nwatch g\nservice text long\n"
    lines = pair.compare(rc=rc)
    assert "Nothing is disabled." in lines
    assert "R text            long         FAIL        5s         5s         none   xxxxx..." in [
        line.replace("6s  ", "5s  ").replace("7s  ", "5s  ") for line in lines
    ]


@pytest.mark.parametrize("options", ["--disabled", "--disabled --full", "--full"])
def test_what_is_disabled_is_the_same(pair: Pair, scripted: ScriptedServer, options: str) -> None:
    disabled = ["group g: a", "group a-very-long-group: b", "watch off", "watch g service s"]
    scripted.show([status_line("off", "s", 0)], disabled=disabled)
    lines = pair.compare(*options.split())
    assert ("DISABLED WATCHES:" in lines) == ("--disabled" in options)
    assert ("All systems OK" in lines) == ("--disabled" not in options)


@pytest.mark.parametrize("number", range(8))
def test_details_are_the_same(pair: Pair, scripted: ScriptedServer, number: int) -> None:
    """But for the lines of W-detail."""
    ack = {"ack": 5, "ackcomment": "joe: hi"} if number % 2 else {}
    detail = ("", "one line", "two\nlines\n", "\n\nblanks\n\n")[number % 4]
    scripted.show(
        [status_line("g", "s", number, monitor="", last_detail=detail, last_summary="a\nb", exitval="undef", **ack)],
        hosts="*off " + " ".join(f"host{count:02d}.example.org" for count in range(number)) + " " + "x" * 90,
        descriptions={"g": "one\ntwo" if number else ""},
    )
    assert "-----DETAIL-----" in pair.compare("--detail", "g,s")


@pytest.mark.parametrize(
    ("options", "answers", "error"),
    [
        ("--detail g,nope", {}, "Error: g/nope not a valid service"),
        ("--detail g", {}, "Error: g/ not a valid service"),
        ("--auth", {}, "Error: inadequate authentication information supplied"),
        ("", {"list disabled": ["520 no"]}, "Error: could not get disabled: 520 no"),
        ("", {"list state": ["520 no"]}, "Error: could not get state: 520 no"),
        ("", {"list opstatus": ["520 no"]}, "Error: could not get opstatus: 520 no"),
        ("", {"protid 9745": ["520 no"]}, "Error: Could not connect to server: connect failed, protocol mismatch"),
        ("--port 1", {}, "Error: Could not connect to server: connect failed, Connection refused"),
        ("--server nowhere.invalid", {}, "Error: Could not connect to server: could not resolve host"),
    ],
)
def test_errors_are_the_same(
    pair: Pair, scripted: ScriptedServer, options: str, answers: dict[str, list[str]], error: str
) -> None:
    scripted.show([status_line("g", "s", 0)], answers=answers)
    assert error in pair.compare(*options.split())


@pytest.mark.parametrize("words", ["foo", "--bogus", "--s x", "--port x", "--full=1", "--detail"])
def test_usage_errors_begin_the_same(pair: Pair, words: str) -> None:
    theirs = pair.theirs(words.split())
    ours = pair.ours(words.split())
    assert ours[:2] == theirs[:2] == (1, "")
    assert ours[2].split("\n")[:3] == theirs[2].split("\n")[:3]


def test_credentials_are_taken_the_same(pair: Pair, scripted: ScriptedServer) -> None:
    scripted.show([status_line("g", "s", 0)], answers={"login joe secret": ["220 login accepted"]})
    pair.compare("--auth", stdin="USER=joe\nPass=secret\n")
    assert scripted.asked.count("login joe secret") >= 2


@pytest.mark.slow
@pytest.mark.parametrize("server", ["mon", "pymon"])
def test_a_real_daemon_is_shown_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Output, server: str
) -> None:
    """Debian's mon, and pymon, with services that fail, succeed, are acked, disabled and untested."""
    require_peer("monshow")
    require_peer("mon")
    peers = recording.installed()
    program = getattr(peers, server)
    rig = Rig(tmp_path / "rig", free_port())
    rig.create()
    fails = rig.folder / "mon.d/fails.monitor"
    fails.write_text("#!/bin/sh\necho 'down: h1'\necho 'detail <of> it'\nexit 1\n")
    fine = rig.folder / "mon.d/fine.monitor"
    fine.write_text("#!/bin/sh\nexit 0\n")
    for plugin in (fails, fine):
        plugin.chmod(0o755)
    (rig.folder / "auth.cf").write_text("command section\n" + "".join(f"{word}: all\n" for word in _COMMANDS))
    (rig.folder / "mon.cf").write_text(rig.settings() + _MON_CF)
    home = tmp_path / "home"
    home.mkdir()
    pair = Pair(home, rig.port, monkeypatch, capfdbinary)
    with RiggedDaemon(program, rig, peers.environ, ends_monitors=server == "pymon") as mon:
        mon.wait_until(lambda: _refusing(rig.port), 30)
        with Client("127.0.0.1", rig.port) as client:  # one only: mon takes up to a second to look at a new one
            mon.wait_until(lambda: _lacking(client), 30)
            for command in ("ack web https 'on it'", "disable service web off", "disable host h2", "stop"):
                assert client.ask(command).ok
            mon.wait_until(lambda: _running(client), 30)
        table = pair.compare(rc="set full\nset show-disabled\n", without="R web +off ")
        assert "DISABLED SERVICES" in table
        assert sum(line.startswith(("R ", "D ")) for line in table) == 4
        assert any("ACK FAIL" in line for line in table)
        assert "    h1 h2" in pair.compare("--detail", "web,bare", without="monitor:|last check:")


_COMMANDS = ("list", "ack", "disable", "stop")
_MON_CF = """
hostgroup web h1 h2
hostgroup db h3

watch web
    service http
        interval 1s
        monitor fails.monitor
        depend db:sql
        period wd {Sun-Sat}
    service https
        interval 1s
        monitor fails.monitor
        period wd {Sun-Sat}
    service off
        interval 1h
        monitor fine.monitor
        period wd {Sun-Sat}
    service bare
        interval 1h
        monitor fine.monitor
        period wd {Sun-Sat}

watch db
    service sql
        interval 1s
        monitor fine.monitor
        period wd {Sun-Sat}
"""


def _refusing(port: int) -> str:
    """Why it cannot be connected to yet."""
    try:
        with Client("127.0.0.1", port, timeout=5.0):
            return ""
    except ClientError as error:
        return str(error)


def _lacking(client: Client) -> str:
    """What has still to happen: three services with results."""
    untested = [status.service for status in client.list_opstatus() if not status.last_check]
    return " ".join(set(untested) - {"off", "bare"})


def _running(client: Client) -> str:
    """The monitors that still run."""
    return " ".join(monitor.service for monitor in client.list_pids().monitors)
