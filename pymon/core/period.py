"""Whether a period holds at a local time, by the rules of Perl's Time::Period 1.25.

``pymon.config.periods`` reads what mon.cf says; here is what it means. Every value is a whole unit: ``hr {9am-4pm}``
ends at 16:59:59.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pymon.model.period import PeriodSpec, Scale, ScaleSet


def in_period(spec: PeriodSpec, local: datetime) -> bool:
    """Whether a date and time on the wall is in a period."""
    return any(all(_holds(scale, local) for scale in alternative) for alternative in spec.alternatives)


def week_of_month(local: datetime) -> int:
    """Weeks are counted from 1 and start on Sundays; week 1 may be short."""
    first_is = (local.isoweekday() - (local.day - 1)) % 7
    return (local.day - 1 + first_is) // 7 + 1


def _holds(scale_set: ScaleSet, local: datetime) -> bool:
    """Whether the local time has one of a scale's values."""
    if scale_set.scale is Scale.YEAR:
        return any(low <= local.year <= high for low, high in (_century(pair, local) for pair in scale_set.years))
    return _UNITS[scale_set.scale](local) in scale_set.values


def _century(pair: tuple[int, int], local: datetime) -> tuple[int, int]:
    """Give two-digit years the century of the time tested, and put the smaller year first."""
    base = local.year - local.year % 100
    low, high = (base + year if year < 100 else year for year in pair)
    return (low, high) if low <= high else (high, low)


_UNITS: Mapping[Scale, Callable[[datetime], int]] = {
    Scale.MONTH: lambda local: local.month,
    Scale.WEEK: week_of_month,
    Scale.YEAR_DAY: lambda local: local.timetuple().tm_yday,
    Scale.MONTH_DAY: lambda local: local.day,
    Scale.WEEK_DAY: lambda local: local.isoweekday() % 7 + 1,
    Scale.HOUR: lambda local: local.hour,
    Scale.MINUTE: lambda local: local.minute,
    Scale.SECOND: lambda local: local.second,
}
