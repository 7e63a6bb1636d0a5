"""When: period strings by the rules of Perl's Time::Period 1.25, in local time.

A period is alternatives separated by commas; each is scales with ranges in braces::

    wd {Mon-Fri} hr {7am-11pm}, md {1}

The blank string is always, ``none`` is never. Ranges wrap around (``hr {10pm-6am}``), except years, whose ends
are swapped. Every value is a whole unit: ``hr {9am-4pm}`` ends at 16:59:59. One deliberate difference: the whole
string is validated when it is read, where Time::Period stops at the first alternative that matches (C-PERIOD).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import cache

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from pymon.config.lark_errors import stop_column
from pymon.config.time_values import BLANKS
from pymon.config.tree import Node, header_of, tokens_of, trees_of
from pymon.errors import PeriodError
from pymon.model.period import PeriodSpec, Scale, ScaleSet

ALWAYS: tuple[tuple[ScaleSet, ...], ...] = ((),)
NEVER: tuple[tuple[ScaleSet, ...], ...] = ()

_NAMES = {
    "year": Scale.YEAR, "month": Scale.MONTH, "week": Scale.WEEK, "yday": Scale.YEAR_DAY, "mday": Scale.MONTH_DAY,
    "wday": Scale.WEEK_DAY, "hour": Scale.HOUR, "minute": Scale.MINUTE, "second": Scale.SECOND,
    **{scale.value: scale for scale in Scale},
}  # fmt: skip
_LIMITS = {
    Scale.MONTH: (1, 12), Scale.WEEK: (1, 6), Scale.YEAR_DAY: (1, 366), Scale.MONTH_DAY: (1, 31),
    Scale.WEEK_DAY: (1, 7), Scale.HOUR: (0, 23), Scale.MINUTE: (0, 59), Scale.SECOND: (0, 59),
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEK_DAYS = ("su", "mo", "tu", "we", "th", "fr", "sa")
_HOUR = re.compile(r"([0-9]+)(am|pm|noon)?")
_FIRST_YEAR = 1970


def parse_period(text: str) -> PeriodSpec:
    """Read a period string, all of it.

    Raises PeriodError with the column (from 0) of the first thing wrong.
    """
    lowered = _lower(text)
    stripped = lowered.strip(BLANKS)
    if not stripped:
        return PeriodSpec(text.strip(BLANKS), ALWAYS)
    if stripped == "none" or not stripped.strip(BLANKS + ","):
        return PeriodSpec(text.strip(BLANKS), NEVER)
    try:
        tree = _grammar().parse(lowered)
    except UnexpectedInput as error:
        column = stop_column(error, lowered)
        if column == len(lowered.rstrip(BLANKS)) and "{" not in lowered:
            column = len(lowered) - len(lowered.lstrip(BLANKS))
        raise PeriodError(_explain(stripped, lowered, column), column) from None
    return PeriodSpec(text.strip(BLANKS), tuple(_alternative(child) for child in trees_of(tree)))


def in_period(spec: PeriodSpec, now: float) -> bool:
    """Whether a time (seconds since the epoch) is in a period, by this machine's local time."""
    alternatives = spec.alternatives
    if not alternatives:
        return False
    if not alternatives[0]:
        return True
    local = time.localtime(now)
    return any(all(_holds(scale, local) for scale in alternative) for alternative in alternatives)


def time_period(text: str, now: int) -> int:
    """Answer as Time::Period's ``inPeriod`` does: 1 inside, 0 outside, -1 malformed.

    It looks at the alternatives from left to right and stops at the first that matches, so that something malformed
    after it goes unnoticed: this is what mon does when it reads a file, and why it may accept a file at one
    hour and reject it at another.
    """
    pieces = text.rstrip(BLANKS + ",").split(",")
    if pieces == [""]:
        return int(not text.strip(BLANKS))
    for piece in pieces:
        try:
            if "," in text and piece.strip(BLANKS).lower() in ("", "none"):
                return -1
            if in_period(parse_period(piece), now):
                return 1
        except PeriodError:
            return -1
    return 0


def _holds(scale_set: ScaleSet, local: time.struct_time) -> bool:
    """Whether the local time has one of a scale's values."""
    if scale_set.scale is Scale.YEAR:
        return any(low <= local.tm_year <= high for low, high in (_century(pair, local) for pair in scale_set.years))
    return _UNITS[scale_set.scale](local) in scale_set.values


def _century(pair: tuple[int, int], local: time.struct_time) -> tuple[int, int]:
    """Give two-digit years the century of the time tested, and put the smaller year first."""
    base = local.tm_year - local.tm_year % 100
    low, high = (base + year if year < 100 else year for year in pair)
    return (low, high) if low <= high else (high, low)


def week_of_month(local: time.struct_time) -> int:
    """Weeks are counted from 1 and start on Sundays; week 1 may be short."""
    first_is = (local.tm_wday + 1 - (local.tm_mday - 1)) % 7
    return (local.tm_mday - 1 + first_is) // 7 + 1


_UNITS: Mapping[Scale, Callable[[time.struct_time], int]] = {
    Scale.MONTH: lambda local: local.tm_mon,
    Scale.WEEK: week_of_month,
    Scale.YEAR_DAY: lambda local: local.tm_yday,
    Scale.MONTH_DAY: lambda local: local.tm_mday,
    Scale.WEEK_DAY: lambda local: (local.tm_wday + 1) % 7 + 1,
    Scale.HOUR: lambda local: local.tm_hour,
    Scale.MINUTE: lambda local: local.tm_min,
    Scale.SECOND: lambda local: local.tm_sec,
}


