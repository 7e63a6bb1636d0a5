"""What a plugin does at the ends of its life as a program: words in, output and exit code out."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from pymon.model.measurement import MEASUREMENTS_FILE, Measurement, format_measurements
from pymon.runner.protocol import Answer


def surrogate_escaped(argument: str) -> str:
    """What the system decoded by the locale, as UTF-8 with surrogateescape."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def about_of(given: str | None, function: Callable[..., object]) -> str:
    """The help text: what was given, else the docstring of the function's module."""
    if given is not None:
        return given
    return getattr(sys.modules.get(function.__module__), "__doc__", None) or ""


def hand_over(measurements: Sequence[Measurement]) -> None:
    """Append measurements to the file that the daemon named, if it did; a file that is gone is no failure."""
    path = os.environ.get(MEASUREMENTS_FILE)
    if path and measurements:
        try:
            with open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
                file.write(format_measurements(measurements))
        except OSError:
            return


def leave(answer: Answer) -> NoReturn:
    """Print a program's output and end it, threads that hang included."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(answer.output.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads it; the exit code stands
    atexit._run_exitfuncs()
    # not sys.exit: it would wait for threads of a library that hangs, and takes eight milliseconds
    os._exit(answer.exitval & 0xFF)
