"""Plugins asked apart from this process: those that break, hang or end Python are reported, and keep nobody else."""

from __future__ import annotations

import os
import select
import textwrap
from pathlib import Path

import pytest

from pymon.installed import MONITORS
from pymon.model.argument import ArgumentTrial
from pymon.runner.limits import RunnerLimits
from pymon.runner.validation import ValidatedPlugin, validate_apart
from tests.programs import write_program

GOOD = """\
#!/usr/bin/env python3
from dataclasses import dataclass
from pymon.plugin import Host, Monitor, Outcome, Up, option, port

@dataclass(frozen=True)
class Options:
    port: int = option("-p", default=1, convert=port, about="port")

async def probe(host: Host, options: Options) -> Outcome:
    return Up()

monitor = Monitor(Options, probe)
"""
HEAD = "#!/usr/bin/env python3\nimport os, sys, time\nfrom pymon.plugin import Monitor\n"
BROKEN = {
    "syntax": ("#!/usr/bin/env python3\nfrom pymon.plugin import Monitor\nclass:\n", "SyntaxError"),
    "module": (HEAD + "import no_such_module\n", "No module named 'no_such_module'"),
    "nothing": (HEAD, "makes one Monitor or Alert"),
    "exit": (HEAD + "sys.exit(3)\n", "SystemExit: 3"),
    "end": (HEAD + "os._exit(0)\n", "ended Python"),
    "signal": (HEAD + "os.kill(os.getpid(), 11)\n", "ended Python"),
    "hang": (HEAD + "time.sleep(600)\n", "did not answer within"),
    "interrupt": (HEAD + "raise KeyboardInterrupt\n", "ended Python"),
    "noise": (HEAD + "print('x' * 100)\nsys.stdout.flush()\nos.close(1)\nimport nope\n", "No module named 'nope'"),
}


def plugin(folder: Path, name: str, text: str) -> ValidatedPlugin:
    return ValidatedPlugin(MONITORS, name, path=str(write_program(folder / name, text)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_reported_and_the_others_are_asked(tmp_path: Path, kind: str) -> None:
    text, reason = BROKEN[kind]
    subjects = [
        plugin(tmp_path, "before.monitor", GOOD),
        plugin(tmp_path, "broken.monitor", text),
        plugin(tmp_path, "after.monitor", GOOD),
    ]
    trials = [ArgumentTrial(MONITORS, subject.name, ("-p", "x", "h"), (), 1) for subject in subjects]
    verdicts = validate_apart(subjects, trials, RunnerLimits(validation=2.0))
    assert list(verdicts.broken) == [(MONITORS, "broken.monitor")]
    assert reason in verdicts.broken[MONITORS, "broken.monitor"]
    assert {trial.name for trial in verdicts.problems} == {"before.monitor", "after.monitor"}
    assert [each.word for found in verdicts.problems.values() for each in found] == [1, 1]


def test_a_plugin_that_cannot_say_is_a_problem_of_its_own(tmp_path: Path) -> None:
    text = GOOD.replace(
        "monitor = Monitor(Options, probe)", "monitor = Monitor(Options, probe, validate=lambda g: 1 / 0)"
    )
    trial = ArgumentTrial(MONITORS, "x.monitor", ("h",), (), 1)
    verdicts = validate_apart([plugin(tmp_path, "x.monitor", text)], [trial])
    assert "ZeroDivisionError" in verdicts.problems[trial][0].text


@pytest.mark.slow
def test_many_and_odd_arguments_pass_the_pipe(tmp_path: Path) -> None:
    odd = "\udcff가\n\0" * 1000
    trials = [
        ArgumentTrial(MONITORS, "x.monitor", ("-p", str(port), f"{odd}{port}"), (("A", odd),), 1)
        for port in range(3000)
    ]
    verdicts = validate_apart([plugin(tmp_path, "x.monitor", GOOD)], trials)
    assert [trial.arguments[1] for trial in verdicts.problems] == ["0"]


def test_a_plugin_of_another_kind_has_no_say(tmp_path: Path) -> None:
    text = textwrap.dedent("""\
        #!/usr/bin/env python3
        from pymon.plugin import Monitor
        class Own:
            ordered = False
            retry_on = frozenset()
            async def run(self, invocation): ...
            def order_key(self, invocation): ...
            def main(self): ...
        own = Own()
        """)
    trial = ArgumentTrial(MONITORS, "x.monitor", ("-p", "x"))
    verdicts = validate_apart([plugin(tmp_path, "x.monitor", text)], [trial])
    assert not verdicts.problems
    assert not verdicts.broken


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """The child's process group is ended with it."""
    note = tmp_path / "pid"
    text = (
        HEAD
        + f"import subprocess\np = subprocess.Popen(['sleep', '600'])\nopen({str(note)!r}, 'w').write(str(p.pid))\n"
    )
    validate_apart([plugin(tmp_path, "x.monitor", text)], [])
    try:
        ended = os.pidfd_open(int(note.read_text()))
    except ProcessLookupError:
        return
    try:
        assert select.select([ended], [], [], 30)[0], "it was told to end, and it has not"
    finally:
        os.close(ended)
