"""A-code: what somebody outside said never becomes code, whatever quotes the placeholder stands in."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymon.alert.shell_words import code_words, mentions, with_variables
from tests.alerts.conftest import RunAlert, run_alert
from tests.programs import write_program

SHOWN = [
    "printf %s {summary}",
    'printf %s "{summary}"',
    "printf %s '{summary}'",
    'printf "%s" "a {summary} b"',
    "printf %s 'it is {summary}, so'",
    'x={summary}; printf %s "$x"',
    'x="$(printf %s "{summary}")"; printf %s "$x"',
    'printf %s "$(printf %s {summary})"',
    'x=`printf %s {summary}`; printf %s "$x"',
    "true # it's a comment\nprintf %s {summary}",
    "if true; then (printf %s '{summary}'); fi",
    "case x in x) printf %s {summary};; esac",
    'printf %s \\"{summary}',
    "printf %s {summary} | sed 's/no such//'",
    "printf %s {summary} | cat | tr a a",
    "X=1 printf %s {summary} && true",
]
"""scripts that show the summary (or more)"""

SAFE = [
    "eval \"printf %s '{summary}'\"",
    "sh -c 'printf %s {summary}'",
    'sh -c "printf %s {summary}"',
    'sh -c "sh -c \\"printf %s \'{summary}\'\\""',
    "printf %s \\{summary}",
    "printf %s $'{summary}'",
    "printf %s \\'{summary}\\'",
    "cat <<END\n{summary}\nEND",
    "cat <<'END'\n{summary}\nEND",
    "printf %s \"`printf %s '{summary}'`\"",
    "printf %s '{summary}' \"'\" {summary} '\"' {summary}",
    "awk 'BEGIN {{ print \"{summary}\" }}'",
    "unfinished '{summary}",
    "printf %s {summary} | sh",
    'printf %s "{summary}" | cat | /bin/bash -s',
    "{summary}",
    "'{summary}' x",
    "true; {summary}",
    "x=$({summary})",
    "A=1 {summary}",
    "exec {summary}",
    "if {summary}; then true; fi",
    "`{summary}`",
    ". {summary}",
    'echo "{{summary}} {summary}"',
]
"""scripts that need not show it"""

ATTACKS = [
    "x; touch {mark}",
    "$(touch {mark})",
    "`touch {mark}`",
    "'; touch {mark}; '",
    '"; touch {mark}; "',
    "'\"; touch {mark} #",
    "\\'; touch {mark}; \\\"",
    "x\n touch {mark}\n",
    "&& touch {mark} ||",
    "| touch {mark} |",
    "END\ntouch {mark}\n",
    '"; system("touch {mark}"); "',
    "touch {mark}",
    "{runs}",
]


def program(folder: Path) -> Path:
    """A program that makes the mark, to be named by the text."""
    return write_program(folder / "runs", f"touch {folder}/mark\n")


async def called(script: str, said: str, shell: str = "/bin/sh") -> tuple[int, str]:
    return await run_alert("script.alert", "-g", "g", "-s", "s", "--", shell, "-c", script, stdin=f"{said}\n")


@pytest.mark.parametrize("script", SHOWN)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_text_is_shown_and_not_run(tmp_path: Path, script: str, attack: str) -> None:
    """A-code."""
    said = attack.format(mark=tmp_path / "mark", runs=program(tmp_path)).replace("\n", " ")
    exitval, output = await called(script, said)
    assert not (tmp_path / "mark").exists()
    assert exitval == 0, output
    shown = " ".join(output.split())
    assert " ".join(said.split())[:6] in shown or said.split()[0] in shown


@pytest.mark.parametrize("script", SAFE)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_text_is_not_run_wherever_it_stands(tmp_path: Path, script: str, attack: str) -> None:
    """A-code."""
    await called(script, attack.format(mark=tmp_path / "mark", runs=program(tmp_path)))
    assert not (tmp_path / "mark").exists()


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(
        st.sampled_from(
            [
                "{summary}",
                "'",
                '"',
                "\\",
                "`",
                "$(",
                ")",
                " ",
                ";",
                "printf x ",
                "eval ",
                "sh -c ",
                "#",
                "\n",
                "|",
                "&",
                "(",
                "x=",
                "{",
                "}",
                ". ",
                "then ",
            ]
        ),
        max_size=14,
    ).map("".join),
    attack=st.sampled_from(ATTACKS),
)
async def test_no_script_runs_it(tmp_path: Path, script: str, attack: str) -> None:
    """A-code."""
    (tmp_path / "mark").unlink(missing_ok=True)
    await called(f"exec </dev/null\n{script}", attack.format(mark=tmp_path / "mark", runs=program(tmp_path)))
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("shell", [each for each in ("bash", "dash", "zsh", "ksh", "mksh") if shutil.which(each)])
async def test_other_shells_do_the_same(tmp_path: Path, shell: str) -> None:
    path = shutil.which(shell)
    assert path is not None
    exitval, output = await called("printf %s '{summary}'", f"$(touch {tmp_path}/mark)", path)
    assert (exitval, output.strip()) == (0, f"$(touch {tmp_path}/mark)")
    assert not (tmp_path / "mark").exists()


async def test_code_for_others_is_left_as_it_is(run_alert: RunAlert) -> None:
    """A-code: and the log says so."""
    code = "import os; print('{summary}', os.environ['ALERT_SUMMARY'])"
    exitval, output = await run_alert("script.alert", "--", sys.executable, "-c", code, stdin="'+str(1/0)+'\n")
    assert exitval == 0
    assert output.splitlines() == [
        f"{{summary}} in the code for {Path(sys.executable).name} is not filled in",
        "{summary} '+str(1/0)+'",
    ]


async def test_arguments_behind_a_script_are_filled_in(run_alert: RunAlert) -> None:
    exitval, output = await run_alert(
        "script.alert", "--", "/bin/sh", "-c", 'printf %s "$1"', "sh", "{summary}", stdin="a 'b' $(c)\n"
    )
    assert (exitval, output.strip()) == (0, "a 'b' $(c)")


@pytest.mark.parametrize(
    ("command", "at"),
    [
        ("/bin/sh -c x", [2]),
        ("/bin/sh -e -c x y", [3]),
        ("/bin/sh -ec x", [2]),
        ("/bin/bash -o pipefail -c x", [4]),
        ("/bin/bash --norc -c x", [3]),
        ("/bin/sh /opt/page -c x", []),
        ("/bin/sh", []),
        ("/bin/sh -c", []),
        ("/usr/bin/env A=1 sh -c x", [4]),
        ("/usr/bin/timeout 5 sudo bash -lc x", [5]),
        ("/usr/bin/perl -e x", [2]),
        ("/usr/bin/perl -we x", [2]),
        ("/usr/bin/perl -ex", [1]),
        ("/usr/bin/python3.11 -c x y", [2]),
        ("/usr/bin/ssh gw a b", [1, 2, 3]),
        ("/bin/su -c x kim", [2]),
        ("/usr/bin/fish -c x", [2]),
        ("/usr/bin/psql --command=x", [1]),
        ("/usr/bin/mysql --execute x", [2]),
        ("/usr/bin/awk x file", [1]),
        ("/usr/bin/tmux display-message x", [1, 2]),
        ("/usr/bin/screen -X stuff x", [1, 2, 3]),
        ("/usr/bin/sqlite3 /var/lib/x.db x", [1, 2]),
        ("/usr/bin/mongosh --eval x", [2]),
        ("/usr/bin/clickhouse-client --query=x", [1]),
        ("/usr/local/bin/page -c x", []),
        ("/usr/bin/mail -s x kim", []),
        ("/usr/bin/curl -d x https://example.org/", []),
        ("/usr/bin/logger -t mon x", []),
    ],
)
def test_what_is_code(command: str, at: list[int]) -> None:
    assert [code.at for code in code_words(command.split())] == at


def test_values_of_mon_cf_are_no_danger() -> None:
    assert not mentions(["/bin/sh", "-c", "page {group}/{service} {hosts} {word} {{summary}} {time}"])
    assert [mention.name for mention in mentions(["/bin/sh", "-c", "{summary}{group}{detail}"])] == [
        "summary",
        "detail",
    ]
    assert with_variables("{group} {{summary}}") == "{group} {{summary}}"
