"""monfailures: its table, to the byte that of mon's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.client import monfailures
from pymon.client.monfailures import report
from pymon.protocol.service_status import from_line
from tests.client.conftest import Demanding
from tests.client.scripted import ScriptedServer, status_line
from tests.peers import require_peer

Run = Callable[..., tuple[int, bytes, str]]
SINCE = 1795477892
FAILING = {
    "short": [status_line("g1", "s1", 0, last_summary="it is down", first_failure=SINCE)],
    "long": [status_line("g" * 20, "s" * 20, 6, last_summary="word " * 20, first_failure=SINCE)],
    "acked": [status_line("g1", "s1", 4, last_summary="it is down and stays so", ack=1, first_failure=SINCE)],
    "empty": [status_line("g1", "s1", 0, last_summary="", first_failure=SINCE)],
    "none": [],
}


@pytest.fixture
def run(scripted: ScriptedServer, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*arguments: str, port: int | None = None) -> tuple[int, bytes, str]:
        exit_status = monfailures.main(["--server", "127.0.0.1", "--port", str(port or scripted.port), *arguments])
        said = capsysbinary.readouterr()
        return exit_status, said.out, said.err.decode()

    return run


def show(server: ScriptedServer, lines: list[str]) -> None:
    server.show(lines, answers={"list failures": (*lines, "220 list failures completed")})


@pytest.mark.peer
@pytest.mark.parametrize("name", FAILING)
def test_the_same_as_mons(name: str, run: Run, scripted: ScriptedServer) -> None:
    show(scripted, FAILING[name])
    program = require_peer("monfailures")
    theirs = subprocess.run(
        [program, "--server", "127.0.0.1", "--port", str(scripted.port)], capture_output=True, timeout=20, check=False
    )
    exit_status, output, error = run()
    assert (exit_status, output, error) == (theirs.returncode, theirs.stdout, "")
    assert exit_status == (1 if FAILING[name] else 0)


def test_the_table(run: Run, scripted: ScriptedServer) -> None:
    """K-sorted: mon's order is random. K-printable: what could steer a terminal is shown as blanks."""
    lines = [
        status_line("g2", "s", 0, last_summary="b\x1b[2J"),
        status_line("g1", "s", 0, last_summary="설명 \udcff"),
    ]
    show(scripted, lines)
    rows = run()[1].decode("utf-8", "surrogateescape").splitlines()
    assert rows[:3] == [
        "\a",
        "Hostgroup:Service               Down Since           Error Summary",
        "-----------------               ----------           -------------",
    ]
    assert [row.split() for row in rows[3:-1]] == [["g1:s", "-", "설명", "\udcff"], ["g2:s", "-", "b", "[2J"]]


def test_columns_are_cut() -> None:
    """K-columns: mon's counts bytes, ours characters."""
    long = from_line(status_line("g" * 40, "s", 0, last_summary="설" * 40, first_failure=SINCE))
    row = report([long]).splitlines()[3]
    assert (row[:32], row[53:]) == ("g" * 30 + "  ", "설" * 26)


def test_logging_in(run: Run, scripted: ScriptedServer, tmp_path: Path) -> None:
    lines = ("220 list failures completed",)
    scripted.show(answers={"list failures": lines, "login joe pw d": ("220 login accepted",)})
    (tmp_path / "secret").write_text("pw d\n")
    assert run("--user", "joe", "--password-file", str(tmp_path / "secret")) == (0, b"No failures found.\n", "")
    assert run("--user", "joe", "--password", "pw d")[0] == 0
    scripted.answers = {**scripted.answers, "login joe pw d": ("530 login unsuccessful",)}
    exit_status, _, error = run("--user", "joe", "--password", "pw d")
    assert (exit_status, "login failure: 530 login unsuccessful" in error, "pw d" in error) == (255, True, False)


def test_tls_with_certificates_on_both_sides(run: Run, demanding: Demanding) -> None:
    show(demanding.server, FAILING["short"])
    port = demanding.server.port
    exit_status, output, error = run("--tls", *demanding.trusting, *demanding.trusted, port=port)
    assert (exit_status, b"it is down" in output, error) == (1, True, "")
    assert run(*demanding.trusting, port=port)[:2] == (255, b"")
    assert run(*demanding.trusted, port=port)[0] not in {0, 1}
    exit_status, _, error = run("--cert", "/nowhere/cert.pem", port=port)
    assert (exit_status, "cannot use /nowhere/cert.pem for TLS" in error) == (2, True)
    assert demanding.server.asked.count("list failures") == 1


def test_what_goes_wrong(run: Run, tmp_path: Path) -> None:
    """K-usage: mon's passes over options that it does not know, and asks localhost."""
    assert run(port=1)[0] == 111
    assert run("--server", "no-such-host.invalid")[0] == 255
    assert run("--user", "joe", "--password-file", str(tmp_path / "none"))[0] == 255
    assert run("--nix")[0] == run("word")[0] == 2


def test_mons_spelling_of_options(run: Run, scripted: ScriptedServer) -> None:
    """One hyphen, shortened names, and what has no effect."""
    show(scripted, [])
    assert run("-debug", "-serv", "127.0.0.1", f"-port={scripted.port}")[0] == 0
    assert run("--help")[0] == 0
    login = ("220 login accepted",)
    scripted.answers = {**scripted.answers, "login joe -s": login, "login joe --": login}
    assert run("--s", "127.0.0.1", "-u", "joe", "--pass", "-s")[0] == 0
    assert run("-u=joe", "-password", "--", "-d")[0] == 0
    assert run("--p", "1")[0] == run("--c", "x")[0] == 2


def test_controls_of_c1_are_blanks_too() -> None:
    """K-printable: U+009B begins a sequence, as ESC [ does."""
    line = status_line("g", "s", 0, last_summary="a\x9b2Jb")
    assert "a 2Jb" in report([from_line(line)])


def test_a_full_disk_is_said(scripted: ScriptedServer) -> None:
    show(scripted, FAILING["short"])
    command = [sys.executable, "-m", "pymon.client.monfailures", "--server", "127.0.0.1", "--port", str(scripted.port)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    assert done.returncode == monfailures.NO_ANSWER
    assert done.stderr == "monfailures.py: cannot write: No space left on device\n"
