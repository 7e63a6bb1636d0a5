"""What a plugin does at the ends of its life as a program: words in, output and exit code out."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NoReturn

from pymon.contract.environ import own_environ
from pymon.contract.invocation import Invocation
from pymon.contract.measurements import MEASUREMENTS_FILE
from pymon.contract.plugin import Answer
from pymon.contract.side_channel import format_notes
from pymon.model.measurement import Measurement
from pymon.model.result import BROKEN_EXIT, NO_HOSTS, HostOutcome
from pymon.text import encode, from_locale


def called_with(arguments: Sequence[str] | None = None, stdin: str = "") -> Invocation:
    """The program's own call: its arguments (those given instead, if any) and its environment, whatever the locale."""
    given = sys.argv[1:] if arguments is None else arguments
    return Invocation(sys.argv[0], tuple(map(from_locale, given)), own_environ(), stdin)


def about_of(given: str | None, function: Callable[..., object]) -> str:
    """The help text: what was given, else the docstring of the function's module."""
    if given is not None:
        return given
    return getattr(sys.modules.get(function.__module__), "__doc__", None) or ""


def hand_over(
    measurements: Sequence[Measurement], hosts: Mapping[str, HostOutcome] = NO_HOSTS, *, broken: bool = False
) -> None:
    """Append what a check tells to the file that the daemon named, if it did; a file that is gone is no failure.

    Of an invalid measurement a line says what is wrong, so that the daemon tells of it. ``broken``: the
    check could not be carried out.
    """
    path = os.environ.get(MEASUREMENTS_FILE)
    if path and (measurements or hosts or broken):
        try:
            with open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(format_notes(measurements, hosts, broken=broken))
        except OSError:
            return


def run_and_leave(run: Coroutine[Any, Any, Answer], *, is_check: bool = False) -> NoReturn:
    """Run a plugin's call as the program that this is: hand over what it measured, print its output, and end.

    What it raises is said as the daemon says it of a plugin in its process, so that the summary is the same. A check
    (``is_check``) that raises is broken, unless it is what the network has to say.
    """
    ending = asyncio.run(_catch(run))
    if isinstance(ending, BaseException):
        from pymon.scarcity.symptoms import is_ours  # noqa: PLC0415  # only where something is wrong

        is_check = is_check and is_ours(ending)
        crash(ending, getattr(sys.modules["__main__"], "__file__", None) or sys.argv[0], is_check=is_check)
    hand_over(ending.measurements, ending.hosts, broken=is_check and ending.exitval == BROKEN_EXIT)
    leave(ending)


def crash(error: BaseException, path: str, *, is_check: bool) -> NoReturn:
    """End as a plugin that raised: say what, and where in the file ``path``; a check that raised is broken."""
    from pymon.contract.exception_text import describe  # noqa: PLC0415  # only where something is wrong

    summary, detail = describe(error, path)
    _write(summary)  # before what the plugin printed, as long as Python keeps that back
    hand_over((), broken=is_check)
    leave(Answer(BROKEN_EXIT if is_check else 1, detail))


async def _catch(run: Coroutine[Any, Any, Answer]) -> Answer | BaseException:
    try:
        return await run
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return asyncio.CancelledError("the plugin cancelled itself")
    except Exception as error:
        return error


def leave(answer: Answer) -> NoReturn:
    """Print a program's output and end it, threads that hang included."""
    with contextlib.suppress(OSError):  # nobody reads it; the exit code stands
        sys.stdout.flush()
    _write(answer.output)
    atexit._run_exitfuncs()
    # not sys.exit: it would wait for threads of a library that hangs, and takes eight milliseconds
    os._exit(answer.exitval & 0xFF)


def _write(text: str) -> None:
    try:
        sys.stdout.buffer.write(encode(text))
        sys.stdout.buffer.flush()
        sys.stderr.flush()
    except OSError:
        return  # nobody reads it; the exit code stands
