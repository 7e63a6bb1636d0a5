"""moncmd: what it sends and shows, and that mon's moncmd does the same."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.client import moncmd
from pymon.client.moncmd_options import MoncmdOptions, MoncmdUsageError, parse
from tests.client.scripted import ScriptedServer
from tests.peers import require_peer

Run = Callable[..., tuple[int, str, str]]
"""``run("list", "state", stdin="…")``: exit status, output and error output of moncmd, asking the scripted server"""
PASSWORD = "se cret"


@pytest.fixture
def server(scripted: ScriptedServer) -> ScriptedServer:
    scripted.show(
        answers={
            "list watch": ("g s", "220 list watch completed"),
            "list -p state": ("520 unknown list command",),
            "term": ("520 command could not be executed, unknown command",),
            "version": ("version 9745", "220 version completed"),
            "odd 설명": ("bytes \udcff \\20", "220 odd"),
            "json list watch": ('[{"group": "g"}]', "220 list watch completed"),
            f"login joe {PASSWORD}": ("220 login accepted",),
            "login joe ": ("220 login accepted",),
            "login eve wrong": ("530 login unsuccessful",),
            f"login {moncmd_user()} {PASSWORD}": ("220 login accepted",),
        }
    )
    return scripted


def moncmd_user() -> str:
    """Who runs the tests."""
    import pwd  # noqa: PLC0415

    return pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def run(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*arguments: str, stdin: str = "", port: int | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape"))))
        status = moncmd.main(["-s", "127.0.0.1", "-p", str(port or server.port), *arguments])
        said = capsysbinary.readouterr()
        return status, said.out.decode("utf-8", "surrogateescape"), said.err.decode()

    return run


def test_words_are_one_command(run: Run, server: ScriptedServer) -> None:
    assert run("list", "watch") == (0, "g s\n220 list watch completed\n", "")
    assert server.asked == ["list watch", "quit"]


def test_any_bytes_come_through(run: Run) -> None:
    assert run("odd", "설명") == (0, "bytes \udcff \\20\n220 odd\n", "")


def test_the_exit_status_tells(run: Run) -> None:
    """K-exit: mon's moncmd exits with 0 whatever the server said."""
    assert run("nix") == (1, "520 invalid command\n", "")
    assert run("--exit-zero", "nix") == (0, "520 invalid command\n", "")
    assert run(stdin="nix\nversion\n")[0] == 1


def test_who_may_not_is_told_so_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """K-notallowed: "unknown command" is all that mon says to them."""
    refused = "520 command could not be executed, unknown command\n"
    assert run("term") == (1, refused, "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, output, error = run("term")
    assert (status, output) == (1, refused)
    assert "log in with -a" in error


@pytest.mark.parametrize("words", [["list state\nterm"], ["ack", "g", "s", "two\nlines"]])
def test_words_are_one_line(run: Run, server: ScriptedServer, words: list[str]) -> None:
    """K-oneline: mon's moncmd sends the second line as a command of its own."""
    status, _, error = run(*words)
    assert (status, error) == (1, "moncmd: a command is one line\n")
    assert server.asked == []


def test_json(run: Run, server: ScriptedServer) -> None:
    """Only the document is on the standard output."""
    assert run("--json", "list", "watch") == (0, '[{"group": "g"}]\n', "")
    assert run("--json", "json", "list", "watch")[0] == 0
    assert run("--json", "list", "nix") == (1, "", "520 invalid command\n")
    assert server.asked[0] == server.asked[2] == "json list watch"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("-a",), f"user=joe\npass={PASSWORD}\nlist watch\nversion\n", ["list watch", "version"]),
        (("-a",), f"PASS={PASSWORD}\nUSER=joe\nlist watch\n", ["list watch"]),
        (("-a", "-f", "-"), f"user=joe\npass={PASSWORD}\nlist watch\n", ["list watch"]),
        (("-a", "-l", "joe"), f"user=eve\npass={PASSWORD}\r\nversion\n", ["version"]),
        (("-a", "list", "watch"), f"user=joe\npass={PASSWORD}\n", ["list watch"]),
        (("-a", "-f", "{file}"), f"user=joe\npass={PASSWORD}\n", ["version", "list watch"]),
        (("-a", "-l", "joe", "version"), "PASS=\n", ["version"]),
    ],
)
def test_login_by_standard_input(
    run: Run, server: ScriptedServer, tmp_path: Path, arguments: tuple[str, ...], stdin: str, said: list[str]
) -> None:
    """K-lostcommand, K-userline, K-wordsauth, K-passblank: mon's loses the first command, does not honour USER=, takes
    no password with a blank, and none at all for commands of the command line."""
    file = tmp_path / "commands"
    file.write_text("version\nlist watch")
    status, _, error = run(*(argument.replace("{file}", str(file)) for argument in arguments), stdin=stdin)
    assert (status, error) == (0, "")
    password = "" if stdin == "PASS=\n" else PASSWORD
    assert server.asked == [f"login joe {password}", *said, "quit"]


