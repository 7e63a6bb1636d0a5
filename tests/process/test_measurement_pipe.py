"""Measurements that programs append to the file they are given (M-measure)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.contract.measurements import MEASUREMENTS_FILE, MEASUREMENTS_LIMIT, MEASUREMENTS_SIZE
from pymon.contract.plugin import Answer
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult
from pymon.process import measurement_pipe
from pymon.process.execution import run_process
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, load
from tests.process.test_execution import open_descriptors
from tests.runner.plugins import made
from tests.runner.scripts import BASE, call, script

NAME = MEASUREMENTS_FILE


async def run(path: Path, time_limit: float = 20.0) -> tuple[CheckResult, list[str]]:
    """Run a monitor as the daemon does; its result, and what is wrong with its measurements."""
    problems: list[str] = []
    result = await run_process([str(path)], call(path), time_limit=time_limit, on_bad_measurement=problems.append)
    return result, problems


PROGRAMS = {
    "/bin/sh": f'echo "web1 time 0.01 s" >> "${NAME}"; echo "web2 loss 20 %" >> "${NAME}"; echo web2; exit 1',
    "/usr/bin/perl": f"""
open(my $file, ">>", $ENV{{{NAME}}}) or die "$!";
print $file "web1 time 0.01 s\\n";
close $file;
system("echo 'web2 loss 20 %' >> $ENV{{{NAME}}}") and die;
print "web2\\n"; exit 1
""",
    sys.executable: f"""
import os, subprocess
with open(os.environ["{NAME}"], "a") as file:
    file.write("web1 time 0.01 s\\n")
    file.flush()
    subprocess.run(["/bin/sh", "-c", 'echo "web2 loss 20 %" >> "${NAME}"'], close_fds=False, check=True)
print("web2")
raise SystemExit(1)
""",
    "/bin/bash": f'for l in "web1 time 0.01 s" "web2 loss 20 %"; do echo "$l" >> "${NAME}"; done; echo web2; exit 1',
    "/usr/bin/awk -f": f"""BEGIN {{
print "web1 time 0.01 s" >> ENVIRON["{NAME}"]; print "web2 loss 20 %" >> ENVIRON["{NAME}"]; print "web2"; exit 1
}}""",
}


@pytest.mark.parametrize("interpreter", PROGRAMS)
async def test_what_a_program_and_its_children_append(tmp_path: Path, interpreter: str) -> None:
    if shutil.which(interpreter.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{interpreter} is not there")
    result, problems = await run(script(tmp_path, PROGRAMS[interpreter], interpreter=interpreter))
    assert (result.exitval, result.output, problems) == (1, "web2\n", [])
    assert result.measurements == (Measurement("web1", "time", 0.01, "s"), Measurement("web2", "loss", 20.0, "%"))


async def test_a_nested_process_appends_while_the_program_does(tmp_path: Path) -> None:
    path = script(
        tmp_path, f"""
append() {{ i=0; while [ $i -lt 200 ]; do echo "$1 turn $i" >> "${NAME}"; i=$((i+1)); done; }}
append a & sh -c 'echo "c turn 1" >> "${NAME}"' & append b; wait
"""
    )  # fmt: skip
    result, problems = await run(path)
    assert problems == []
    assert len(result.measurements) == 401
    assert len(set(result.measurements)) == 401


async def test_who_ignores_it_sees_nothing_else_and_alerts_get_none(tmp_path: Path) -> None:
    path = script(tmp_path, "env | grep -c PYMON; ls /proc/self/fd | wc -l")
    plain = await run_process([str(path)], call(path), time_limit=20)
    measured, problems = await run(path)
    assert plain.output.splitlines()[0] == "0"
    assert measured.output.splitlines()[0] == "1"
    assert int(measured.output.splitlines()[1]) == int(plain.output.splitlines()[1]) + 1
    assert (measured.measurements, plain.measurements, problems) == ((), (), [])


@pytest.mark.slow
async def test_measurements_of_what_was_cut_off_or_killed(tmp_path: Path) -> None:
    path = script(tmp_path, f'echo "a n 1" >> "${NAME}"; sleep 60')
    result, _ = await run(path, time_limit=0.3)
    assert (result.cause, result.measurements) == (Cause.TIMED_OUT, (Measurement("a", "n", 1.0),))
    result, _ = await run(script(tmp_path, f'echo "a n 2" >> "${NAME}"; kill -KILL $$'))
    assert (result.cause, result.measurements) == (Cause.SIGNALED, (Measurement("a", "n", 2.0),))


async def test_the_first_bad_line_is_told_and_the_others_count(tmp_path: Path) -> None:
    path = script(tmp_path, f'printf "a n 1\\nb n\\nc n x\\n\\nd n 4 s\\n" >> "${NAME}"')
    result, problems = await run(path)
    assert result.measurements == (Measurement("a", "n", 1.0), Measurement("d", "n", 4.0, "s"))
    assert problems == ["line 2, 'b n': a measurement is HOST NAME VALUE [UNIT]"]


async def test_a_flood_is_bounded(tmp_path: Path) -> None:
    path = script(tmp_path, f'yes "a time 1.5 s" | head -n 200000 >> "${NAME}"')
    result, problems = await run(path)
    assert len(result.measurements) == MEASUREMENTS_LIMIT
    assert problems == [f"only the first {MEASUREMENTS_LIMIT} measurements are kept"]
    path = script(tmp_path, f'echo "a n 1" >> "${NAME}"; head -c 3000000 /dev/zero >> "${NAME}"')
    result, problems = await run(path)
    assert result.measurements == (Measurement("a", "n", 1.0),)
    assert problems == [f"only the first {MEASUREMENTS_SIZE} of 3000006 bytes are read"]


async def test_a_flood_takes_no_memory_while_the_program_runs(tmp_path: Path) -> None:
    """It was a file in memory once, and as large as the program liked."""
    path = script(tmp_path, f'head -c 100000000 /dev/zero >> "${NAME}"; stat -L -c %s "${NAME}"; echo "x" >> "${NAME}"')
    result, problems = await run(path)
    assert int(result.output) == 0
    assert problems == [f"only the first {MEASUREMENTS_SIZE} of 100000002 bytes are read"]


async def test_who_is_left_behind_may_append_to_the_end_of_its_days(tmp_path: Path) -> None:
    """It must not wait for a reader that is gone, nor die of a broken pipe."""
    done = tmp_path / "done"
    late = f'echo > {tmp_path}/here; until [ -e {tmp_path}/over ]; do sleep 0.01; done; echo "a n 2" >> "${NAME}"'
    text = f"""
