"""script.alert: the command gets exactly what it was to get, and its exit code is the alert's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.alerts.conftest import RunAlert
from tests.programs import write_program

MON = ("-s", "http", "-g", "web", "-h", "www1 www2", "-t", "1793700000")
STDIN = "www1 $(reboot) `x` \"' 죽음\ndetail {group}\n\udcff"


@pytest.fixture(name="command")
def command_fixture(tmp_path: Path) -> str:
    """A command that keeps its arguments, its ALERT_ and MON_ variables and its input in ``got``."""
    path = tmp_path / "command"
    write_program(
        path,
        f"#!{sys.executable}\nimport json, os, sys\n"
        "env = {k: v for k, v in os.environ.items() if k.startswith(('ALERT_', 'MON_'))}\n"
        "got = [sys.argv[1:], env, sys.stdin.buffer.read().decode('utf-8', 'surrogateescape')]\n"
        f"json.dump(got, open({str(tmp_path / 'got')!r}, 'w'))\nprint('done')\n",
    )
    return str(path)


def got(folder: Path) -> tuple[list[str], dict[str, str], str]:
    arguments, environ, stdin = json.loads((folder / "got").read_text())
    return arguments, environ, stdin


@pytest.mark.slow
async def test_placeholders_are_filled_in_both_ways(both_ways: RunAlert, command: str, tmp_path: Path) -> None:
    """A-script: each value stays in its argument, and is never the shell's nor a placeholder."""
    arguments = (
        "--",
        command,
        "-s",
        "{word} {group}/{service}",
        "{hosts}",
        "{summary}",
        "{detail}",
        "{{word}}",
        "{x y}",
    )
    environ = {"MON_RETVAL": "3"}
    assert await both_ways("script.alert", *MON, *arguments, stdin=STDIN, **environ) == (0, "done\n")
    given, variables, stdin = got(tmp_path)
    assert given == [
        *("-s", "ALERT web/http", "www1 www2", "www1 $(reboot) `x` \"' 죽음"),
        *("detail {group}\n\\xff", "{word}", "{x y}"),
    ]
    assert stdin == STDIN
    assert (variables["MON_RETVAL"], variables["ALERT_RETVAL"]) == ("3", "3")
    assert (variables["ALERT_WORD"], variables["ALERT_FAILED"]) == ("ALERT", "www1")
    assert variables["ALERT_SUMMARY"] == given[3]


async def test_the_event_as_json(run_alert: RunAlert, command: str, tmp_path: Path) -> None:
    options = ("-u", "--json", "-S", "mine", "--", command)
    assert await run_alert("script.alert", *MON, *options, stdin=STDIN) == (0, "done\n")
    arguments, _, stdin = got(tmp_path)
    event = json.loads(stdin)
    assert (arguments, event["kind"], event["summary"], event["hosts"]) == ([], "up", "mine", ["www1", "www2"])


async def test_a_summary_of_ones_own(run_alert: RunAlert, command: str, tmp_path: Path) -> None:
    await run_alert("script.alert", *MON, "-S", "mine", "--", command, "{summary}", stdin="www1\ndetail\n")
    assert (got(tmp_path)[0], got(tmp_path)[2]) == (["mine"], "mine\ndetail\n")


@pytest.mark.parametrize(
    ("script", "code", "text"),
    [
        ("exit 0", 0, ""),
        ("echo said; exit 0", 0, "said\n"),
        ("exit 75", 75, "/bin/sh exited, exit code 75: it said nothing\n"),
        ("echo why >&2; exit 3", 3, "/bin/sh exited, exit code 3: why\n"),
        ("kill -9 $$", 137, "/bin/sh signaled, exit code 137: "),
    ],
)
async def test_exit_codes(run_alert: RunAlert, script: str, code: int, text: str) -> None:
    """A-script-exit: the command's own, and 75 is tried again."""
    given, output = await run_alert("script.alert", *MON, "--", "/bin/sh", "-c", script, stdin=STDIN)
    assert given == code
    assert output.startswith(text)


@pytest.mark.slow
async def test_a_command_that_hangs_is_ended_and_tried_again(both_ways: RunAlert, tmp_path: Path) -> None:
    script = f"echo $$ >{tmp_path}/pid; echo begun; exec sleep 60"
    options = ("--timeout", "0.5", "--", "/bin/sh", "-c", script)
    code, output = await both_ways("script.alert", *MON, *options, stdin=STDIN)
    assert code == 75
    assert output.startswith("/bin/sh timed out, exit code 124: timeout: no result after 0.5s")
    assert "begun" in output
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_what_cannot_be_run(run_alert: RunAlert, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path / "plain", "Permission denied")):
        code, output = await run_alert("script.alert", *MON, "--", str(path), stdin=STDIN)
        assert (code, why in output) == (75, True), output


@pytest.mark.slow
async def test_a_command_that_is_just_being_written_is_tried_again(run_alert: RunAlert, command: str) -> None:
    """A-script-start: nobody was told of anything."""
    with Path(command).open("ab"):  # noqa: ASYNC230  # a small file
        code, output = await run_alert("script.alert", *MON, "--timeout", "0.5", "--", command, stdin=STDIN)
    assert (code, "Text file busy" in output) == (75, True), output
    assert await run_alert("script.alert", *MON, "--", command, stdin=STDIN) == (0, "done\n")


async def test_several_values_in_an_argument_are_cut_together(
    run_alert: RunAlert, command: str, tmp_path: Path
) -> None:
    """A-argument: each of them has room, and all of them have not."""
    stdin = "죽" * 100_000 + "\n" + "음" * 100_000
    call = (*MON, "--", command, "{text}\n{summary}\n{detail}", "after")
    assert await run_alert("script.alert", *call, stdin=stdin) == (0, "done\n")
    (long, after), _, _ = got(tmp_path)
    assert long.startswith("ALERT web/http: 죽죽")
    assert (len(long.encode()) in range(131_000, 131_072), after) == (True, "after")


async def test_values_that_are_too_long_or_hold_nul(run_alert: RunAlert, command: str, tmp_path: Path) -> None:
    """A program that is given more than 128 KiB in an argument or a variable would not start."""
    stdin = "a\0b " + "죽" * 200_000 + "\n" + "d" * 300_000
    hosts = " ".join(f"host-number-{number}" for number in range(20_000))
    call = ("-s", "http", "-g", "web", "-h", hosts, "--", command, "{hosts}", "{detail}")
    assert await run_alert("script.alert", *call, stdin=stdin) == (0, "done\n")
    arguments, variables, given = got(tmp_path)
    assert hosts.startswith(arguments[0])
    assert variables["ALERT_SUMMARY"].startswith("a b 죽죽")
    assert given == stdin


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give the command after --"),
        (("--",), "give the command after --"),
        (("/bin/echo", "x"), "give the command after --"),
        (("--", "echo", "x"), "echo: the command must be an absolute path"),
        (("--", "/bin/echo", "{sumary}"), "there is no {sumary} to fill in"),
        (("--timeout", "x", "--", "/bin/echo"), "must be a number of seconds"),
    ],
)
async def test_wrong_options(run_alert: RunAlert, arguments: tuple[str, ...], problem: str) -> None:
    code, output = await run_alert("script.alert", *MON, *arguments, stdin=STDIN)
    assert (code, problem in output) == (64, True), output