def test_login_as_oneself(run: Run, server: ScriptedServer) -> None:
    assert run("-a", "version", stdin=f"PASS={PASSWORD}\n")[0] == 0
    assert server.asked[0] == f"login {moncmd_user()} {PASSWORD}"


def test_login_that_fails_is_the_end(run: Run, server: ScriptedServer) -> None:
    assert run("-a", stdin="USER=eve\nPASS=wrong\nversion\n") == (1, "", "Could not authenticate\n")
    assert "version" not in server.asked
    status, _, error = run("-a", "version", stdin="version\n")
    assert (status, error) == (1, "moncmd: inadequate authentication information supplied\n")


def test_a_batch_ends_at_quit(run: Run, server: ScriptedServer) -> None:
    """K-afterquit: mon's is ended by a signal, and what it had to show may be lost."""
    status, output, error = run(stdin="version\nquit\nversion\n")
    assert (status, output) == (1, "version 9745\n220 version completed\n220 quitting\n")
    assert error == "moncmd: not connected\n"


def test_servers_that_are_not_there(run: Run, tmp_path: Path) -> None:
    """The exit statuses are those of mon's."""
    assert run("version", port=1) == (111, "", "could not connect: Connection refused\n")
    status, _, error = run("-s", "no-such-host.invalid", "version")
    assert (status, error.startswith("Unable to find server")) == (255, True)
    assert run("-p", "no-such-port", "version") == (1, "", "could not connect: there is no port 'no-such-port'\n")
    assert run("-f", str(tmp_path / "none")) == (2, "", "could not open input file: No such file or directory\n")
    assert run("--socket", str(tmp_path / "none"), "version")[0] == 2
    assert run("--ca", str(tmp_path / "none"), "version")[0] == 2


def test_reading_the_command_line() -> None:
    assert parse(["-drs", "h", "-p25", "-l", "joe", "list", "-p", "x"]) == MoncmdOptions(
        words=("list", "-p", "x"), host="h", port="25", user="joe"
    )
    assert parse(["--exit", "--tls", "--time", "2.5", "-a"]) == MoncmdOptions(
        exit_zero=True, tls=True, timeout=2.5, log_in=True
    )
    for wrong in (["-x"], ["-p"], ["--timeout", "0"], ["--timeout", "x"], ["--nix"]):
        with pytest.raises(MoncmdUsageError):
            parse(wrong)


def test_help_and_wrong_usage(run: Run) -> None:
    """K-mcoption: mon's moncmd complains about an option that it does not know, and goes on."""
    status, output, _ = run("-h")
    assert (status, "    list opstatus" in output, "--exit-zero" in output) == (0, True, True)
    assert run("--version")[1].startswith("moncmd (pymon) ")
    assert run("-x", "version") == (2, "", "moncmd: option -x not recognized\ntry moncmd -h\n")
    assert run("--completion", "fish")[0] == 2


