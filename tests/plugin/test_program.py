"""Plugins as programs: they say what they say inside the daemon."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.model.measurement import Measurement
from pymon.model.result import CheckResult
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.runner.scripts import BASE, script

HEAD = """
import asyncio, os
from dataclasses import dataclass
from pymon.plugin import *

@dataclass(frozen=True)
class Options:
    pass

async def check(call: Call[Options]) -> Report:
"""
TAIL = """
monitor = SetMonitor(Options, check, about="x")

if __name__ == "__main__":
    monitor.main()
"""


async def both_ways(path: Path, *arguments: str, environ: dict[str, str] | None = None) -> list[CheckResult]:
    """A run inside and one as a process."""
    file = load(path.name, str(path))
    assert file.plugin is not None, file.problem
    invocation = Invocation(str(path), arguments, BASE | (environ or {}))
    runner = PluginRunner()
    runner.start()
    try:
        return [
            await runner.run(file, invocation, time_limit=20, inprocess=way, measures=True) for way in (True, False)
        ]
    finally:
        runner.stop()


def monitor(folder: Path, body: str) -> Path:
    """A monitor whose check does what the body says."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return script(folder, HEAD + lines + TAIL, interpreter=sys.executable)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "summary", "outcome"),
    [
        ("raise KeyError('x')", "KeyError: 'x' ({path} line 12)", "broken"),
        (
            *(
                "print('seen')\nraise OSError(111, 'one\\ntwo')",
                "ConnectionRefusedError: [Errno 111] one ({path} line 13)",
            ),
            "failed",
        ),
        ("raise ValueError('\\ud800')", "ValueError: ? ({path} line 12)", "broken"),
        ("raise asyncio.CancelledError", "CancelledError: the plugin cancelled itself", "broken"),
        ("raise EOFError('hung up')", "EOFError: hung up ({path} line 12)", "failed"),
        ("open('/proc/1/mem\\0')", "ValueError: embedded null byte ({path} line 12)", "broken"),
        ("raise TimeoutError", "TimeoutError ({path} line 12)", "failed"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library' ({path} line 12)", "broken"),
    ],
)
async def test_what_is_raised_has_the_same_summary_both_ways(
    tmp_path: Path, body: str, summary: str, outcome: str
) -> None:
    """M-broken: what the network has to say in an OSError is a failure, all else is a broken check."""
    path = monitor(tmp_path, body)
    for result in await both_ways(path, "web1"):
        first, *more = result.output.splitlines()
        assert (result.outcome, first) == (outcome, summary.format(path=path))
        assert ("seen" in more) == ("seen" in body)


async def test_an_alert_that_raises_says_the_same_both_ways(tmp_path: Path) -> None:
    head = HEAD.replace("check(call: Call[Options]) -> Report", "deliver(event: Event, options: Options) -> Done")
    tail = TAIL.replace("monitor = SetMonitor(Options, check", "alert = Alert(Options, deliver").replace(
        "monitor.", "alert."
    )
    path = script(tmp_path, head + "    raise KeyError('x')\n" + tail, "a.alert", interpreter=sys.executable)
    for result in await both_ways(path):
        assert (result.exitval, result.output.splitlines()[0]) == (1, f"KeyError: 'x' ({path} line 12)")


async def test_a_text_that_no_encoding_takes_is_printed_all_the_same(tmp_path: Path) -> None:
    """Any server can cause it, with JSON's ``"\\ud800"``."""
    path = monitor(
        tmp_path, "return Report(1, 'web1', 'said \\ud800\\n', (Measurement('a\\ud800 b', 'n', 1.0, 'per s'),))"
    )
    for result in await both_ways(path, "web1"):
        assert (result.exitval, result.output) == (1, "web1\nsaid ?\n")
        assert result.measurements == (Measurement("a?_b", "n", 1.0, "per_s"),)


@pytest.mark.parametrize("bad", ["'b', 'n', 10**400", "'b', 'n', 10**5000", "b'b', 'n', 1.0", "None, 'n', 1.0"])
async def test_a_measurement_that_is_none_fails_no_check(
    tmp_path: Path, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    figures = f"Measurement('a', 'n', 1), Measurement({bad}), Measurement('c', 'n', 3.0, 's')"
    for result in await both_ways(monitor(tmp_path, f"return Report(0, '', '', ({figures}))"), "web1"):
        assert (result.exitval, result.output) == (0, "")
        assert result.measurements == (Measurement("a", "n", 1.0), Measurement("c", "n", 3.0, "s"))
    assert "reported an invalid measurement: " in caplog.text


@pytest.mark.parametrize("given", [256, 512, 300])
async def test_an_exit_code_that_no_program_has_is_no_success(tmp_path: Path, given: int) -> None:
    for result in await both_ways(monitor(tmp_path, f"return Report({given})"), "web1"):
        assert result.exitval == 255


@pytest.mark.slow
async def test_the_locale_does_not_matter(tmp_path: Path) -> None:
    """Bytes in, the same bytes out."""
    localedef = shutil.which("localedef")
    if localedef is None:
        pytest.skip("localedef is not there")
    made = await asyncio.create_subprocess_exec(
        *(localedef, "-i", "en_US", "-f", "ISO-8859-1", "--no-archive", str(tmp_path / "en_US.ISO-8859-1")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if await made.wait() > 1:
        pytest.skip("localedef has no sources of locales")
    environ = {"LOCPATH": str(tmp_path), "LC_ALL": "en_US.ISO-8859-1", "MON_GROUP": "웹"}
    path = monitor(tmp_path, "return Report(0, ' '.join(call.hosts), call.environ['MON_GROUP'] + '\\n')")
    for result in await both_ways(path, "hé", "\udcff", environ=environ):
        assert result.output == "hé \udcff\n웹\n"


@pytest.mark.slow
def test_a_reader_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        for body, exitval in (("return Report(3, 'web1')", 3), ("print('x')\nraise KeyError", 1)):
            done = subprocess.run([monitor(tmp_path, body), "web1"], stdout=write_end, check=False, timeout=20)
            assert done.returncode == exitval
    finally:
        os.close(write_end)
