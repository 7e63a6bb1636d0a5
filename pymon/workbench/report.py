"""A trial, told to people: plain lines, in colour on a terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pymon.contract.invocation import Invocation
from pymon.model.result import Cause
from pymon.runner.registry import PluginFile
from pymon.text import bounded, printable
from pymon.workbench.conformance import Trial, TrialRun

MOST_LINES = 60
"""lines of one run's output that are shown"""

LONGEST_LINE = 4000
"""characters of one line that are shown"""

_OWN = re.compile(r"(?:MON|PYMON)_")


class ReportLine(NamedTuple):
    """A line, and how it is to stand out: ``title``, ``good``, ``bad``, ``note``, or not."""

    text: str
    style: str = ""


def account(trial: Trial, given: Iterable[str] = ()) -> Iterator[ReportLine]:
    """All that there is to tell of a trial. ``given`` are further variables to show, by their names."""
    yield from account_of_process(trial.file, trial.invocation, trial.process, given)
    yield from account_of_the_rest(trial)


def account_of_process(
    file: PluginFile, invocation: Invocation, process: TrialRun, given: Iterable[str] = ()
) -> Iterator[ReportLine]:
    """The first half, up to the run as a process: can be told before the other, in case that ends all."""
    yield ReportLine(file.name, "title")
    yield from _format_call(file, invocation, frozenset(given))
    yield ReportLine("")
    yield from _format_run("as a process", process)


def account_of_the_rest(trial: Trial) -> Iterator[ReportLine]:
    """The other half: the run in process, and the judgement."""
    if trial.inside is None:
        yield ReportLine(f"not in process: {trial.why_not_inside}", "note")
    else:
        yield ReportLine("")
        is_same = trial.process.result.output == trial.inside.result.output
        yield from _format_run("in process", trial.inside, said="it printed the same" if is_same else "")
        yield ReportLine(f"  imported in {trial.loaded_in:.3f} s, which the daemon does once")
    yield ReportLine("")
    yield from _format_judgement(trial)


def _format_call(file: PluginFile, invocation: Invocation, given: frozenset[str]) -> Iterator[ReportLine]:
    if file.offer is not None:
        yield ReportLine(f"  from         {escape(file.origin)}")
    yield ReportLine(f"  argv         {escape(shlex.join((invocation.path, *invocation.arguments)))}")
    yield from _format_titled("environment", _environment(invocation, given))
    if invocation.stdin:
        yield from _format_titled("input", invocation.stdin.splitlines())


def _environment(invocation: Invocation, given: frozenset[str]) -> Iterator[str]:
    own = sorted(name for name in invocation.environ if _OWN.match(name) or name in given)
    yield from (f"{name}={invocation.environ[name]}" for name in own)
    yield f"and {len(invocation.environ) - len(own)} variables of your own, where the daemon has its own"


def _format_titled(title: str, texts: Iterable[str]) -> Iterator[ReportLine]:
    for text in texts:
        yield ReportLine(f"  {title:<12} {escape(text)}")
        title = ""


def _format_run(way: str, run: TrialRun, said: str = "") -> Iterator[ReportLine]:
    spent = f"{run.seconds:.3f} s, {run.processor:.3f} s of processor time"
    broken = ", the check is broken" if run.result.cause is Cause.BROKEN else ""
    yield ReportLine(f"{way}: exit code {run.result.exitval}{broken}, {spent}", "title")
    if said:
        yield ReportLine(f"  {said}")
    else:
        yield from _format_output(run.result.output)
    for each in run.measurements[:MOST_LINES]:
        yield ReportLine(f"  measured     {escape(each.host)} {escape(each.name)} {each.value:g} {each.unit}".rstrip())
    if len(run.measurements) > MOST_LINES:
        yield ReportLine(f"  and {len(run.measurements) - MOST_LINES} more")


def _format_output(output: str) -> Iterator[ReportLine]:
    lines = output.splitlines()
    if not lines:
        yield ReportLine("  it printed nothing")
    for line in lines[:MOST_LINES]:
        yield ReportLine(f"  | {escape(line)}")
    if len(lines) > MOST_LINES:
        yield ReportLine(f"  and {len(lines) - MOST_LINES} more lines")


def _format_judgement(trial: Trial) -> Iterator[ReportLine]:
    runs = [run for run in (trial.process, trial.inside) if run is not None]
    for note in dict.fromkeys(note for run in runs for note in run.notes):
        yield ReportLine(f"note: {escape(note)}", "note")
    for problem in trial.problems:
        yield ReportLine(f"problem: {escape(problem)}", "bad")
    if trial.problems:
        return
    if trial.inside is None:
        yield ReportLine("It ran as a process, as it should.", "good")
    else:
        yield ReportLine(f"It did the same both ways{_format_praise(trial.inside)}.", "good")


def _format_praise(inside: TrialRun) -> str:
    """Format what it did well; what notes speak against is left out."""
    if inside.left:
        return "" if inside.held_up else ", and held nothing up"
    return ", and left nothing behind" if inside.held_up else ", held nothing up, and left nothing behind"


def escape(text: str) -> str:
    """The text with escapes for what a terminal would not show, or act upon; not more than LONGEST_LINE of it."""
    return printable(bounded(text, LONGEST_LINE, counted=True), keep="\t")