def test_output_that_nobody_reads(server: ScriptedServer) -> None:
    command = [sys.executable, "-m", "pymon.client.moncmd", "-s", "127.0.0.1", "-p", str(server.port), "version"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_password_is_asked_for_without_echo(server: ScriptedServer) -> None:
    master, slave = pty.openpty()
    command = ["-m", "pymon.client.moncmd", "-s", "127.0.0.1", "-p", str(server.port), "-a", "-l", "joe", "version"]
    with subprocess.Popen(
        [sys.executable, *command], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as program:
        os.close(slave)
        shown = _read_until(master, b"Password: ")
        os.write(master, f"{PASSWORD}\n".encode())
        shown += _read_until(master, b"220 version completed")
        assert program.wait(30) == 0
    os.close(master)
    assert PASSWORD.encode() not in shown
    assert server.asked == [f"login joe {PASSWORD}", "version", "quit"]


def _read_until(descriptor: int, text: bytes) -> bytes:
    shown = b""
    limit = time.monotonic() + 30
    while text not in shown:
        assert time.monotonic() < limit, shown
        if select.select([descriptor], [], [], 1)[0]:
            shown += os.read(descriptor, 4096)
    return shown


def test_without_commands_a_terminal_is_no_input(server: ScriptedServer) -> None:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "pymon.client.moncmd", "-s", "127.0.0.1", "-p", str(server.port)]
    done = subprocess.run(command, stdin=slave, capture_output=True, timeout=30, check=False)
    os.close(slave)
    os.close(master)
    assert (done.returncode, b"This is not supported" in done.stderr) == (1, True)


PEER_CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "words": (("list", "watch"), ""),
    "one word": (("list watch",), ""),
    "empty word": (("",), ""),
    "refused": (("list", "nix"), ""),
    "late option": (("list", "-p", "state"), ""),
    "no effect": (("-dr", "version"), ""),
    "ends of options": (("--", "version"), ""),
    "quit": (("quit",), ""),
    "bytes": (("odd", "설명"), ""),
    "batch": ((), "version\n\n  \nlist watch\nnix"),
    "batch by file": (("-f", "-"), "version\nlist watch\n"),
    "file beats words": (("-f", "-", "list", "watch"), "version\n"),
    "wrong password": (("-a", "-l", "eve"), "PASS=wrong\nversion\n"),
}


@pytest.mark.peer
@pytest.mark.parametrize("name", PEER_CASES)
def test_the_same_as_mons(name: str, run: Run, server: ScriptedServer) -> None:
    """Output to the byte and what was sent; the exit status is mon's with --exit-zero, but for a failed login."""
    arguments, stdin = PEER_CASES[name]
    theirs = subprocess.run(
        [require_peer("moncmd"), "-s", "127.0.0.1", "-p", str(server.port), *arguments],
        input=stdin.encode(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    asked = list(server.asked)
    server.asked.clear()
    status, output, error = run("--exit-zero", *arguments, stdin=stdin)
    assert output.encode("utf-8", "surrogateescape") == theirs.stdout
    assert error.strip() == theirs.stderr.decode().strip()
    assert bool(status) == bool(theirs.returncode)
    assert [line for line in server.asked if line != "quit"] == [line for line in asked if line != "quit"]


def test_what_a_monitor_said_does_not_steer_the_terminal(server: ScriptedServer) -> None:
    """K-terminal: control characters are blanks where a terminal shows them; elsewhere all bytes come through."""
    server.show(answers={"list dtlog": ("1 g s 1 2 3 a\x1b]0;pwn\x07\tb\x9b2J 설명", "220 done")})
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "pymon.client.moncmd", "-s", "127.0.0.1", "-p", str(server.port), "list", "dtlog"]
    subprocess.run(command, stdout=slave, stdin=subprocess.DEVNULL, timeout=30, check=True)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal is gone with its last writer
        while more := os.read(master, 4096):
            shown += more
    os.close(master)
    assert shown.decode() == "1 g s 1 2 3 a ]0;pwn \tb 2J 설명\r\n220 done\r\n"
    assert "\x1b]0;" in subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_a_full_disk_is_said(server: ScriptedServer) -> None:
    command = [sys.executable, "-m", "pymon.client.moncmd", "-s", "127.0.0.1", "-p", str(server.port), "version"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, "moncmd: No space left on device\n")
