"""Whether a period can ever match: found by trying every day that it could be."""

from __future__ import annotations

import calendar
from collections.abc import Iterable

from pymon.model.period import PeriodSpec, Scale, ScaleSet

_DATES = frozenset({Scale.MONTH, Scale.WEEK, Scale.YEAR_DAY, Scale.MONTH_DAY, Scale.WEEK_DAY})
_CYCLE = 28
"""years after which days of the week, leap years included, fall on the same dates again"""


def impossible_part(spec: PeriodSpec, year: int) -> tuple[int, str] | None:
    """The first alternative of a period that can never match from a year on: its column in the text, and why.

    None if each part can; ``none`` is meant never to match, and is fine.
    """
    column = 0
    for alternative, text in zip(spec.alternatives, spec.text.split(","), strict=False):
        reason = _reason(alternative, year)
        if reason:
            return column + len(text) - len(text.lstrip()), reason
        column += len(text) + 1
    return None


def _reason(alternative: tuple[ScaleSet, ...], year: int) -> str:
    """Why an alternative never matches; empty if it can."""
    for scale_set in alternative:
        if not scale_set.values and not scale_set.years:
            return f"the braces after {scale_set.scale.value} are empty"
    dates = {scale_set.scale: scale_set.values for scale_set in alternative if scale_set.scale in _DATES}
    limits = next((scale_set.years for scale_set in alternative if scale_set.scale is Scale.YEAR), ())
    years = _years(limits, year) if limits else list(range(year, year + _CYCLE))
    if not years:
        return "its years are over"
    if len(dates) < 2 and not limits and dates.get(Scale.YEAR_DAY) != frozenset({366}):
        return ""
    if any(_matches_in(each, dates) for each in years):
        return ""
    scales = [scale.value for scale in (*dates, *([Scale.YEAR] if limits else []))]
    return f"no day has these values of {', '.join(scales[:-1])} and {scales[-1]}"


def _years(limits: Iterable[tuple[int, int]], year: int) -> list[int]:
    """The years of a scale from a year on, as many of each range as it takes to see all calendars."""
    years: set[int] = set()
    century = year - year % 100
    for pair in limits:
        for base in (century, century + 100):
            low, high = sorted(base + each if each < 100 else each for each in pair)
            first = max(low, year)
            years.update(range(first, min(high, first + 2 * _CYCLE) + 1))
    return sorted(years)


def _matches_in(year: int, dates: dict[Scale, frozenset[int]]) -> bool:
    """Whether some day of a year has all the values."""
    first_weekday = (calendar.weekday(min(year, 9999), 1, 1) + 1) % 7
    yday = 0
    for month in range(1, 13):
        first_is = (first_weekday + yday) % 7
        days = calendar.monthrange(min(year, 9999), month)[1]
        if Scale.MONTH in dates and month not in dates[Scale.MONTH]:
            yday += days
            continue
        for day in range(1, days + 1):
            units = {
                Scale.MONTH: month,
                Scale.MONTH_DAY: day,
                Scale.YEAR_DAY: yday + day,
                Scale.WEEK_DAY: (first_is + day - 1) % 7 + 1,
                Scale.WEEK: (day - 1 + first_is) // 7 + 1,
            }
            if all(units[scale] in values for scale, values in dates.items()):
                return True
        yday += days
    return False
