"""``pymon check``: exit status, messages, JSON, and the explanation of one service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.cli.check import check
from tests.tools import RequireTool

ROOT = Path(__file__).resolve().parents[2]
CLEAN = "hostgroup g h\n\nwatch g\n service s\n  traptimeout 1m\n"
WARNED = "hello world\n" + CLEAN
BROKEN = "maxproc = 3\n" + WARNED


def write(folder: Path, text: str) -> Path:
    path = folder / "mon.cf"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "status", "summary"),
    [
        (CLEAN, 0, "no problems (1 service on 1 hostgroup)"),
        (WARNED, 1, "1 warning (1 service on 1 hostgroup)"),
        (BROKEN, 2, "1 error, 1 warning"),
        ("", 1, "1 warning (no services)"),
    ],
)
def test_status_and_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, status: int, summary: str
) -> None:
    path = write(tmp_path, text)
    assert check(path, as_json=False, explain=None) == status
    assert capsys.readouterr().out.splitlines()[-1] == f"{path}: {summary}"


def test_problems_have_place_caret_and_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "hostgroup g h\n\nwatch g\n service s\n\tintervall 5m\n")
    check(path, as_json=False, explain=None)
    assert capsys.readouterr().out.startswith(
        f"{path}:5:2: error: unknown syntax [intervall 5m]\n    \tintervall 5m\n    \t^\n    did you mean 'interval'?\n"
    )


def test_missing_file_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path / "no.cf", as_json=False, explain=None) == 2
    assert "could not open cf file" in capsys.readouterr().out


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, BROKEN)
    assert check(path, as_json=True, explain=None) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["file"], document["status"]) == (str(path), 2)
    assert [problem["code"] for problem in document["problems"]] == ["unknown-variable", "ignored-line"]
    assert document["problems"][0] == {
        "severity": "error",
        "code": "unknown-variable",
        "file": str(path),
        "line": 1,
        "column": 1,
        "message": "unknown variable 'maxproc'",
        "advice": "did you mean 'maxprocs'?",
        "source": "maxproc = 3",
    }


@pytest.mark.net
def test_m4_is_the_daemons(tmp_path: Path, capsys: pytest.CaptureFixture[str], require_tool: RequireTool) -> None:
    """What is started with -M is checked with --m4."""
    program = require_tool("m4", why="mon.cf may be written in it")
    path = write(tmp_path, "define(`WWW', `g')dnl\nhostgroup WWW h\n\nwatch WWW\n service s\n  interval 5\n")
    assert check(path, as_json=False, explain=None, m4=str(program)) == 2
    assert capsys.readouterr().out.startswith(f"{path} (after m4):5:12: error: invalid time interval '5'")


EXPLAINED = """\
maxprocs = 7
unack_summary = yes
inprocess = no
hostgroup g a *b c

unack_summary = no

watch g
 service s
  interval 1h
  exclude_hosts c
  FOO=bar
  depend SELF:t
  period work: wd {Mon-Fri}
   alertevery 30m strict
   alertafter 3 5h
   alert exit=1-3 no.alert "웹 다운"
 service t
  traptimeout 1m
