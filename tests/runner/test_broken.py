"""M-broken: the ends of a program that say nothing of what it should have checked; summaries of tracebacks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pymon.contract.exception_text import trouble_first
from pymon.model.result import OUTPUT_LIMIT, Cause, CheckOutcome, CheckResult
from pymon.runner.limits import RunnerLimits
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load
from tests.runner.scripts import call, script

BROKEN, FAILED, OK = CheckOutcome.BROKEN, CheckOutcome.FAILED, CheckOutcome.OK


async def run(path: Path, *arguments: str, time_limit: float = 20.0) -> CheckResult:
    """As the daemon runs it, as a process."""
    return await PluginRunner().run(
        load(path.name, str(path)), call(path, *arguments), time_limit=time_limit, inprocess=False, measures=True
    )


@pytest.mark.parametrize(
    ("text", "outcome", "exitval"),
    [
        *((f"exit {status}", FAILED, status) for status in (1, 2, 3, 100, 125, 128, 137, 143, 254, 255)),
        *((f"exit {status}", BROKEN, status) for status in (126, 127)),
        ("exit 0", OK, 0),
        *((f"kill -{name} $$", BROKEN, 128 + number) for name, number in (("SEGV", 11), ("KILL", 9), ("TERM", 15))),
        *((f"kill -{name} $$", BROKEN, 128 + number) for name, number in (("ABRT", 6), ("XCPU", 24), ("ALRM", 14))),
        ("no_such_command_at_all h1", BROKEN, 127),
        ("exec /etc/passwd", BROKEN, 126),
        ('echo "!broken" >> $PYMON_MEASUREMENTS; echo no agent; exit 1', BROKEN, 1),
        ('echo "h n 1" >> $PYMON_MEASUREMENTS; echo "!broken" >> $PYMON_MEASUREMENTS; exit 2', BROKEN, 2),
        ('echo "not !broken" >> $PYMON_MEASUREMENTS; exit 1', FAILED, 1),
        ("sh -c 'kill -SEGV $$'; exit $?", FAILED, 139),
        (f"head -c {OUTPUT_LIMIT + 10} /dev/zero; exit 1", FAILED, 1),
        (f"head -c {OUTPUT_LIMIT + 10} /dev/zero; exit 0", OK, 0),
    ],
)
async def test_how_a_program_ends(tmp_path: Path, text: str, outcome: CheckOutcome, exitval: int) -> None:
    result = await run(script(tmp_path, text))
    assert (result.outcome, result.exitval) == (outcome, exitval)


@pytest.mark.parametrize("text", ["sleep 600", "trap '' TERM; sleep 600", "echo h1; exec sleep 600"])
async def test_its_time_limit_is_a_failure(tmp_path: Path, text: str) -> None:
    """Although it is ended by a signal: that was ours."""
    result = await PluginRunner(limits=RunnerLimits(grace=0.2)).run(
        load("a.monitor", str(script(tmp_path, text))), call(tmp_path / "a.monitor"), time_limit=0.2, inprocess=False
    )
    assert (result.outcome, result.cause) == (FAILED, Cause.TIMED_OUT)


@pytest.mark.parametrize(
    ("interpreter", "mode", "exitval"), [("/no/such/perl", 0o755, 127), ("/bin/sh", 0o644, 126), ("/etc", 0o755, 126)]
)
async def test_what_cannot_be_started(tmp_path: Path, interpreter: str, mode: int, exitval: int) -> None:
    path = script(tmp_path, "exit 0", interpreter=interpreter)
    path.chmod(mode)
    result = await run(path)
    assert (result.outcome, result.exitval) == (BROKEN, exitval)


HEAD = "from dataclasses import dataclass\nfrom pymon.plugin import Down, Monitor, Up, option, port\n"
TAIL = """
@dataclass(frozen=True)
class Options:
    port: int = option("-p", default=1, convert=port, about="port")

async def probe(host, options):
    return Down("so it is")

monitor = Monitor(Options, probe, look_up=False)
if __name__ == "__main__":
    monitor.main()
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library' ({path} line 4)"),
        ("from pymon.plugin import NoSuchName", "ImportError: cannot import name 'NoSuchName' from 'pymon.plugin'"),
        ("def f(:", "SyntaxError: invalid syntax ({path} line 4)"),
        ("  x = 1", "IndentationError: unexpected indent ({path} line 4)"),
        ("1 / 0", "ZeroDivisionError: division by zero ({path} line 4)"),
        ("undefined_name", "NameError: name 'undefined_name' is not defined ({path} line 4)"),
        ("option('-x', default=[], about='x')", "PluginError: "),
        ("open('/no/such/dir/\\0')", "ValueError: embedded null byte ({path} line 4)"),
    ],
)
async def test_what_breaks_before_the_kit_has_its_turn(tmp_path: Path, line: str, told: str) -> None:
    """The daemon starts such a file by ``python -m pymon.plugin``, which says what it is, in the trouble's own line."""
    path = script(tmp_path, HEAD + line + TAIL, "own.monitor", interpreter=sys.executable)
    result = await run(path, "h1")
    assert (result.outcome, result.cause, result.exitval) == (BROKEN, Cause.BROKEN, 126)
    assert result.output.startswith(told.format(path=path))


