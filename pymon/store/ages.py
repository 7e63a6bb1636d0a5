"""How old the record's events are, by a clock that nobody can set (pure).

The wall clock may be put a year ahead for a moment, and then events of today look a year old. So the record counts the
seconds for which it was kept: the time since boot (CLOCK_BOOTTIME) as long as the machine runs, also between two
daemons. While the machine was off nobody knows how long that was, so it does not count: events are kept longer then,
never shorter. A mark notes now and then which event was the newest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

MARK_EVERY = 6 * 3600.0
"""seconds between two marks: how exact the age of an event is"""


@dataclass(frozen=True, slots=True)
class AgeMark:
    """The newest event's and result's numbers, and the wall clock, when the record had been kept ``age`` seconds."""

    age: float
    newest: int
    wall: float
    newest_result: int = 0


@dataclass(frozen=True, slots=True)
class Ages:
    """The record's life so far.

    ``life``: seconds for which it was kept. ``boot`` names the machine's boot, and ``booted_for`` the seconds since
    then, at which ``life`` was counted last. ``marks`` are in order, the oldest first.
    """

    life: float = 0.0
    boot: str = ""
    booted_for: float = 0.0
    marks: tuple[AgeMark, ...] = ()


def advance(ages: Ages, boot: str, booted_for: float) -> Ages:
    """Count the time until now: ``boot`` names the machine's boot, which was ``booted_for`` seconds ago."""
    passed = max(booted_for - ages.booted_for, 0.0) if boot == ages.boot else 0.0
    return replace(ages, life=ages.life + passed, boot=boot, booted_for=booted_for)


def add_mark(ages: Ages, newest: int, wall: float, newest_result: int = 0) -> Ages:
    """Note the newest event and result, unless the last mark is younger than MARK_EVERY."""
    if ages.marks and ages.life - ages.marks[-1].age < MARK_EVERY:
        return ages
    return replace(ages, marks=(*ages.marks, AgeMark(ages.life, newest, wall, newest_result)))


def find_expired(ages: Ages, keep: float) -> AgeMark | None:
    """The newest mark that is more than ``keep`` seconds old: the events up to it are too old. None: no event is."""
    expired = [mark for mark in ages.marks if ages.life - mark.age > keep]
    return expired[-1] if expired else None


def drop_expired(ages: Ages, keep: float) -> Ages:
    """Without the marks that are of no use any more: those before the newest expired one."""
    expired = find_expired(ages, keep)
    return (
        ages if expired is None else replace(ages, marks=tuple(mark for mark in ages.marks if mark.age >= expired.age))
    )


def encode_ages(ages: Ages) -> str:
    """As text for the record."""
    marks = [(mark.age, mark.newest, mark.wall, mark.newest_result) for mark in ages.marks]
    return json.dumps({"life": ages.life, "boot": ages.boot, "booted_for": ages.booted_for, "marks": marks})


def decode_ages(text: object) -> Ages:
    """From the record; a text that says nothing sensible means that the count begins now."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
        return Ages(
            float(found.get("life", 0.0)),
            str(found.get("boot", "")),
            float(found.get("booted_for", 0.0)),
            tuple(_marks(found.get("marks", ()))),
        )
    except (ValueError, TypeError, AttributeError):
        return Ages()


def _marks(rows: Iterable[tuple[float, int, float] | tuple[float, int, float, int]]) -> Iterable[AgeMark]:
    for age, newest, wall, *result in rows:  # those of an older pymon know no results
        yield AgeMark(float(age), int(newest), float(wall), int(*result[:1]))
