"""Events as lines for people, who ask why they got an alert, or did not; and as data for programs.

A day stands on a line of its own; below it each event has its time, what it is about, and what happened:

    2026-11-23 (today)
      18:40:02  check      failed (exit 1): connection refused  [12 times until 18:51:02]
                measured   web1 time 2.1 s, loss 20 %; and 11 more
      18:40:02  held back  alert mail.alert ops not sent (period p): alertafter 3: failure 2 of 3  [2 times …]
      18:42:02  alert      alert mail.alert ops (period p, failure 3 in a row, alertafter 3): connection refused
      18:42:03  outcome    mail.alert ops done in 0.4s
      18:45:10  operator   bob@127.0.0.1 acknowledged: on it

Times are local: who asks for the lines hands in the function that tells local time. No line begins with three digits
and a blank, which would end an answer of the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from pymon.model.duration import format_duration
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.instant import LocalTime
from pymon.model.measurement import Measurement
from pymon.text import printable
from pymon.timeline import measurement_text

WORDS: Mapping[TimelineKind, str] = {
    TimelineKind.CHECK: "check",
    TimelineKind.TRAP: "trap",
    TimelineKind.ALERT: "alert",
    TimelineKind.HELD: "held back",
    TimelineKind.OUTCOME: "outcome",
    TimelineKind.OPERATOR: "operator",
    TimelineKind.DAEMON: "daemon",
}
"""what a line calls its event"""

_WIDTH = max(map(len, WORDS.values()))


def lines(events: Sequence[TimelineEvent], local_time: LocalTime, *, now: float | None = None) -> list[str]:
    """The lines of events, in the order of their times; ``now`` (seconds since the epoch) tells today's date."""
    today = None if now is None else local_time(now).date()
    day: date | None = None
    told: list[str] = []
    for event in sorted(events, key=lambda each: each.at):
        at = local_time(event.at)
        if at.date() != day:
            day = at.date()
            told.append(f"{day.isoformat()}{_nearness(day, today)}")
        happened = f"{_describe_event(event)}{_describe_repetition(event, local_time)}"
        told.append(f"  {at:%H:%M:%S}  {WORDS[event.kind]:<{_WIDTH}}  {happened}")
        if measured := measurement_text.of_facts(event.facts.get("measurements")):
            unlisted = event.facts.get("unlisted")
            text = measurement_text.line(measured, unlisted if isinstance(unlisted, int) else 0)
            told.append(f"  {'':8}  {'measured':<{_WIDTH}}  {printable(text)}")
    return told


def measurement_lines(measurements: Sequence[Measurement], at: float, now: float) -> list[str]:
    """The line that tells what a check measured ``at`` that time; no line if it measured nothing."""
    if not measurements:
        return []
    ago = format_duration(round(max(now - at, 0.0)))
    return [f"  measured {ago} ago: {printable(measurement_text.line(measurements))}"]


def as_data(event: TimelineEvent) -> dict[str, object]:
    """An event as JSON values. ``until`` is there for repetitions only."""
    data: dict[str, object] = {"at": event.at, "kind": event.kind.value, "text": event.text}
    data |= {name: value for name in ("group", "service", "asker") if (value := getattr(event, name))}
    if event.count > 1:
        data |= {"until": event.until, "count": event.count}
    return data | {"facts": dict(event.facts)}


def from_data(data: Mapping[str, object]) -> TimelineEvent:
    """The event that ``as_data`` made the values from. Raises ValueError for other values."""
    at, until, count, facts = data.get("at"), data.get("until", 0.0), data.get("count", 1), data.get("facts", {})
    texts = [data.get(name, "") for name in ("text", "group", "service", "asker")]
    if not isinstance(at, int | float) or not isinstance(until, int | float) or not isinstance(count, int):
        raise ValueError("a time or a count of the event is not a number")  # noqa: TRY004  # wrong data, whatever the type
    if not isinstance(facts, Mapping) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a text of the event is not a text, or its facts are not an object")
    text, group, service, asker = map(str, texts)
    kind = TimelineKind(str(data.get("kind")))
    return TimelineEvent(float(at), kind, text, group, service, asker, dict(facts), float(until), count)


def _describe_event(event: TimelineEvent) -> str:
    text = f"{event.asker} {event.text}" if event.asker else event.text
    return printable(text)


def _describe_repetition(event: TimelineEvent, local_time: LocalTime) -> str:
    """How often, until when, and what it began with if that was something else."""
    if event.count <= 1:
        return ""
    begun, ended = local_time(event.at), local_time(event.until)
    until = f"{ended:%H:%M:%S}" if begun.date() == ended.date() else f"{ended:%Y-%m-%d %H:%M:%S}"
    return f"  [{event.count} times until {until}]"


def _nearness(day: date, today: date | None) -> str:
    if today is None:
        return ""
    return {today: " (today)", today - timedelta(days=1): " (yesterday)"}.get(day, "")
