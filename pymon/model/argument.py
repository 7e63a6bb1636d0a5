"""What is wrong with the arguments of a monitor or an alert, as its own declarations tell it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """What comes of a problem with arguments."""

    REFUSED = "refused"
    """the program ends with its exit code for wrong options, whenever it is called"""
    IGNORED = "ignored"
    """the program passes over the word"""
    FILE = "file"
    """a file that they name cannot be used now"""
    DANGER = "danger"
    """the program would do harm"""


class ArgumentProblem(NamedTuple):
    """One problem. ``word`` is the index of the argument that it is about; None: all of them, or one that is missing.

    ``advice`` says what would be right, and may be empty.
    """

    text: str
    word: int | None = None
    fault: Fault = Fault.REFUSED
    advice: str = ""


class ArgumentTrial(NamedTuple):
    """Arguments to be tried: those of one line of mon.cf, as its program would get them.

    ``group`` is that of entry points (``pymon.installed``), by which monitors and alerts are told apart; ``name`` is
    what mon.cf calls the program. ``arguments`` of a monitor end in so many ``hosts``; ``environment`` is that of the
    service.
    """

    group: str
    name: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    hosts: int = 0


class Verdicts(NamedTuple):
    """What trials gave: problems by trial (those without are left out), and why plugins cannot be loaded.

    ``broken`` is by group and name. ``obstacle`` says why nothing could be tried; empty if it could.
    """

    problems: Mapping[ArgumentTrial, tuple[ArgumentProblem, ...]] = {}
    broken: Mapping[tuple[str, str], str] = {}
    obstacle: str = ""
