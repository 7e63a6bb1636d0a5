"""Runs a plugin both ways, as a process and in process, and finds what is wrong with it.

Both runs are the daemon's own (``pymon.runner``): the same time limits, containment and watchdog.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pymon.contract.invocation import Invocation
from pymon.errors import PluginError
from pymon.installed import Offer
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckOutcome, CheckResult, HostOutcome
from pymon.plugin.alert import Alert
from pymon.plugin.monitor import Monitor
from pymon.process.execution import run_process
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import PluginFile, load, load_offer
from pymon.workbench.exit_guard import ExitWatch
from pymon.workbench.loop_blocking import Stall, StallWatch
from pymon.workbench.resource_leaks import Holding, Holdings
from pymon.workbench.side_effects import Leavings

TIME_LIMIT = 60.0
"""seconds that one run may take"""

_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)*(?P<error>.*)", re.MULTILINE)
_NO_OUTCOME = re.compile(
    r"(?:^|: )the monitor's probe returned (?P<returned>.*), neither Up, Down nor Broken$", re.MULTILINE
)
"""what the SDK says of a probe that has a bug and raised nothing"""

_USAGE = re.compile(r"^(?:try \S+ --help|\S+ --help tells what it takes)$", re.MULTILINE)
"""what the SDK says when the options are wrong"""

_FIGURE = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


class TrialRun(NamedTuple):
    """One run: how it ended, how many seconds of processor time it took (with what it started), what it measured.

    ``problems`` are what speaks against it; ``notes`` what its author should know. ``held_up`` and ``left`` say whether
    one of these tells of a held-up event loop, or of something left behind; ``ended_all`` that it would have ended the
    daemon, so that its result says nothing.
    """

    result: CheckResult
    processor: float
    measurements: tuple[Measurement, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    held_up: bool = False
    left: bool = False
    ended_all: bool = False

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.result.duration


class Trial(NamedTuple):
    """A plugin's runs with the same call. ``inside`` is None where the daemon runs it as a process only.

    ``why_not_inside`` says why; ``loaded_in`` is how many seconds its import took, which the daemon spends once.
    """

    file: PluginFile
    invocation: Invocation
    process: TrialRun
    inside: TrialRun | None
    why_not_inside: str = ""
    loaded_in: float = 0.0

    @property
    def exitval(self) -> int:
        """The exit code, as of a process."""
        return self.process.result.exitval

    @property
    def outcome(self) -> CheckOutcome:
        """What a check says: ok, failed or broken, when it could not be carried out."""
        return self.process.result.outcome

    @property
    def output(self) -> str:
        """All that it printed."""
        return self.process.result.output

    @property
    def summary(self) -> str:
        """The first line of it, which is what people are told."""
        return self.output.partition("\n")[0]

    @property
    def detail(self) -> str:
        """The rest of it."""
        return self.output.partition("\n")[2]

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The measurements of the run."""
        return self.process.measurements

    def measured(self, name: str, host: str = "") -> list[float]:
        """The values measured under a name, of one host or of all."""
        return [each.value for each in self.measurements if each.name == name and host in ("", each.host)]

    @property
    def differences(self) -> tuple[str, ...]:
        """The differences between both ways. Figures may differ: times and port numbers do from run to run."""
        if self.inside is None or self.inside.ended_all:
            return ()
        return tuple(_find_differences(self.process, self.inside))

    @property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong with how the plugin behaves, whatever its verdict; empty if nothing is."""
        broken = (f"cannot run in process: {self.file.problem}",) if self.file.problem else ()
        inside = self.inside.problems if self.inside else ()
        differences = [f"differs: {each}" for each in self.differences]
        return tuple(dict.fromkeys((*broken, *self.process.problems, *inside, *differences)))


def find(path: str | os.PathLike[str]) -> PluginFile:
    """The plugin in a file, or of a package (``MODULE:OBJECT``). Raises PluginError if there is none to be run."""
    file = Path(path).absolute()
    module, colon, _ = str(path).partition(":")
    if colon and "/" not in module and not file.exists():
        return load_offer(Offer(module, str(path), module))
    if not file.is_file():
        raise PluginError(f"there is no file {file}")
    if not os.access(file, os.X_OK):
        raise PluginError(f"{file} is not executable: chmod +x {file}")
    return load(file.name, str(file))


def kind_of(file: PluginFile) -> str:
    """``monitor`` or ``alert``: by what the SDK made it, else by its name; nothing where neither tells."""
    if file.plugin is not None:
        return "alert" if isinstance(file.plugin, Alert) else "monitor"
    suffix = file.name.rpartition(".")[2]
    return suffix if suffix in ("monitor", "alert") else ""


async def try_out(
    file: PluginFile,
    invocation: Invocation,
    *,
    time_limit: float = TIME_LIMIT,
    is_alert: bool = False,
    on_process: Callable[[TrialRun], None] | None = None,
) -> Trial:
    """Run a plugin both ways. ``time_limit`` is in seconds, for each run.

    ``on_process`` is given the run as a process before the other begins, which may end all if the plugin is bad.
    Where a monitor's run in process held up the event loop or kept something it is made again, so that what happens
    only at the first call (an import, a certificate store, a cache) is told from what happens at each. An alert is not
    sent once more for that.
    """
    process = await _run_as_process(file, invocation, time_limit, is_alert=is_alert)
    if not is_alert and _has_asked_nothing(file, process):
        process = process._replace(notes=(*process.notes, "it was given no hosts, so that it checked nothing"))
    if on_process is not None:
        on_process(process)
    if file.plugin is None:
        why = file.problem or "it is not written against pymon's SDK"
        return Trial(file, invocation, process, None, why)
    seen = await _run_in_process(file, invocation, time_limit)
    is_usage = _USAGE.search(seen.run.result.output) is not None
    is_over = seen.run.ended_all or seen.run.result.cause not in (Cause.EXITED, Cause.BROKEN)
    may_repeat = not is_alert and not is_usage and not is_over
    again = await _run_in_process(file, invocation, time_limit) if may_repeat and (seen.stalls or seen.kept) else None
    return Trial(file, invocation, process, _judge(seen, again, is_alert=is_alert, is_usage=is_usage))


class _Seen(NamedTuple):
    """A run in process, and what was seen that counts only if it happens each time."""

    run: TrialRun
    stalls: Sequence[Stall]
    kept: Sequence[Holding]


def _judge(seen: _Seen, again: _Seen | None, *, is_alert: bool, is_usage: bool) -> TrialRun:
    """Judge a run: add its problems and notes. ``again`` is a second run, if it was made."""
    last = again or seen
    problems, notes = [*seen.run.problems, *last.run.problems], list(last.run.notes)
    for stall in last.stalls:
        if stall.importing:
            notes.append(f"{_describe_stall(stall)}, where it imports: that is once")
        elif is_usage:
            notes.append(f"{_describe_stall(stall)}, on the way to an error in its options")
        else:
            problems.append(_describe_stall(stall))
    for holding in last.kept:
        (notes if is_alert else problems).append(holding.what)
    if again is not None:
        spots = {stall.spot for stall in again.stalls}
        notes += [
            f"{_describe_stall(stall)}, at the first call only" for stall in seen.stalls if stall.spot not in spots
        ]
        kinds = Counter(holding.kind for holding in again.kept)
        notes += [f"{holding.what}, at the first call only" for holding in seen.kept if not kinds[holding.kind]]
    return last.run._replace(
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(dict.fromkeys(notes)),
        held_up=bool(seen.stalls or last.stalls),
        left=bool(seen.kept or last.kept),
    )


def _has_asked_nothing(file: PluginFile, run: TrialRun) -> bool:
    """Whether it is a monitor that had no hosts. With one it would have measured how long each well host took."""
    is_silent = not run.result.exitval and not run.result.output and not run.measurements
    return is_silent and isinstance(file.plugin, Monitor)


def _describe_stall(stall: Stall) -> str:
    return f"held up the event loop for {stall.seconds:.2f} s: {stall.spot}"


async def _run_as_process(file: PluginFile, invocation: Invocation, time_limit: float, *, is_alert: bool) -> TrialRun:
    bad: list[str] = []
    before = _measure_children()
    result = await run_process(
        file.command, invocation, time_limit=time_limit, on_bad_measurement=None if is_alert else bad.append
    )
    processor = _measure_children() - before
    problems = [
        *_find_bad_endings(result, "as a process"),
        *(f"a measurement cannot be read: {problem}" for problem in bad),
    ]
    return TrialRun(result, processor, result.measurements, tuple(problems), tuple(_find_notes(result)))


async def _run_in_process(file: PluginFile, invocation: Invocation, time_limit: float) -> _Seen:
    runner = PluginRunner()
    runner.start()
    try:
        await asyncio.sleep(0)
        processor = time.process_time() + _measure_children()
        with Holdings() as holdings:
            with StallWatch(file.source) as watch, Leavings() as leavings, ExitWatch() as exits:
                result = await runner.run(file, invocation, time_limit=time_limit)
            # at once: tasks that it left behind were cancelled, and are about to end
            left = leavings.find()
            spent = time.process_time() + _measure_children() - processor - watch.processor
            kept = await holdings.find()
        behaved = runner.can_run_in_process(file)
    finally:
        runner.stop()
    problems = [*(exits.problems or _find_bad_endings(result, "in process")), *left]
    if not behaved and result.cause is Cause.TIMED_OUT:
        problems.append("went on after it was cancelled, so that the daemon would run it as a process for a while")
    run = TrialRun(result, max(spent, 0.0), result.measurements, tuple(problems), ended_all=bool(exits.problems))
    return _Seen(run, watch.stalls, kept)


def _find_bad_endings(result: CheckResult, way: str) -> Iterator[str]:
    """Find what is wrong with how a run ended."""
    summary = result.output.partition("\n")[0]
    match result.cause:
        case Cause.TIMED_OUT:
            yield f"{way}: {summary}"
        case Cause.NOT_STARTED | Cause.RAISED | Cause.BLOCKED:
            yield f"{way}: {summary}"
        case Cause.SIGNALED:
            yield f"{way}: ended by signal {result.exitval - 128}"
        case _:
            if crash := _TRACEBACK.search(result.output):
                yield f"raised {crash['error']}"
            if bug := _NO_OUTCOME.search(result.output):
                yield f"its probe returned {bug['returned']}, neither Up, Down nor Broken"


def _find_notes(result: CheckResult) -> Iterator[str]:
    if result.exitval and not result.output.partition("\n")[0].strip():
        yield "it failed without a summary: its first line is empty"


def _find_differences(process: TrialRun, inside: TrialRun) -> Iterator[str]:
    one, other = process.result, inside.result
    if one.cause is other.cause is Cause.TIMED_OUT:
        return  # in process it is also known where it waited
    if one.exitval != other.exitval:
        yield f"exit code {one.exitval} as a process, {other.exitval} in process"
    elif one.outcome is not other.outcome:
        yield f"{one.outcome} as a process, {other.outcome} in process"
    if _mask_figures(one.output) != _mask_figures(other.output):
        yield f"output {_describe_first_difference(one.output, other.output)}"
    names = [{(each.host, each.name, each.unit) for each in run.measurements} for run in (process, inside)]
    if names[0] != names[1]:
        odd = ", ".join(" ".join(each[:2]) for each in sorted(names[0] ^ names[1]))
        yield f"measured one way only: {odd}"
    for host in sorted(one.hosts.keys() | other.hosts.keys()):
        outcomes = [result.hosts.get(host, HostOutcome.UNKNOWN).value for result in (one, other)]
        if outcomes[0] != outcomes[1]:
            yield f"{host} is {outcomes[0]} as a process, {outcomes[1]} in process"


def _describe_first_difference(one: str, other: str) -> str:
    lines, others = one.splitlines(), other.splitlines()
    for number, (left, right) in enumerate(zip(lines, others, strict=False), 1):
        if _mask_figures(left) != _mask_figures(right):
            return f"line {number}: {left!r} as a process, {right!r} in process"
    return f"as a process has {_count_lines(len(lines))}, in process {_count_lines(len(others))}"


def _count_lines(count: int) -> str:
    return f"{count} line" if count == 1 else f"{count} lines"


def _mask_figures(text: str) -> str:
    return _FIGURE.sub("0", text)


def _measure_children() -> float:
    """Seconds of processor time of all processes that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
