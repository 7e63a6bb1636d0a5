"""How period strings are read, by the rules of Perl's Time::Period 1.25; ``pymon.core.period`` says when they hold.

A period is alternatives separated by commas; each is scales with ranges in braces::

    wd {Mon-Fri} hr {7am-11pm}, md {1}

The blank string is always, ``none`` is never. Ranges wrap around (``hr {10pm-6am}``), except years, whose ends
are swapped. One deliberate difference: the whole string is validated when it is read, where Time::Period stops at the
first alternative that matches (C-PERIOD).
"""

from __future__ import annotations

import re
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
