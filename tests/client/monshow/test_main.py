"""The program as a whole: options, configuration and environment, down to the bytes on the standard output."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.client.monshow import main as monshow
from pymon.client.monshow import rc as monshow_rc
from tests.client.conftest import Demanding
from tests.client.scripted import ScriptedServer, status_line

PROGRAM = (sys.executable, "-m", "pymon.client.monshow.main")
HELD = '[{"at": 5, "kind": "held", "text": "alertevery 10m: last alert 3m12s ago", "facts": {}}]'


class Program:
    """monshow run in this process against a scripted server, with a home of its own."""

    def __init__(self, server: ScriptedServer, home: Path, output: pytest.CaptureFixture[bytes]) -> None:
        self.server = server
        self.home = home
        self._output = output

    def run(self, *words: str, status: int = 0, address: bool = True) -> str:
        """Its output, if its exit status is this, and nothing is on its error output but what is looked at."""
        where = ("--server", "127.0.0.1", "--port", str(self.server.port)) if address else ()
        assert monshow.main([*where, *words]) == status
        done = self._output.readouterr()
        self.errors = done.err.decode()
        return done.out.decode("utf-8", "surrogateescape")

    def table(self, *words: str) -> list[str]:
        """Group and service of each row."""
        return [" ".join(line.split()[1:3]) for line in self.run(*words).split("\n") if line.startswith(("R ", "D "))]


@pytest.fixture
def program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Program]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(monshow_rc, "SYSTEM_RC", tmp_path / "system")
    monkeypatch.setattr(monshow_rc, "VIEWS", tmp_path / "views")
    for name in ("MONHOST", "REQUEST_METHOD", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer() as server:
        server.show(
            [
                status_line("web", "http", 0, first_failure=7, failure_duration=9),
                status_line("web", "https", 1),
                status_line("db", "sql", 6, ack=5, ackcomment="joe: hi"),
                status_line("db", "ping", 7),
            ],
            disabled=["watch off"],
            answers={
                "json why web http 7": (HELD, "220 why completed"),
                "json why db sql": ("[]", "220 why completed"),
                "login joe secret": ("220 login accepted",),
                "login joe wrong": ("530 login unsuccessful",),
            },
        )
        yield Program(server, tmp_path, capfdbinary)


def test_tls_with_certificates_on_both_sides(program: Program, demanding: Demanding) -> None:
    """A client without a certificate, or with a file that is none, is shown nothing."""
    demanding.server.show([status_line("web", "https", 0)])
    program.server = demanding.server
    assert program.table("--tls", *demanding.trusting, *demanding.trusted) == ["web https"]
    asked = len(demanding.server.asked)
    for words in (demanding.trusting, demanding.trusted, ()):
        assert program.run(*words, status=1).startswith("Error: Could not connect to server: ")
    assert program.run("--ca", "/nowhere/ca.pem", status=1).startswith("Error: cannot use /nowhere/ca.pem for TLS: ")
    assert len(demanding.server.asked) == asked


def test_a_unix_socket(program: Program, tmp_path: Path) -> None:
    """It is named in the place of the server."""
    path = tmp_path / "mon.sock"
    with ScriptedServer(path=path) as server:
        server.show([status_line("web", "local", 0)])
        shown = program.run("--socket", str(path), address=False)
    assert f"server: {path}\n" in shown
    assert "local" in shown


def test_filters(program: Program) -> None:
    assert program.table() == ["web http", "db sql"]
    assert program.table("--full") == ["web http", "db sql", "db ping", "web https"]
    assert program.table("--full", "--filter", "w*") == ["web http", "web https"]
    assert program.table("--full", "--filter", "*/[sp]*") == ["db sql", "db ping"]
    assert program.table("--state", "timeout,ok") == ["db sql", "web https"]
    assert program.table("--failures", "--watch", "db") == ["db sql"]
    assert "All systems OK" in program.run("--state", "linkdown")


def test_only_what_is_selected_is_asked_for(program: Program) -> None:
    assert program.table("--full", "--watch", "db") == ["db sql", "db ping"]
    assert "list opstatus db,sql db,ping" in program.server.asked
    assert "list opstatus" not in program.server.asked


def test_showall_asks_for_all(program: Program) -> None:
    """W-showall: mon's monshow asks for what the file selects, and has no data of the others."""
    (program.home / ".monshowrc").write_text("watch web\nset full\n")
    assert program.table() == ["web http", "web https"]
    program.server.asked.clear()
    assert len(program.table("--showall")) == 4
    assert "list opstatus" in program.server.asked


