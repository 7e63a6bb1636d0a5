"""The record of a kind of problem, and the beginnings of its samples."""

from __future__ import annotations

from dataclasses import dataclass

from pymon.model.problem import Severity

MARK = "»"
"""stands before the character of a sample where the caret must be"""
WATCH = "hostgroup g h\n\nwatch g\n"
SERVICE = WATCH + " service s\n  interval 1m\n  monitor m.monitor\n"
PERIOD = SERVICE + "  period wd {Sun-Sat}\n"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem. ``message`` and ``advice`` are format strings; ``differs`` names a deviation from mon.

    ``starts``: an error for ``pymon check``, with which the daemon starts all the same, and warns.
    """

    code: str
    message: str
    advice: str
    samples: tuple[str, ...]
    severity: Severity = Severity.ERROR
    differs: str = ""
    starts: bool = False


def error(code: str, message: str, advice: str, *samples: str, differs: str = "") -> ProblemKind:
    """Make a kind that keeps the daemon from starting."""
    return ProblemKind(code, message, advice, samples, Severity.ERROR, differs)


def warning(code: str, message: str, advice: str, *samples: str, differs: str = "") -> ProblemKind:
    """Make a kind for what is allowed, but probably not meant."""
    return ProblemKind(code, message, advice, samples, Severity.WARNING, differs)
