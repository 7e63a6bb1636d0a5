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

from pymon.core import acknowledgement
from pymon.core.outages import BROKEN_WORD
from pymon.model.depend import ServiceKey
from pymon.model.duration import format_duration
from pymon.model.event import TimelineEvent, TimelineKind
from pymon.model.instant import LocalTime
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
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
        told.append(f"  {at:%H:%M:%S}  {WORDS[event.kind]:<{_WIDTH}}  {_happened(event)}{_repeated(event, local_time)}")
        if measured := measurement_text.of_facts(event.facts.get("measurements")):
            unlisted = event.facts.get("unlisted")
            text = measurement_text.line(measured, unlisted if isinstance(unlisted, int) else 0)
            told.append(f"  {'':8}  {'measured':<{_WIDTH}}  {printable(text)}")
    return told


def measured(state: ServiceState, now: float) -> list[str]:
    """The line that tells what the service's last check measured; none if nothing was."""
    if not state.measurements:
        return []
    ago = format_duration(round(max(now - state.measured, 0.0)))
    return [f"  measured {ago} ago: {printable(measurement_text.line(state.measurements))}"]


def muting(local_time: LocalTime, *, watch: bool, service: bool, stopped_since: float | None) -> tuple[str, ...]:
    """What an operator has done that keeps a service from checks and alerts altogether; no event repeats it.

    ``watch`` and ``service`` say whether they are disabled, ``stopped_since`` is when the scheduler was stopped
    (seconds since the epoch), None while it runs.
    """
    stopped = ""
    if stopped_since is not None:
        stopped = f"the scheduler is stopped since {local_time(stopped_since):%Y-%m-%d %H:%M}"
    told = ("the watch is disabled" if watch else "", "the service is disabled" if service else "", stopped)
    return tuple(text for text in told if text)


def standing(key: ServiceKey, state: ServiceState, now: float, local_time: LocalTime, muted: Sequence[str] = ()) -> str:
    """How a service stands, in one line, to put before its events; ``muted`` is what ``muting`` gives."""
    since = format_duration(round(max(now - state.first_failure, 0.0))) if state.first_failure else ""
    if state.op_status is OpStatus.FAIL:
        count = state.consec_failures
        often = f" ({_times(count, 'result' if state.is_broken else 'failure')} in a row)" if count else ""
        text = f"{_failing(state, since)}{often}: {state.last_summary.removeprefix(BROKEN_WORD)}"
        sent = sum(counters.alert_sent for counters in state.periods.values())
        text += f"; {_times(sent, 'alert')} sent in this outage"
    elif state.op_status is OpStatus.UNTESTED:
        text = "not checked yet"
    else:
        text = state.op_status.name.lower()
        if state.last_success:
            text += f", found well {format_duration(round(max(now - state.last_success, 0.0)))} ago"
        text += f": {state.last_summary}" if state.last_summary.strip() else ""
    if state.ack:
        text += f"; acknowledged{_by(state.ack_comment)}"
    if muted:
        text += f"; no checks, no alerts: {', '.join(muted)}"
    left = f", and left mon.cf on {local_time(state.left):%Y-%m-%d at %H:%M}" if state.left else ""
    verb = "" if state.op_status is OpStatus.FAIL else "was " if left else "is "
    return f"{key.group} {key.service} {verb}{printable(text)}{left}"


def _failing(state: ServiceState, since: str) -> str:
    """The verb of a service that fails; ``since`` is for how long, as text, empty if that is not known."""
    has_left = bool(state.left)
    if since:
        verb, lasting = f"{'had' if has_left else 'has'} been", f" for {since}"
    else:
        verb, lasting = "was" if has_left else "is", ""
    if state.is_broken:
        return f"{'could not' if has_left else 'cannot'} be judged, its check {verb} broken{lasting}"
    return f"{verb} failing{lasting}"


def _by(comment: str) -> str:
    """Whose acknowledgement, and what was said."""
    who, said = acknowledgement.parts(comment)
    return f"{f' by {who}' if who else ''}{f': {said}' if said else ''}"


def as_data(event: TimelineEvent) -> dict[str, object]:
    """An event as JSON values. ``until`` is there for repetitions only."""
    data: dict[str, object] = {"at": event.at, "kind": event.kind.value, "text": event.text}
    data |= {name: value for name in ("group", "service", "asker") if (value := getattr(event, name))}
    if event.count > 1:
        data |= {"until": event.until, "count": event.count}
    return data | {"facts": dict(event.facts)}


def from_data(data: Mapping[str, object]) -> TimelineEvent:
    """The event that ``as_data`` made the values from. Raises ValueError if they are none."""
    at, until, count, facts = data.get("at"), data.get("until", 0.0), data.get("count", 1), data.get("facts", {})
    texts = [data.get(name, "") for name in ("text", "group", "service", "asker")]
    if not isinstance(at, int | float) or not isinstance(until, int | float) or not isinstance(count, int):
        raise ValueError("a time or a count of the event is no number")  # noqa: TRY004  # wrong data, whatever the type
    if not isinstance(facts, Mapping) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a text of the event is none, or its facts are no object")
    text, group, service, asker = map(str, texts)
    kind = TimelineKind(str(data.get("kind")))
    return TimelineEvent(float(at), kind, text, group, service, asker, dict(facts), float(until), count)


def _happened(event: TimelineEvent) -> str:
    text = f"{event.asker} {event.text}" if event.asker else event.text
    return printable(text)


def _repeated(event: TimelineEvent, local_time: LocalTime) -> str:
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


def _times(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
