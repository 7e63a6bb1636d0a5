"""One plugin run both ways, as a process and in process, and what can be said against it.

Both runs are the daemon's own (``pymon.runner``): the same time limits, containment and watchdog.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pymon.errors import PluginError
from pymon.installed import Offer
from pymon.model.invocation import Invocation
from pymon.model.measurement import Measurement
from pymon.model.result import Cause, CheckResult
from pymon.runner.process import run_process
from pymon.runner.registry import PluginFile, load, load_offer
from pymon.runner.runner import Runner
from pymon.workbench.leavings import Leavings
from pymon.workbench.stalls import Stall, StallWatch

TIME_LIMIT = 60.0
"""seconds that one run may take"""

_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)*(?P<error>.*)", re.MULTILINE)
_FIGURE = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


class Run(NamedTuple):
    """One run: how it ended, how many seconds of processor time it took (with what it started), what it measured.

    ``problems`` are what speaks against it; ``notes`` what its author should know.
    """

    result: CheckResult
    processor: float
    measurements: tuple[Measurement, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.result.ended - self.result.started


class Trial(NamedTuple):
    """A plugin's runs with the same call. ``inside`` is None where the daemon runs it as a process only.

    ``why_not_inside`` says why; ``loaded_in`` is how many seconds its import took, which the daemon spends once.
    """

    file: PluginFile
    invocation: Invocation
    process: Run
    inside: Run | None
    why_not_inside: str = ""
    loaded_in: float = 0.0

    @property
    def exitval(self) -> int:
        """The exit code, as of a process."""
        return self.process.result.exitval

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
        """What it measured."""
        return self.process.measurements

    def measured(self, name: str, host: str = "") -> list[float]:
        """The values measured under a name, of one host or of all."""
        return [each.value for each in self.measurements if each.name == name and host in ("", each.host)]

    @property
    def differences(self) -> tuple[str, ...]:
        """What is not the same both ways. Figures may differ: times and port numbers do from run to run."""
        return tuple(_differences(self.process, self.inside)) if self.inside else ()

    @property
    def problems(self) -> tuple[str, ...]:
        """All that speaks against the plugin, whatever its verdict; empty if it is as it should be."""
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


async def try_out(
    file: PluginFile, invocation: Invocation, *, time_limit: float = TIME_LIMIT, is_alert: bool = False
) -> Trial:
    """Run a plugin both ways. ``time_limit`` is in seconds, for each run.

    Where a monitor's run in process held up the event loop it is made again, so that what happens only at the first
    call (an import, a certificate store) is told from what happens at each. An alert is not sent once more for that.
    """
    process = await _as_process(file, invocation, time_limit, is_alert=is_alert)
    if file.plugin is None:
        why = file.problem or "it is not written against pymon's SDK"
        return Trial(file, invocation, process, None, why)
    inside, stalls = await _inside(file, invocation, time_limit)
    if stalls and not is_alert and inside.result.cause is Cause.EXITED:
        again, later_stalls = await _inside(file, invocation, time_limit)
        known = {stall.spot for stall in later_stalls}
        notes = [f"{_told(stall)}, at the first call only" for stall in stalls if stall.spot not in known]
        inside, stalls = again._replace(notes=(*again.notes, *notes)), later_stalls
    importing = [stall for stall in stalls if stall.importing]
    held = [_told(stall) for stall in stalls if not stall.importing]
    inside = inside._replace(
        problems=(*inside.problems, *held),
        notes=(*inside.notes, *(f"{_told(stall)}, where it imports: that is once" for stall in importing)),
    )
    return Trial(file, invocation, process, inside)


def _told(stall: Stall) -> str:
    return f"held up the event loop for {stall.seconds:.2f} s: {stall.spot}"


async def _as_process(file: PluginFile, invocation: Invocation, time_limit: float, *, is_alert: bool) -> Run:
    bad: list[str] = []
    before = _children()
    result = await run_process(
        file.command, invocation, time_limit=time_limit, on_bad_measurement=None if is_alert else bad.append
    )
    processor = _children() - before
    problems = [*_endings(result, "as a process"), *(f"a measurement cannot be read: {problem}" for problem in bad)]
    return Run(result, processor, result.measurements, tuple(problems), tuple(_notes(result)))


async def _inside(file: PluginFile, invocation: Invocation, time_limit: float) -> tuple[Run, Sequence[Stall]]:
    runner = Runner()
    runner.start()
    try:
        await asyncio.sleep(0)
        processor = time.process_time() + _children()
        with StallWatch(file.source) as watch, Leavings() as leavings:
            result = await runner.run(file, invocation, time_limit=time_limit)
        # at once: tasks that it left behind were cancelled, and are about to end
        left = leavings.found()
        spent = time.process_time() + _children() - processor - watch.processor
        behaved = runner.can_run_in_process(file)
    finally:
        runner.stop()
    problems = [*_endings(result, "in process"), *left]
    if not behaved and result.cause is Cause.TIMED_OUT:
        problems.append("went on after it was cancelled, so that the daemon would run it as a process from then on")
    return Run(result, max(spent, 0.0), result.measurements, tuple(problems), ()), watch.stalls


def _endings(result: CheckResult, way: str) -> Iterator[str]:
    """What is wrong with how a run came to its end."""
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


def _notes(result: CheckResult) -> Iterator[str]:
    if result.exitval and not result.output.partition("\n")[0].strip():
        yield "it failed without a summary: its first line is empty"


def _differences(process: Run, inside: Run) -> Iterator[str]:
    one, other = process.result, inside.result
    if one.cause is other.cause is Cause.TIMED_OUT:
        return  # in process it is also known where it waited
    if one.exitval != other.exitval:
        yield f"exit code {one.exitval} as a process, {other.exitval} in process"
    if _figureless(one.output) != _figureless(other.output):
        yield f"output {_first_difference(one.output, other.output)}"
    names = [{(each.host, each.name, each.unit) for each in run.measurements} for run in (process, inside)]
    if names[0] != names[1]:
        odd = ", ".join(" ".join(each[:2]) for each in sorted(names[0] ^ names[1]))
        yield f"measured one way only: {odd}"


def _first_difference(one: str, other: str) -> str:
    lines, others = one.splitlines(), other.splitlines()
    for number, (left, right) in enumerate(zip(lines, others, strict=False), 1):
        if _figureless(left) != _figureless(right):
            return f"line {number}: {left!r} as a process, {right!r} in process"
    return f"of {len(lines)} lines as a process, of {len(others)} in process"


def _figureless(text: str) -> str:
    return _FIGURE.sub("0", text)


def _children() -> float:
    """Seconds of processor time of all processes that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