async def test_wrong_options(tmp_path: Path) -> None:
    path = script(tmp_path, HEAD + TAIL, "own.monitor", interpreter=sys.executable)
    assert (await run(path, "h1")).outcome is FAILED
    for words in (("-p", "notaport", "h1"), ("--no-such-option", "h1"), ("-p",)):
        result = await run(path, *words)
        assert (result.outcome, result.exitval) == (BROKEN, 126)
        assert result.output.startswith("own.monitor: ")
    for way in (True, False):  # both ways alike
        file = load(path.name, str(path))
        result = await PluginRunner().run(file, call(path, "-p", "x", "h"), time_limit=20, inprocess=way, measures=True)
        assert (result.outcome, result.cause) == (BROKEN, Cause.BROKEN)


async def test_a_file_looks_as_if_it_had_been_started_itself(tmp_path: Path) -> None:
    """Its name, its arguments, its folder in sys.path; also of one that is no Monitor, with its own exit code."""
    (tmp_path / "neighbour.py").write_text("HERE = 'beside it'\n")
    text = """
import pymon.plugin
import sys, neighbour
def main():
    import __main__
    print(__name__, __file__ == sys.argv[0], sys.argv[1:], neighbour.HERE, sys.path[0], __main__.main is main)
    sys.exit(7)
if __name__ == "__main__":
    main()
"""
    path = script(tmp_path, text, "own.monitor", interpreter=sys.executable)
    result = await run(path, "-x", "h1")
    assert (result.outcome, result.exitval) == (FAILED, 7)
    assert result.output == f"__main__ True ['-x', 'h1'] beside it {tmp_path} True\n"


async def test_a_file_whose_network_fails(tmp_path: Path) -> None:
    """One that uses the kit, and asks by itself: what the network says is a failure, as of a probe."""
    text = "import pymon.plugin.net, socket\nsocket.create_connection(('127.0.0.1', 1))\n"
    result = await run(script(tmp_path, text, "own.monitor", interpreter=sys.executable), "h1")
    assert (result.outcome, result.exitval) == (FAILED, 1)
    assert result.output.startswith("ConnectionRefusedError: ")


async def test_a_file_that_has_gone(tmp_path: Path) -> None:
    path = script(tmp_path, HEAD + TAIL, "own.monitor", interpreter=sys.executable)
    file = load(path.name, str(path))
    path.unlink()
    result = await PluginRunner().run(file, call(path, "h1"), time_limit=20, inprocess=False, measures=True)
    assert (result.outcome, result.exitval) == (BROKEN, 126)


REPORTS = [
    ("import no_such", "ModuleNotFoundError: No module named 'no_such'"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("x =", "SyntaxError: invalid syntax"),
    ("try:\n    1 / 0\nexcept Exception:\n    raise KeyError('a')", "KeyError: 'a'"),
    ("class Bad(Exception): pass\nraise Bad", "Bad"),
    ("raise ValueError('one\\ntwo: three')", "ValueError: one"),
    ("raise ExceptionGroup('several', [ValueError(1), KeyError(2)])", "ExceptionGroup: several (2 sub-exceptions)"),
]


@pytest.mark.parametrize(("text", "summary"), REPORTS)
async def test_summary_of_a_foreign_script_with_a_traceback(tmp_path: Path, text: str, summary: str) -> None:
    """It cannot be told from a dead host, but people are told what it is."""
    result = await run(script(tmp_path, text, "own.py", interpreter=sys.executable), "h1")
    first, _, rest = result.output.partition("\n")
    assert (result.outcome, first) == (FAILED, summary)
    assert "File " in rest


@pytest.mark.parametrize(
    "output",
    [
        "",
        "h1\n",
        "h1\nTraceback (most recent call last):\n  File x\nE: y\n",
        "Traceback (most recent call last):\n",
        "  x",
    ],
)
def test_other_output_is_as_it_was(output: str) -> None:
    assert trouble_first(output) == output
