"""Repetitions that are one event: the same check failing alike, the same rule holding back the same alert.

What is recorded about a service falls into lines, by its *subject*: the checks, and for each period and alert what
became of it. The last event of each line is open, and the next one of its line is a repetition of it if both say
the same but for their figures; else it takes its place. What changes the case closes more lines than its own:

    a check or trap that says something else     all lines of the service
    an alert                                     the lines about its period
    an act of an operator                        all lines of the service (of all services, if it concerns all)
    the daemon's start, stop, reload             all lines

So ``count`` and ``until`` never reach beyond what a reader needs to see in between.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent, TimelineKind

_MEASURED = re.compile(r"(?<![\w.:/-])(?:[0-9]+\.[0-9]+(?:%|[a-z]{1,2})?|[0-9]+(?:%|[a-z]{1,2}))(?![\w.:/-])")
"""a figure that was measured: ``3.41``, ``12ms``, ``34%``; not a port, a count, an address, or a part of a name"""
_ONCE = frozenset({TimelineKind.OPERATOR, TimelineKind.DAEMON})
_SAID = frozenset({TimelineKind.CHECK, TimelineKind.TRAP})

Subject = tuple[str, str, str]
"""the line of an event: what kind of line, the period, the alert"""


@dataclass(slots=True)
class _Open:
    number: int
    meaning: str
    event: TimelineEvent


class EventCoalescer:
    """Numbers events, and recognises repetitions."""

    def __init__(self) -> None:
        """Nothing is open; the first event gets number 1."""
        self._last = 0
        self._open: dict[ServiceKey, dict[Subject, _Open]] = {}

    def add(self, event: TimelineEvent) -> tuple[int, TimelineEvent]:
        """The number of an event and what is known of it now: of a repetition, the number of the first."""
        key = ServiceKey(event.group, event.service)
        if event.kind in _ONCE:
            self._close(key)
            return self._next(), event
        lines = self._open.setdefault(key, {})
        subject, meaning = subject_of(event), meaning_of(event)
        before = lines.get(subject)
        if before is not None and before.meaning == meaning:
            before.event = merge(before.event, event)
            return before.number, before.event
        if event.kind in _SAID:
            lines.clear()
        elif event.kind is TimelineKind.ALERT:
            for other in [each for each in lines if each[0] != "said" and each[1] == subject[1]]:
                del lines[other]
        opened = _Open(self._next(), meaning, event)
        lines[subject] = opened
        return opened.number, event

    def retain(self, keys: Collection[ServiceKey]) -> None:
        """Forget the lines of other services."""
        for key in [each for each in self._open if each not in keys]:
            del self._open[key]

    def _close(self, key: ServiceKey) -> None:
        if key.group and key.service:
            self._open.pop(key, None)
        else:
            for each in [each for each in self._open if not key.group or each.group == key.group]:
                del self._open[each]

    def _next(self) -> int:
        self._last += 1
        return self._last


def subject_of(event: TimelineEvent) -> Subject:
    """The line that an event belongs to."""
    period, alert = str(event.facts.get("period") or ""), str(event.facts.get("alert") or "")
    return ("said", "", "") if event.kind in _SAID else (event.kind.value, period, alert)


def meaning_of(event: TimelineEvent) -> str:
    """What an event says, without its figures: of a held-back alert the rule, else the text without measurements.

    An alert of a period is an event of its own each time. One that belongs to no period (redistribute) may be called
    at every check, and is a repetition.
    """
    if event.kind is TimelineKind.HELD:
        return f"{event.facts.get('event')} {event.facts.get('rule')}"
    if event.kind is TimelineKind.ALERT and event.facts.get("period") is not None:
        return f"{event.at!r}"
    return f"{event.kind} {without_figures(event.text)}"


def without_figures(text: str) -> str:
    """A text with ``#`` for each figure that was measured; ports, counts, addresses and parts of names stay."""
    return _MEASURED.sub("#", text)


def merge(first: TimelineEvent, latest: TimelineEvent) -> TimelineEvent:
    """Two events that are one: from the first on, with the latest figures; ``first`` of the facts is an older text."""
    facts = dict(latest.facts)
    earliest = first.facts.get("first", first.text)
    if earliest != latest.text:
        facts["first"] = earliest
    return replace(
        first,
        text=latest.text,
        facts=facts,
        until=max(latest.until, latest.at, first.until),
        count=first.count + latest.count,
    )