echo "a n 1" >> "${NAME}"
setsid sh -c '{late}; echo yes > {done}' >/dev/null 2>&1 &
until [ -e {tmp_path}/here ]; do sleep 0.01; done
"""
    path = script(tmp_path, text)
    result, problems = await run(path)
    assert (result.measurements, problems) == ((Measurement("a", "n", 1.0),), [])
    (tmp_path / "over").touch()
    for _ in range(1000):
        if done.exists():
            break
        await asyncio.sleep(0.01)
    assert done.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_a_program_that_became_another_user_may_append(tmp_path: Path) -> None:
    text = f"""
import os
os.setgid(65534); os.setuid(65534)
with open(os.environ["{NAME}"], "a") as file:
    file.write("a n 1\\n")
"""
    result, problems = await run(script(tmp_path, text, interpreter=sys.executable))
    assert (result.output, result.measurements, problems) == ("", (Measurement("a", "n", 1.0),), [])


async def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = sorted(open_descriptors())
    await run(script(tmp_path, f'echo "a n 1" >> "${NAME}"'))
    await run(tmp_path / "missing")
    unspeakable = call(tmp_path, "\0")
    result = await run_process(["/bin/true"], unspeakable, time_limit=20, on_bad_measurement=print)
    assert result.cause is Cause.NOT_STARTED
    assert sorted(open_descriptors()) == before


async def test_where_there_is_no_proc_there_is_no_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement_pipe, "_is_possible", measurement_pipe._is_possible.__wrapped__)
    monkeypatch.setattr(measurement_pipe, "_DESCRIPTORS", str(tmp_path / "none"))
    problems: list[str] = []
    path = script(tmp_path, f'echo "${{{NAME}-unset}}"')
    outer = call(path, environ={NAME: "/proc/self/fd/99"})
    result = await run_process([str(path)], outer, time_limit=20, on_bad_measurement=problems.append)
    assert (result.output, result.measurements, problems) == ("unset\n", (), [])


async def test_both_ways_and_each_bad_plugin_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(_: Invocation) -> Answer:
        return Answer(0, "", (Measurement("a", "n", 1.0), Measurement("a", "bad", float("nan"))))

    path = script(tmp_path, f'echo "a n 1" >> "${NAME}"; echo "a bad nan" >> "${NAME}"')
    runner = PluginRunner()
    with caplog.at_level(logging.WARNING):
        for file in (made(body, path), load("b.monitor", str(path))):
            for _ in range(2):
                result = await runner.run(file, Invocation(str(path), (), BASE), time_limit=20, measures=True)
                assert result.measurements == (Measurement("a", "n", 1.0),)
    told = [record.message for record in caplog.records]
    assert len(told) == 2
    assert all(text.startswith(f"{path} reported an invalid measurement: ") for text in told)
    assert "line 2, 'a bad nan': 'nan' is no number" in told[1]


async def test_an_alert_gets_no_file(tmp_path: Path) -> None:
    path = script(tmp_path, f'echo "${{{NAME}-unset}}"')
    result = await PluginRunner().run(PluginFile("x", str(path)), Invocation(str(path), (), BASE), time_limit=20)
    assert result.output == "unset\n"