@cache
def _grammar() -> Lark:
    """Compile period.lark, once."""
    return Lark.open("period.lark", rel_to=__file__, parser="lalr", start="period", maybe_placeholders=False)


def _lower(text: str) -> str:
    """Lower-case ASCII letters only, so that columns stay."""
    return re.sub("[A-Z]+", lambda match: match[0].lower(), text)


def _alternative(tree: Node) -> tuple[ScaleSet, ...]:
    """Gather the scales of one alternative; a scale that is given twice is OR-ed with itself."""
    values: dict[Scale, set[int]] = {}
    years: list[tuple[int, int]] = []
    for node in trees_of(tree):
        scale = _scale(node)
        chosen = values.setdefault(scale, set())
        for low, high in (_range(scale, child) for child in trees_of(node)):
            if scale is Scale.YEAR:
                years.append((low, high))
            elif low <= high:
                chosen.update(range(low, high + 1))
            else:
                first, last = _LIMITS[scale]
                chosen.update(range(low, last + 1), range(first, high + 1))
    return tuple(
        ScaleSet(scale, frozenset(chosen), tuple(years) if scale is Scale.YEAR else ())
        for scale, chosen in values.items()
    )


def _scale(node: Node) -> Scale:
    """Look up a scale's name: words of two or three letters are codes, longer ones long forms."""
    name = header_of(node)
    scale = _NAMES.get(name)
    if scale is None:
        message = f"'{name}' is no scale: use one of yr mo wk yd md wd hr min sec, or their long forms"
        if name == "day":
            message += " (a day of the week is wd, of the month md, of the year yd)"
        raise PeriodError(message, name.start_pos or 0)
    return scale


def _range(scale: Scale, node: Node) -> tuple[int, int]:
    """Read ``v`` or ``v-v``."""
    ends = [_value(scale, token) for token in tokens_of(node)]
    return ends[0], ends[-1]


def _value(scale: Scale, token: Token) -> int:
    """Read one value of a scale (Time::Period looks at the leading digits only of a day of the year)."""
    text = str(token)
    value: int | None = None
    if scale is Scale.HOUR:
        value = _hour(text)
    elif re.fullmatch("[0-9]{1,9}" + (".*" if scale is Scale.YEAR_DAY else ""), text):
        value = int(re.split("[^0-9]", text)[0])
    elif scale is Scale.MONTH and text[:3] in _MONTHS:
        return _MONTHS.index(text[:3]) + 1
    elif scale is Scale.WEEK_DAY and text[:2] in _WEEK_DAYS:
        return _WEEK_DAYS.index(text[:2]) + 1
    if value is None or not _is_within(scale, value):
        raise PeriodError(f"'{text}' is no value of {scale.value}: {_RIGHT[scale]}", token.start_pos or 0)
    return value


def _is_within(scale: Scale, value: int) -> bool:
    """Whether a number is a value of a scale."""
    if scale is Scale.YEAR:
        return value < 100 or value >= _FIRST_YEAR
    low, high = _LIMITS[scale]
    return low <= value <= high


def _hour(text: str) -> int | None:
    """Read an hour: 0 to 23, ``9am``, ``9pm``, ``12noon``; ``13am`` is 13, as in Time::Period."""
    match = _HOUR.fullmatch(text)
    if match is None:
        return None
    hour, half = int(match[1][-9:]), match[2]
    if half == "noon":
        return hour if hour == 12 else None
    if half == "am":
        return 0 if hour == 12 else hour
    if half == "pm":
        if hour > 12:
            return None
        return 12 if hour == 12 else hour + 12
    return hour


_RIGHT = {
    Scale.YEAR: "a year from 1970 on, or its last two digits",
    Scale.MONTH: "1 to 12, or a name: jan feb mar apr may jun jul aug sep oct nov dec",
    Scale.WEEK: "1 to 6, the week of the month",
    Scale.YEAR_DAY: "1 to 366",
    Scale.MONTH_DAY: "1 to 31",
    Scale.WEEK_DAY: "1 (Sunday) to 7, or a name: sun mon tue wed thu fri sat",
    Scale.HOUR: "0 to 23, 12am to 11pm, 12noon",
    Scale.MINUTE: "0 to 59",
    Scale.SECOND: "0 to 59",
}


def _explain(stripped: str, text: str, column: int) -> str:
    """Say what is wrong where the grammar stopped."""
    before, rest = text[:column], text[column:].lstrip(BLANKS)
    inside = before.count("{") > before.count("}")
    if stripped in ("always", "all", "any"):
        return f"there is no period '{stripped}': leave the text empty for always, or write wd {{Sun-Sat}}"
    if stripped == "never":
        return "there is no period 'never': write none"
    if stripped.startswith(("!", "not ")):
        return "a period cannot be negated: write the times that are wanted"
    if inside and rest.startswith(","):
        return "no comma inside braces: separate values by blanks, as in wd {Mon Tue}"
    if inside and not rest:
        return "the brace { is never closed"
    if inside and (rest.startswith("-") or before.rstrip(BLANKS).endswith("-")):
        return "a range is two values with one dash between: hr {9am-5pm}"
    if inside:
        return f"'{rest[0]}' cannot stand inside braces"
    if rest.startswith("}"):
        return "there is no { for this brace"
    if rest.startswith(",") or (rest and before.rstrip(BLANKS).endswith(",")):
        return "nothing stands before this comma" if rest.startswith(",") else "nothing stands between these commas"
    if re.fullmatch(r"[0-9a-z\-]+", rest.split("}")[0].strip(BLANKS)) and before[-1:].isspace():
        return "values stand in braces: hr {22}, wd {Mon-Fri}"
    return "a period is scales with ranges in braces: wd {Mon-Fri} hr {7am-11pm}"
