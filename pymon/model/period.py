"""When: a parsed Time::Period string (Perl's Time::Period 1.25 is the reference)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scale(StrEnum):
    """The scales of a period, by their two- or three-letter codes."""

    YEAR = "yr"
    MONTH = "mo"
    WEEK = "wk"
    YEAR_DAY = "yd"
    MONTH_DAY = "md"
    WEEK_DAY = "wd"
    HOUR = "hr"
    MINUTE = "min"
    SECOND = "sec"


@dataclass(frozen=True, slots=True)
class ScaleSet:
    """One scale with the values it may have.

    ``values`` are whole units in the scale's own counting (wd 1 is Sunday, mo 1 is January, hr 0 to 23);
    ranges are expanded, wrapped ones too. Years are kept as ``(low, high)`` in ``years`` instead, because
    two-digit years take the century of the time that is tested.
    """

    scale: Scale
    values: frozenset[int] = frozenset()
    years: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodSpec:
    """A period: its alternatives are OR-ed; in each, different scales are AND-ed.

    ``text`` is what was written. ``alternatives`` is empty for ``none`` (never) and holds one empty tuple
    for the blank period (always).
    """

    text: str
    alternatives: tuple[tuple[ScaleSet, ...], ...]
