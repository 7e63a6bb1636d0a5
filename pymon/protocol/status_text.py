"""The status of a service in words: one line for people, to put before the service's events."""

from __future__ import annotations

from collections.abc import Sequence

from pymon.model import acknowledgement
from pymon.model.duration import format_duration
from pymon.model.instant import LocalTime
from pymon.model.result import BROKEN_WORD
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus
from pymon.text import printable


def describe_muting(
    local_time: LocalTime, *, watch: bool, service: bool, stopped_since: float | None
) -> tuple[str, ...]:
    """What an operator has done that keeps a service from all checks and alerts; no event repeats it.

    ``watch`` and ``service`` say whether they are disabled, ``stopped_since`` is when the scheduler was stopped
    (seconds since the epoch), None while it runs.
    """
    stopped = ""
    if stopped_since is not None:
        stopped = f"the scheduler is stopped since {local_time(stopped_since):%Y-%m-%d %H:%M}"
    texts = ("the watch is disabled" if watch else "", "the service is disabled" if service else "", stopped)
    return tuple(text for text in texts if text)


def describe_status(
    status: ServiceStatus, now: float, local_time: LocalTime, muted: Sequence[str] = (), left: float = 0.0
) -> str:
    """The line; any terminal takes it.

    ``muted`` is what ``describe_muting`` gives. ``left`` is when the service left mon.cf, 0 while it is there.
    """
    if status.opstatus is OpStatus.FAIL:
        text = _describe_failure(status, now, has_left=bool(left))
    elif status.opstatus is OpStatus.UNTESTED:
        text = "not checked yet"
    else:
        text = status.opstatus.name.lower()
        if status.last_success:
            text += f", found well {_format_age(status.last_success, now)} ago"
        text += f": {status.last_summary}" if status.last_summary.strip() else ""
    if status.ack:
        text += f"; acknowledged{_describe_ack(status.ackcomment)}"
    if muted:
        text += f"; no checks, no alerts: {', '.join(muted)}"
    leaving = f", and left mon.cf on {local_time(left):%Y-%m-%d at %H:%M}" if left else ""
    verb = "" if status.opstatus is OpStatus.FAIL else "was " if leaving else "is "
    return f"{status.group} {status.service} {verb}{printable(text)}{leaving}"


def _describe_failure(status: ServiceStatus, now: float, *, has_left: bool) -> str:
    """A failure, or a broken check: for how long, how often, what it says, and how many people were told of it."""
    lasting = f" for {_format_age(status.first_failure, now)}" if status.first_failure else ""
    tenses = {(True, True): "had been", (True, False): "has been", (False, True): "was", (False, False): "is"}
    verb = tenses[bool(lasting), has_left]
    text = f"{verb} failing{lasting}"
    if status.is_broken:
        text = f"{'could not' if has_left else 'cannot'} be judged, its check {verb} broken{lasting}"
    if count := status.consec_failures:
        text += f" ({_count(count, 'result' if status.is_broken else 'failure')} in a row)"
    text += f": {status.last_summary.removeprefix(BROKEN_WORD)}"
    sent = status.alerts_sent if status.outage_alerts is None else status.outage_alerts
    return f"{text}; {_count(sent, 'alert')} sent in this outage"


def _describe_ack(comment: str) -> str:
    """Who acknowledged it, and with which words."""
    who, words = acknowledgement.parts(comment)
    return f"{f' by {who}' if who else ''}{f': {words}' if words else ''}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _format_age(moment: float, now: float) -> str:
    return format_duration(round(max(now - moment, 0.0)))
