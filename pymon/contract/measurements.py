"""How a plugin tells the daemon what it measured.

A plugin in the daemon's process hands measurements over as they are. A program appends a line for each to the file
that PYMON_MEASUREMENTS names: ``HOST NAME VALUE [UNIT]``, separated by blanks. ``pymon.contract.side_channel`` has what
else a program can tell there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence

from pymon.model.measurement import Measurement
from pymon.text import well_formed

MEASUREMENTS_FILE = "PYMON_MEASUREMENTS"
"""the environment variable that names the file to append measurements to"""

MEASUREMENTS_LIMIT = 16384
"""measurements that are kept of one run"""

MEASUREMENTS_SIZE = 1 << 20
"""bytes of that file that are read"""

_WORD_LIMIT = 256
_REMEMBERED = 16384
_BAD_LINES = 100
"""bad lines after which a text is not read any further"""


def format_measurements(measurements: Iterable[Measurement]) -> str:
    """A line for each; blanks within host, name or unit become underscores."""
    return "".join(
        f"{_word(each.host)} {_word(each.name)} {each.value!r}{' ' + _word(each.unit) if each.unit else ''}\n"
        for each in measurements
    )


def parse_measurements(text: str) -> tuple[tuple[Measurement, ...], str]:
    """The measurements in the text, and what is wrong with the first other line (empty if there is none)."""
    found: list[Measurement] = []
    problem, bad = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        try:
            measurement = _of_line(line)
        except ValueError as error:
            problem = problem or f"line {number}, {line[:80]!r}: {error}"
            bad += 1
            if bad >= _BAD_LINES:
                break
            continue
        if measurement is None:
            continue
        if len(found) >= MEASUREMENTS_LIMIT:
            return tuple(found), problem or f"only the first {MEASUREMENTS_LIMIT} measurements are kept"
        found.append(measurement)
    return tuple(found), problem


def keep_usable(measurements: Sequence[Measurement]) -> tuple[tuple[Measurement, ...], str]:
    """Those that can be kept of what a plugin handed over, and what is wrong with the first that cannot be.

    They are as if they had been written and read: no blanks within words, and values are floats.
    """
    kept: list[Measurement] = []
    problem = ""
    for each in measurements[:MEASUREMENTS_LIMIT]:
        measurement = _of_plugin(each)
        if measurement is not None:
            kept.append(measurement)
        elif not problem:
            problem = f"{_describe(each)} is not a measurement"
    if len(measurements) > MEASUREMENTS_LIMIT and not problem:
        problem = f"only the first {MEASUREMENTS_LIMIT} measurements are kept"
    return tuple(kept), problem


def _of_plugin(each: object) -> Measurement | None:
    if not isinstance(each, Measurement):
        return None
    host, name, value, unit = each
    if not (isinstance(host, str) and isinstance(name, str) and isinstance(unit, str)):
        return None
    if type(value) is float and _are_words(host, name, unit) and math.isfinite(value):
        return each
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    host, name, unit = _word(host), _word(name), _word(unit) if unit else ""
    if not math.isfinite(number) or max(len(host), len(name), len(unit)) > _WORD_LIMIT:
        return None
    return Measurement(host, name, number, unit)


@functools.lru_cache(maxsize=_REMEMBERED)
def _are_words(host: str, name: str, unit: str) -> bool:
    """Whether they would come back from a file as they are; the same ones are handed over at each check."""
    same = (host, name, unit) == (_word(host), _word(name), _word(unit) if unit else "")
    return same and max(len(host), len(name), len(unit)) <= _WORD_LIMIT


def _describe(each: object) -> str:
    try:
        return f"{each!r:.200}"
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"


def _of_line(line: str) -> Measurement | None:
    words = line.split()
    if not words:
        return None
    if len(words) not in (3, 4):
        raise ValueError("a measurement is HOST NAME VALUE [UNIT]")
    try:
        value = float(words[2])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{words[2][:40]!r} is no number")
    if max(map(len, words)) > _WORD_LIMIT:
        raise ValueError(f"a word is longer than {_WORD_LIMIT} characters")
    return Measurement(words[0], words[1], value, *words[3:])


def _word(text: str) -> str:
    """The text as one word that can be written anywhere: ``_`` for blanks, ``?`` for what no encoding takes."""
    return well_formed("_".join(text.split())) or "_"
