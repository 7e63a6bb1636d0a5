"""Measurements in a line for people: ``web1 time 12 ms, loss 20 %; web2 time 8.1 ms; and 40 more``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from pymon.model.measurement import Measurement
from pymon.text import bounded

LINE = 150
"""characters that a line of measurements has, more or less"""

_SMALL = ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs"))
_LARGE = ((1e12, 1e-12, "TB"), (1e9, 1e-9, "GB"), (1e6, 1e-6, "MB"), (1e3, 1e-3, "kB"))


def amount(value: float, unit: str) -> str:
    """A value with its unit, in three figures: ``12.3 ms``, ``4.1 GB``, ``20 %``, ``30 days``, ``7``."""
    size = abs(float(f"{value:.3g}"))  # what three figures make of 0.9996 s is a second, and no 1000 ms
    if unit == "s" and value:
        factor, unit = next(((factor, name) for least, factor, name in _SMALL if size >= least), (1.0, "s"))
        value *= factor
    elif unit == "B":
        factor, unit = next(((factor, name) for least, factor, name in _LARGE if size >= least), (1.0, "B"))
        value *= factor
    elif unit == "d":
        unit = "day" if value == 1 else "days"
    number = f"{value:.0f}" if 999.5 <= abs(value) < 1e9 else f"{value:.3g}"
    return f"{number} {unit}".rstrip()


def line(measurements: Sequence[Measurement], more: int = 0) -> str:
    """As many of them as a line has room for; ``more`` is how many more there are."""
    told: list[str] = []
    room, shown = LINE, 0
    for host, group in groupby(measurements, key=lambda each: each.host):
        figures = [f"{each.name} {amount(each.value, each.unit)}" for each in group]
        text = f"{host} {', '.join(figures)}"
        if told and len(text) > room:
            break
        told.append(bounded(text, 2 * LINE))
        room -= len(text)
        shown += len(figures)
    left = len(measurements) - shown + more
    return "; ".join([*told, f"and {left} more"] if left else told)


def of_facts(facts: object) -> tuple[Measurement, ...]:
    """The measurements among an event's facts, without what is not one (it may come over the wire)."""
    return tuple(_of_facts(facts)) if isinstance(facts, list | tuple) else ()


def _of_facts(facts: Iterable[object]) -> Iterable[Measurement]:
    for each in facts:
        match each:
            case [str(host), str(name), float() | int() as value, str(unit)]:
                yield Measurement(host, name, float(value), unit)
