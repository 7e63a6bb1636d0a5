"""How ``pymon check --explain`` writes values: as mon.cf would have them."""

from __future__ import annotations

from collections.abc import Iterable

from pymon.model.depend import Dependency
from pymon.model.duration import format_duration
from pymon.model.period import PeriodSpec
from pymon.model.service import AlerteveryMode


def format_switch(is_on: bool) -> str:
    """``yes`` or ``no``."""
    return "yes" if is_on else "no"


def format_period(spec: PeriodSpec) -> str:
    """A period as written; the blank one is all the time."""
    return spec.text or "always"


def format_dependency(dependency: Dependency) -> str:
    """A dependency as written, with the group in place of ``SELF``."""
    return dependency.text


def format_paths(paths: Iterable[str]) -> str:
    """Directories, separated by colons."""
    return ":".join(paths) or "none"


def format_words(words: Iterable[str]) -> str:
    """Words in their order."""
    return " ".join(words) or "none"


def format_set(words: Iterable[str]) -> str:
    """Words whose order says nothing."""
    return format_words(sorted(words))


def format_mode(mode: int) -> str:
    """The mode of a file, octal."""
    return f"{mode:o}"


def format_alertevery(seconds: float, mode: AlerteveryMode) -> str:
    """The time of alertevery, and its modifier."""
    return format_duration(seconds) if mode is AlerteveryMode.SUMMARY else f"{format_duration(seconds)} {mode}"


def format_alertafter(consecutive: int | None, count: int | None, seconds: float | None) -> str:
    """The forms of alertafter that are given; a period can have both."""
    forms = [] if consecutive is None else [str(consecutive)]
    if seconds is not None:
        forms.append(format_duration(seconds) if count is None else f"{count} {format_duration(seconds)}")
    return " and ".join(forms)
