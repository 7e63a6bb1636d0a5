"""Whether periods cover all times: found by trying every day of a cycle of calendars, and every second of a day."""

from __future__ import annotations

import calendar
import functools
from collections.abc import Iterable, Iterator

from pymon.model.period import Scale, ScaleSet

_TIMES = {Scale.HOUR: 24, Scale.MINUTE: 60, Scale.SECOND: 60}
_FULL = {
    Scale.MONTH: frozenset(range(1, 13)),
    Scale.WEEK: frozenset(range(1, 7)),
    Scale.YEAR_DAY: frozenset(range(1, 367)),
    Scale.MONTH_DAY: frozenset(range(1, 32)),
    Scale.WEEK_DAY: frozenset(range(1, 8)),
    **{scale: frozenset(range(size)) for scale, size in _TIMES.items()},
}
_FIRST_YEAR, _CYCLE = 2001, 28
"""years after which days of the week, leap years included, fall on the same dates again"""

Alternative = tuple[ScaleSet, ...]


def covers_all_times(alternatives: Iterable[Alternative]) -> bool:
    """Whether at each moment one of the alternatives of some periods holds. One that names years does not count."""
    usual = frozenset(
        frozenset((each.scale, each.values) for each in alternative if not each.values >= _FULL.get(each.scale, {None}))
        for alternative in alternatives
        if not any(each.years for each in alternative)
    )
    return frozenset() in usual or _covers(usual)


_Plain = frozenset[tuple[Scale, frozenset[int]]]


@functools.lru_cache(maxsize=64)
def _covers(alternatives: frozenset[_Plain]) -> bool:
    dated = [
        (
            {scale: values for scale, values in each if scale not in _TIMES},
            tuple((scale, values) for scale, values in each if scale in _TIMES),
        )
        for each in alternatives
    ]
    scales = {scale for dates, _ in dated for scale in dates}
    seen: set[frozenset[tuple[tuple[Scale, frozenset[int]], ...]]] = set()
    for day in _days(scales):
        times = frozenset(rest for dates, rest in dated if all(day[scale] in values for scale, values in dates.items()))
        if times not in seen:
            seen.add(times)
            if not _covers_a_day([dict(each) for each in times]):
                return False
    return True


def _days(scales: set[Scale]) -> Iterator[dict[Scale, int]]:
    """All days that can differ in these scales."""
    if scales <= {Scale.WEEK_DAY}:
        yield from ({Scale.WEEK_DAY: day} for day in range(1, 8))
        return
    for year in range(_FIRST_YEAR, _FIRST_YEAR + _CYCLE):
        weekday, yday = (calendar.weekday(year, 1, 1) + 1) % 7, 0
        for month in range(1, 13):
            first = (weekday + yday) % 7
            for day in range(1, calendar.monthrange(year, month)[1] + 1):
                yday += 1
                yield {
                    Scale.MONTH: month,
                    Scale.MONTH_DAY: day,
                    Scale.YEAR_DAY: yday,
                    Scale.WEEK_DAY: (first + day - 1) % 7 + 1,
                    Scale.WEEK: (day - 1 + first) // 7 + 1,
                }


def _covers_a_day(times: list[dict[Scale, frozenset[int]]]) -> bool:
    """Whether the alternatives that hold on a day cover all of it, seconds within minutes within hours."""
    return _covers_from(times, (Scale.HOUR, Scale.MINUTE, Scale.SECOND))


def _covers_from(times: list[dict[Scale, frozenset[int]]], scales: tuple[Scale, ...]) -> bool:
    if not times:
        return False
    if not scales or any(not each.keys() & set(scales) for each in times):
        return True
    scale, *rest = scales
    return all(
        _covers_from([each for each in times if scale not in each or unit in each[scale]], tuple(rest))
        for unit in range(_TIMES[scale])
    )
