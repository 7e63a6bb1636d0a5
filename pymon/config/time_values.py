"""Time values of mon.cf: digits, perhaps a fraction, and one unit letter."""

from __future__ import annotations

import re

from pymon.errors import TimevalError

_TIMEVAL = re.compile(r"([0-9]+(?:\.[0-9]+)?)([dhms])", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BLANKS = " \t\r\f\v\n"
"""what counts as blank in mon.cf: other Unicode blanks are text, as they are to mon"""


def parse_timeval(text: str) -> float:
    """Read ``5m``, ``1.5h``, ``0.5s`` as seconds; blanks around are ignored, zero is a value.

    A unit is required, there is one only, and ``.5m`` lacks its zero (mon.cf(5): ``d h m s``, in either case).

    Raises TimevalError, whose text says what would be right.
    """
    match = _TIMEVAL.fullmatch(text.strip(BLANKS))
    if match is None:
        raise TimevalError(advice_for(text.strip(BLANKS)))
    value = float(match[1]) * _SECONDS[match[2].lower()]
    if value > MAXIMUM:
        raise TimevalError(f"'{text.strip(BLANKS)}' is longer than a hundred years")
    return value


MAXIMUM = 100 * 366 * 86400.0
"""the longest time accepted, in seconds: beyond it timers and dates overflow"""


def advice_for(text: str) -> str:
    """Say what would be right instead of a text that is not a time value."""
    if not text:
        return "write a number and a unit: 30s, 5m, 1.5h, 1d"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return f"'{text}' lacks a unit: write {text}s, {text}m, {text}h or {text}d"
    if re.fullmatch(r"\.[0-9]+[dhmsDHMS]", text):
        return f"write 0{text}"
    if re.fullmatch(r"([0-9]+(\.[0-9]+)?[dhmsDHMS]){2,}", text):
        return f"one unit only: write {sum_of(text)} instead of {text}"
    if re.fullmatch(r"=.*", text):
        return f"no '=' after a keyword of a service: write {text.lstrip('= ')}"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?\s+[dhmsDHMS]", text):
        return f"no blank between number and unit: write {''.join(text.split())}"
    if re.fullmatch(r"[0-9]+[wW]", text):
        return f"there is no unit for weeks: write {int(text[:-1]) * 7}d"
    return "write a number and one of the units d, h, m, s, and nothing else: 30s, 5m, 1.5h, 1d"


def sum_of(text: str) -> str:
    """Add up ``1h30m`` in its smallest unit: ``90m``."""
    parts = [(float(number), unit.lower()) for number, unit in _TIMEVAL.findall(text)]
    smallest = min((unit for _, unit in parts), key=_SECONDS.__getitem__)
    total = sum(number * _SECONDS[unit] for number, unit in parts) / _SECONDS[smallest]
    return f"{total:g}{smallest}"