"""


def explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], tuple[str, str]]:
    path = write(tmp_path, EXPLAINED)
    assert check(path, as_json=True, explain=("g", "s")) == 1
    document = json.loads(capsys.readouterr().out)
    return {
        (each["part"], each["name"]): (each["value"], each["origin"].removeprefix(f"{path}:"))
        for each in document["values"]
    }


def test_explain_tells_values_and_origins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = explained(tmp_path, capsys)
    assert values["hosts", "g"] == ("a b (disabled) c (excluded)", "4")
    assert values["service", "interval"] == ("1h", "10")
    assert values["service", "timeout"] == ("10h", "default (the larger of 5m and 10 intervals)")
    assert values["service", "inprocess"] == ("no", "3 (global)")
    assert values["service", "unack_summary"] == ("no", "6 (global)")
    assert values["service", "dep_behavior"] == ("a", "default")
    assert values["service", "depend"] == ("g:t", "13")
    assert values["service", "FOO"] == ("bar", "12")
    assert values["period work", "when"] == ("wd {Mon-Fri}", "14")
    assert values["period work", "alertevery"] == ("30m strict", "15")
    assert values["period work", "alertafter"] == ("3 5h", "16")
    assert values["period work", "numalerts"] == ("no limit", "default")
    assert values["period work", "alert"] == ('exit=1-3 no.alert "웹 다운"', "17")
    assert values["global", "maxprocs"] == ("7", "1")
    assert values["programs", "no.alert"] == ("not found", "alertdir")


def test_explain_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    file = ROOT / "etc/lvs.cf"
    assert check(file, as_json=False, explain=("HTTP-server1", "HTTP")) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["HTTP-server1:HTTP"]
    assert ["monitor", "http.monitor", f"{file}:43"] in lines
    assert ["alertevery", "30m", f"{file}:46"] in lines


def test_explain_takes_the_service_of_the_watch_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = (
        "hostgroup {0} h\n\nwatch {0}\n service s\n  interval 1m\n  FOO=bar\n  period wd {{Mon}}\n   numalerts 3\n\n"
    )
    path = write(tmp_path, watch.format("group") + watch.format("g"))
    check(path, as_json=True, explain=("g", "s"))
    values = json.loads(capsys.readouterr().out)["values"]
    origins = {
        each["name"]: each["origin"] for each in values if each["name"] in ("interval", "FOO", "when", "numalerts")
    }
    assert origins == {"interval": f"{path}:14", "FOO": f"{path}:15", "when": f"{path}:16", "numalerts": f"{path}:17"}


def test_explain_guesses_a_misspelt_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(ROOT / "etc/lvs.cf", as_json=False, explain=("HTTP-server1", "http")) == 2
    assert "there is no service HTTP-server1:http; did you mean HTTP-server1:HTTP" in capsys.readouterr().err


def test_explain_of_a_broken_file_shows_its_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write(tmp_path, BROKEN), as_json=False, explain=("g", "s")) == 2
    assert "unknown variable" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("text", "status"), [(CLEAN, 0), (WARNED, 1), (BROKEN, 2)])
def test_the_command_itself(tmp_path: Path, text: str, status: int) -> None:
    command = [sys.executable, "-m", "pymon.cli.main", "check", str(write(tmp_path, text))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.slow
def test_hangul_on_a_terminal_that_cannot_show_it(tmp_path: Path) -> None:
    path = write(tmp_path, "서버\n")
    command = [sys.executable, "-m", "pymon.cli.main", "check", str(path)]
    environ = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert done.returncode == 1
    assert "\\uc11c\\ubc84" in done.stdout


PAGE = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")


def test_the_sample_of_the_page_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (service,) = [text for kind, text in blocks if not kind]
    (said,) = [text for kind, text in blocks if kind == "console"]
    monkeypatch.chdir(tmp_path)
    write(tmp_path, f"plugins = own\n\nhostgroup g 127.0.0.1\n\nwatch g\n{service}")
    assert check(Path("mon.cf"), as_json=False, explain=None) == 1
    assert capsys.readouterr().out == said.partition("\n")[2]


def test_the_page_names_every_kind_of_try() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE.partition("## What is tried on the machine")[2].partition("## Where")[0]))
    text = "".join(path.read_text() for path in (ROOT / "pymon" / "live").glob("*.py"))
    kinds = set(re.findall(r'Try\("(\w+)"', text)) | {
        "statedir",
        "logdir",
        "historicfile",
        "dtlogfile",
        "monerrfile",
        "pidfile",
    }
    assert kinds <= told


def test_arguments_are_tried_though_there_are_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C-ARGUMENTS: everything is told at once, in the order of the file."""
    text = CLEAN + "  monitor tcp.monitor -p nosuch\n  interval 5\n  monitr x\n"
    path = write(tmp_path, f"plugins = own\n{text}")
    assert check(path, as_json=True, explain=None) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [(each["line"], each["code"]) for each in problems] == [
        (7, "refused-argument"), (8, "time"), (9, "unknown-keyword"),
    ]  # fmt: skip
