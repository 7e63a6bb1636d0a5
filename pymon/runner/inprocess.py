"""One run of a plugin inside the daemon: same arguments, environment, output and exit code as a process.

Whatever the plugin raises is a result, and no exception leaves here but CancelledError. At its time limit the plugin
is cancelled; one that goes on all the same is abandoned. Tasks that it leaves behind are cancelled.
docs/inprocess.md tells authors what this asks of them.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from types import MappingProxyType
from typing import NamedTuple, TypeGuard

from pymon.clock import Clock, SystemClock
from pymon.contract.exception_text import describe
from pymon.contract.invocation import Invocation
from pymon.contract.measurements import keep_usable
from pymon.contract.plugin import Answer, Plugin
from pymon.model.result import BROKEN_EXIT, Cause, CheckResult
from pymon.process.execution import PLACES, TIMED_OUT_EXIT, timeout_output
from pymon.process.output import cap
from pymon.runner.containment import CURRENT, PluginRun, abandon, end_tasks
from pymon.runner.limits import RunnerLimits
from pymon.runner.loop_delays import HoldUps
from pymon.runner.watchdog import PluginBlocked
from pymon.scarcity.lack import CURRENT_LACK, Lack
from pymon.scarcity.symptoms import is_ours, shortage_in
from pymon.text import well_formed

log = logging.getLogger("pymon.plugin")


class InsideRun(NamedTuple):
    """A result, and whether the plugin kept to the rules: it did not block, and ended when it was told to.

    ``bad_measurement`` is what is wrong with the first invalid measurement. ``left`` is how many tasks it left behind.
    ``hung`` is where it held up the event loop without being interrupted. ``lack`` is what it had to do without, where
    that may be why it did not succeed: in all of it, or in ``parts`` of it that the plugin judged by themselves.
    """

    result: CheckResult
    behaved: bool
    bad_measurement: str = ""
    left: int = 0
    hung: str = ""
    lack: str = ""
    parts: str = ""


_Ending = Answer | BaseException

_SEQUENCES, _MAPPINGS = (tuple, list), (dict, MappingProxyType)
"""what an answer's parts are: to ask for abstract ones takes longer, and each check is asked"""

_QUEUED = "there was no place for what it does"


async def run_inprocess(
    plugin: Plugin,
    invocation: Invocation,
    *,
    time_limit: float,
    limits: RunnerLimits | None = None,
    source: str = "",
    programs: asyncio.Semaphore | None = None,
    holdups: HoldUps | None = None,
    clock: Clock | None = None,
) -> InsideRun:
    """Run the plugin on this event loop and tell how it ended. ``time_limit`` is in seconds.

    ``source`` is the file of its code, if that is not what it is called with as argv[0]. ``programs`` limits how many
    programs it and others run at the same time. After one of the ``holdups`` it gets what has come meanwhile before its
    time limit counts. ``clock`` is the machine's, if none is given.
    Raises nothing but CancelledError, and then the plugin has been cancelled.
    """
    clock, limits = clock or SystemClock(), limits or RunnerLimits()
    began = clock.steady()
    mark = holdups.mark() if holdups is not None else None
    run = PluginRun(source or invocation.path)
    context = copy_context()
    lack = Lack()
    context.run(CURRENT.set, run)
    context.run(CURRENT_LACK.set, lack)
    context.run(PLACES.set, programs)
    task = asyncio.get_running_loop().create_task(_contain(plugin, invocation), context=context)
    timed_out, waiting_at, left = False, "", 0
    try:
        done, _ = await asyncio.wait((task,), timeout=time_limit)
        if not done and holdups is not None and mark is not None and holdups.since(mark):
            await holdups.read_what_came()
        timed_out = not task.done()
        if timed_out:
            waiting_at = _format_place(task, run.path)
            await _end(task, run, limits.grace)
    except asyncio.CancelledError:
        await _end(task, run, limits.grace)
        raise
    finally:
        if run.tasks:
            left = end_tasks(run)
    if timed_out:
        output = cap(timeout_output(time_limit, waiting_at + run.printed))
        short = lack.within or (_QUEUED if lack.queued > min(limits.queued, time_limit / 2) else "")
        result = CheckResult(TIMED_OUT_EXIT, output, clock.steady() - began, Cause.TIMED_OUT)
        return InsideRun(result, task.done(), hung=run.hung, lack=short, parts=short)
    answer, cause = _judge(task, run)
    measurements, problem = keep_usable(answer.measurements) if answer.measurements else ((), "")
    result = CheckResult(answer.exitval, answer.output, clock.steady() - began, cause, measurements, answer.hosts)
    short = "" if result.is_success else lack.said or shortage_in(_exception_of(task))
    return InsideRun(result, cause is not Cause.BLOCKED, problem, left, run.hung, short, short or lack.within)