def test_what_is_not_on_the_server_is_said(program: Program) -> None:
    """W-unknown: mon's monshow shows all services if it knows none of the watches, or says that all systems are OK."""
    rc = program.home / ".monshowrc"
    rc.write_text("watch web\nwatch nope\n")
    assert program.table() == ["web http"]
    assert program.errors == "no watch nope on the server\n"
    rc.write_text("watch nope\nservice web nope\n")
    expected = "Error: no watch nope on the server; no service web/nope on the server\n\n"
    assert program.run(status=1) == expected
    assert program.errors == ""


def test_the_server_is_found(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """W-host: the option, then the file, then MONHOST, then localhost; mon's monshow never looks at MONHOST."""
    rc = program.home / ".monshowrc"

    def server() -> str:
        output = program.run(address=False)
        return output.split("\n")[1].removeprefix("     server: ")

    rc.write_text(f"set port {program.server.port}\n")
    assert server() == "localhost"
    monkeypatch.setenv("MONHOST", "127.0.0.1")
    assert server() == "127.0.0.1"
    rc.write_text(f"set host localhost\nset port {program.server.port}\n")
    assert server() == "localhost"
    rc.write_text("set host nowhere.invalid\nset port 1\n")
    assert program.table() == ["web http", "db sql"]  # the options beat it


def test_prot_is_not_the_port(program: Program) -> None:
    """W-prot: mon's monshow connects to the port that --prot or ``set prot`` names."""
    assert program.table("--prot", "0.38.21") == ["web http", "db sql"]
    (program.home / ".monshowrc").write_text("set prot 1.2.3\n")
    assert program.table() == ["web http", "db sql"]


def test_configuration_files(program: Program) -> None:
    (program.home / "views").mkdir()
    (program.home / "views/team").write_text("watch db\n")
    (program.home / "system").write_text("watch web\nset show-disabled\n")
    assert program.table() == ["web http"]
    assert program.table("--view", "team") == ["db sql"]
    (program.home / ".monshowrc").write_text("set bogus\n")
    output = program.run()
    assert program.errors == "unknown set, line 1\n"
    assert "DISABLED" not in output
    assert program.run("--view", "nope", status=1) == "Error: no view found\n\n"
    (program.home / ".monshowrc").write_text("bogus\n")
    assert program.run(status=1) == "Error: error in config file, line 1\n\n"
    assert program.table("--rcfile", "/nonexistent") == ["web http", "db sql"]


def test_disabled_alone(program: Program) -> None:
    lines = program.run("--disabled").split("\n")[5:]
    assert lines == ["DISABLED WATCHES:", "off", "", ""]
    assert "list opstatus" not in program.server.asked


def test_an_unknown_service_has_no_detail(program: Program) -> None:
    lines = program.run("--detail", "web,nope", status=1).split("\n")
    assert lines[1:2] + lines[4:] == ["     server: 127.0.0.1", "Error: web/nope not a valid service", "", ""]
    assert not any(command.startswith("list opstatus") for command in program.server.asked)  # mon would add it


def test_reasons(program: Program) -> None:
    """W-held."""
    plain = program.run()
    assert "held back" not in plain
    assert not any(command.startswith("json") for command in program.server.asked)
    reasons = program.run("--reasons").split("\n")
    assert reasons[7] == "    held back: alertevery 10m: last alert 3m12s ago"
    assert reasons[8].startswith("R db ")
    assert "held back:  alertevery 10m" in program.run("--detail", "web,http", "--reasons")


def test_a_server_without_reasons_is_asked_once(program: Program) -> None:
    lines = [status_line("g", f"s{number}", 0) for number in range(5)]
    program.server.show(lines)
    assert "held" not in program.run("--reasons")
    assert [command for command in program.server.asked if command.startswith("json")] == ["json why g s0"]


def test_html(program: Program) -> None:
    page = program.run("--html", "--full")
    assert page.startswith("<!DOCTYPE html>\n")
    assert "?detail=web,https" in page
    assert ">desc<" in page
    assert "Detail for web/http" in program.run("--html", "--detail", "web,http")
    assert program.run("--html", "--detail", "web,nope", status=1) == "Error: web/nope not a valid service\n\n"


@pytest.mark.parametrize(
    ("stdin", "login", "status", "output"),
    [
        (b"user=joe\npass=secret\n", (), 0, "FAIL"),
        (b"PASS=secret\r\nUSER=joe\r\n", ("--login", "joe"), 0, "FAIL"),
        (b"pass=secret\nuser=eve\n", ("--login", "joe"), 0, "FAIL"),
        (b"user=joe\npass=wrong\n", (), 1, "Error: Could not authenticate: 530 login unsuccessful\n\n"),
        (b"user=a b\npass=wrong\n", (), 1, "Error: Could not authenticate: a user name is one word\n\n"),
        (b"", (), 1, "Error: inadequate authentication information supplied\n\n"),
    ],
)
def test_logins(program: Program, stdin: bytes, login: tuple[str, ...], status: int, output: str) -> None:
    """W-login: --login beats ``user=``; mon's monshow says ``Could authenticate`` when it could not."""
    done = subprocess.run(
        [*PROGRAM, "--server", "127.0.0.1", "--port", str(program.server.port), "--auth", *login],
        input=stdin,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, b"")
    assert output in done.stdout.decode()


def test_any_bytes_come_through(program: Program) -> None:
    program.server.show([status_line("g", "s", 0, last_summary="\udcff\udc80é")])
    assert program.run().split("\n")[6].endswith("none   \udcff\udc80é")


def test_a_reader_that_goes_away_is_no_error(program: Program) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "--server", "127.0.0.1", "--port", str(program.server.port)],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=20,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def on_terminal(program: Program, **environ: str) -> str:
    """What it writes on a terminal."""
    controller, terminal = pty.openpty()
    done = subprocess.Popen(
        [*PROGRAM, "--server", "127.0.0.1", "--port", str(program.server.port)],
        env={"PATH": os.environ["PATH"], "HOME": str(program.home), "TERM": "xterm", **environ},
        stdout=terminal,
    )
    os.close(terminal)
    output = b""
    while True:
        try:
            data = os.read(controller, 65536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        output += data
    os.close(controller)
    assert done.wait(20) == 0
    return output.decode()


def test_a_terminal_gets_colours_and_reasons(program: Program) -> None:
    output = on_terminal(program)
    assert "\x1b[1;31mFAIL      \x1b[0m" in output
    assert "held back: alertevery 10m: last alert 3m12s ago" in output


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(program: Program, environ: dict[str, str]) -> None:
    output = on_terminal(program, **environ)
    assert "\x1b" not in output
    assert "held back: " in output


def test_what_is_heavy_is_not_loaded_for_text(program: Program) -> None:
    """It starts in under 80 ms, as mon's does: no template engine, no drawing on terminals, no asyncio, no argparse."""
    code = (
        "import sys; from pymon.client.monshow import main as monshow;"
        f"status = monshow.main(['--server', '127.0.0.1', '--port', '{program.server.port}']);"
        "sys.stderr.write(' '.join(m for m in sys.modules if '.' not in m)); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20, check=True)
    loaded = set(done.stderr.decode().split())
    assert not loaded & {"rich", "jinja2", "asyncio", "argparse", "typer", "lark", "logging", "ssl", "tempfile"}
    assert b"FAIL" in done.stdout


def test_errors_of_the_connection(program: Program) -> None:
    program.server.close()
    assert program.run(status=1) == "Error: Could not connect to server: connect failed, Connection refused\n\n"
