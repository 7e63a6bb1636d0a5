"""Mon counts whole seconds, and so do its rules.

pymon's times carry fractions, and a check that begins on its second ends some milliseconds after it, a few
more or a few fewer each time. Compared exactly, ``alertevery 10m`` with checks each 5 s would alert after 600 s
once and after 605 s the next time, and ``alertafter 10s`` (strictly longer) after 10 s or 15 s by chance.
"""

from __future__ import annotations

from math import floor

from pymon.model.duration import format_duration


def elapsed(since: float, now: float) -> int:
    """Seconds from ``since`` to ``now``, to the nearest whole second."""
    return floor(now - since + 0.5)


def format_elapsed(since: float, now: float) -> str:
    """The same for people; what is to come by a clock that was set, or by somebody's ``set``, counts as just now."""
    return format_duration(max(elapsed(since, now), 0))