async def _contain(plugin: Plugin, invocation: Invocation) -> _Ending:
    """The plugin's answer, or what it raised: nothing of it may reach the event loop."""
    try:
        return await plugin.run(invocation)
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return error


async def _end(task: asyncio.Task[_Ending], run: PluginRun, grace: float) -> None:
    task.cancel()
    end_tasks(run)
    try:
        await asyncio.wait((task,), timeout=grace)
    finally:
        if not task.done():
            log.error(
                "%s goes on although it was cancelled (%s); abandoned", run.path, _format_place(task, run.path).strip()
            )
            abandon(task)
        for left in [left for left in run.tasks if not left.done()]:
            abandon(left)


def _judge(task: asyncio.Task[_Ending], run: PluginRun) -> tuple[Answer, Cause]:
    if task.cancelled():
        ending: object = asyncio.CancelledError("the plugin cancelled itself")
    else:
        ending = task.exception() or task.result()
    if run.blocked or isinstance(ending, PluginBlocked):
        summary = f"stopped: it blocked the event loop at {run.blocked or ending}\n"
        return Answer(1, cap(summary + run.printed + run.blocked_stack)), Cause.BLOCKED
    if isinstance(ending, SystemExit):
        return _exit_of(ending, run), Cause.EXITED
    if isinstance(ending, BaseException):
        summary, detail = describe(ending, run.path)
        cause = Cause.RAISED if is_ours(ending) else Cause.EXITED
        return Answer(1, cap(summary + run.printed + detail)), cause
    if not _is_answer(ending):
        text = f"run() returned {ending!r:.200}, not an Answer(exit code, output, measurements)\n"
        return Answer(1, cap(well_formed(run.printed + text))), Cause.RAISED
    output = cap(well_formed(run.printed + ending.output))
    exitval = ending.exitval & 0xFF
    cause = Cause.BROKEN if exitval == BROKEN_EXIT else Cause.EXITED
    return Answer(exitval, output, ending.measurements, ending.hosts), cause


def _exception_of(task: asyncio.Task[_Ending]) -> BaseException | None:
    """What the plugin raised, if it did."""
    if task.cancelled():
        return None
    ending = task.exception() or task.result()
    return ending if isinstance(ending, BaseException) else None


def _is_answer(ending: object) -> TypeGuard[Answer]:
    """Whether it is one, in all its parts: the plugin may be anybody's."""
    return (
        isinstance(ending, Answer)
        and isinstance(ending.exitval, int)
        and isinstance(ending.output, str)
        and isinstance(ending.measurements, _SEQUENCES)
        and isinstance(ending.hosts, _MAPPINGS)
    )


def _exit_of(ending: SystemExit, run: PluginRun) -> Answer:
    """sys.exit means what it means in a process: a number is the exit code, nothing is 0, text is printed and 1."""
    if ending.code is None or isinstance(ending.code, int):
        return Answer((ending.code or 0) & 0xFF, cap(run.printed))
    return Answer(1, cap(well_formed(f"{run.printed}{ending.code}\n")))


def _format_place(task: asyncio.Task[_Ending], path: str) -> str:
    """A line that tells where the plugin is waiting: the innermost of its own lines, else of all."""
    here: object = task.get_coro()
    places: list[tuple[str, int]] = []
    while here is not None and (frame := getattr(here, "cr_frame", None)) is not None:
        places.append((frame.f_code.co_filename, frame.f_lineno))
        here = getattr(here, "cr_await", None)
    own = [place for place in places if place[0] == path] or places
    return f"waiting at {own[-1][0]} line {own[-1][1]}\n" if own else ""
