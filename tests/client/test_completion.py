"""Completion of moncmd's commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.client import moncmd
from pymon.client.command_syntax import COMMANDS
from pymon.client.completion import candidates
from pymon.server.commands.table import COMMANDS as OF_SERVER
from tests.client.scripted import ScriptedServer, status_line
from tests.programs import write_program
from tests.tools import missing

KNOWN = {"GROUP": ["web", "mail"], "SERVICE": ["http"], "HOST": ["h1", "h2"], "ALIAS": ["a"], "VIEW": ["v"]}


def known(word: str, _before: tuple[str, ...]) -> list[str]:
    return KNOWN.get(word, [])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {"ack", "list", "why", "json"}),
        (("l",), {"list", "loadstate", "login"}),
        (("list", "op"), {"opstatus"}),
        (("ack", ""), {"web", "mail"}),
        (("ack", "web", ""), {"http"}),
        (("list", "group", "w"), {"web"}),
        (("list", "opstatus", "web", "m"), {"mail"}),
        (("disable", "host", "h1", ""), {"h1", "h2"}),
        (("disable", ""), {"host", "service", "watch"}),
        (("reset", ""), {"stopped"}),
        (("reset", "stopped", ""), {"keepstate"}),
        (("test", "monitor", "web", ""), {"http"}),
        (("nix", ""), set()),
        (("start", ""), set()),
        (("list", "views", ""), set()),
    ],
)
def test_candidates(words: tuple[str, ...], expected: set[str]) -> None:
    found = set(candidates(words, known))
    assert found == expected or (not words and expected < found)


def test_every_command_of_the_server_can_be_completed() -> None:
    completed = {command[0] for command in COMMANDS}
    assert completed == OF_SERVER.keys() - {"dump"}


@pytest.fixture
def server(scripted: ScriptedServer) -> ScriptedServer:
    scripted.show(
        [status_line("web", "http", 1), status_line("mail", "smtp", 1)],
        answers={"list views": ("views v1 v2", "220 list group completed"), "list aliasgroups": ("a b", "220 ok")},
    )
    return scripted


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ack", ""], ["mail", "web"]),
        (["ack", "mail", ""], ["smtp"]),
        (["disable", "host", ""], ["a", "b", "c"]),
        (["setview", ""], ["v1", "v2"]),
        (["list", "aliases", ""], ["a", "b"]),
        (["savestate", ""], ["all", "disabled", "opstatus"]),
        (["login", ""], []),
    ],
)
def test_the_server_is_asked(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[str]
) -> None:
    assert moncmd.main(["--complete", "-s", "127.0.0.1", "-p", str(server.port), *words]) == 0
    assert capsys.readouterr().out.split() == expected


def test_no_server_completes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert moncmd.main(["--complete", "-s", "127.0.0.1", "-p", "1", "ack", ""]) == 0
    assert capsys.readouterr().out.strip() == ""


def test_bash(server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The script, in bash: the words typed so far go in, what they can become comes out."""
    moncmd.main(["--completion", "bash"])
    program = tmp_path / "moncmd"
    write_program(program, f'#!/bin/sh\nexec {sys.executable} -m pymon.client.moncmd "$@"\n')
    typed = f"({program} -s 127.0.0.1 -p {server.port} ack ma)"
    script = f'{capsys.readouterr().out}\nCOMP_WORDS={typed}\nCOMP_CWORD=6\n_moncmd\necho "${{COMPREPLY[@]}}"'
    bash = shutil.which("bash")
    if bash is None:
        missing("bash is not installed")
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("mail\n", "")


def test_zsh_understands_its_script(capsys: pytest.CaptureFixture[str]) -> None:
    moncmd.main(["--completion", "zsh"])
    script = capsys.readouterr().out
    assert script.startswith("#compdef moncmd\n")
    zsh = shutil.which("zsh")
    if zsh is not None:
        subprocess.run([zsh, "-n"], input=script, text=True, timeout=30, check=True)
