"""``pymon why``: what happened to a service, and why somebody was alerted, or was not.

The running daemon is asked; while none answers, its record is read.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pymon.client.protocol import ClientCommand, Reply
from pymon.client.sync import Client
from pymon.config.time_values import parse_timeval
from pymon.engine.debt_payment import list_debts_on_file
from pymon.errors import (
    BadAnswer,
    ClientError,
    CommandFailed,
    ConnectionFailed,
    ConnectionLost,
    RecordError,
    ServerTimeout,
    TimevalError,
)
from pymon.local_time import local_time
from pymon.model.debt import Owed
from pymon.model.depend import ServiceKey
from pymon.model.event import TimelineEvent
from pymon.model.measurement import Measurement
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.protocol.service_status import ServiceStatus, from_json
from pymon.protocol.status_text import describe_muting, describe_status
from pymon.server.status_of import status_of
from pymon.store.offline import look_up
from pymon.store.store import FILE
from pymon.text import printable
from pymon.timeline import debt_text, measurement_text
from pymon.timeline import text as timeline

TIMEOUT = 10.0
"""seconds that the daemon has for an answer"""
LIMIT = 1000
"""events that are read of a record"""
UNKNOWN = 1
"""exit status: there is no such service"""
UNWRITTEN = 1
"""exit status: what was found could not be written"""
NO_ANSWER = 2
"""exit status: neither a daemon nor a record can tell"""

_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Where:
    """Where to ask: a daemon (its host, port or Unix socket) and a statedir; what is empty was not given.

    With a statedir alone no daemon is asked, and with a daemon alone no record is read, for it may be another's.
    """

    server: str = ""
    port: str = ""
    socket: str = ""
    statedir: str = ""

    @property
    def asks_daemon(self) -> bool:
        """Whether to ask a daemon."""
        return bool(self.server or self.port or self.socket) or not self.statedir

    @property
    def record(self) -> Path | None:
        """The record to read if no daemon answers."""
        if self.statedir:
            return Path(self.statedir) / FILE
        return None if self.server or self.port or self.socket else Path(Settings().statedir) / FILE


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What is known of a service. ``remark`` says where it is from, if not from a running daemon.

    ``muted`` is what keeps it from checks and alerts altogether. ``owed`` is what it owes (R-debts). ``left`` is when
    it left mon.cf, 0 while it is there. ``measurements`` are those of its last check that had any, at ``measured``.
    """

    status: ServiceStatus | None
    events: Sequence[TimelineEvent]
    services: Iterable[ServiceKey]
    remark: str = ""
    muted: tuple[str, ...] = ()
    owed: Sequence[Owed] = ()
    left: float = 0.0
    measured: float = 0.0
    measurements: Sequence[Measurement] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is, or was, such a service."""
        return self.status is not None or bool(self.owed) or any(event.service for event in self.events)


def why(group: str, service: str, *, since: str = "", as_json: bool = False, where: Where | None = None) -> int:
    """Print the timeline of a service; the exit status. Raises PymonError if ``since`` cannot be read."""
    now = time.time()
    key = ServiceKey(group, service)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every locale has every letter
    try:
        answer = _ask(key, parse_since(since, now) if since else 0.0, where or Where())
    except (ClientError, RecordError) as problem:
        print(f"pymon why: {problem}", file=sys.stderr)
        if isinstance(problem, CommandFailed):
            print("(auth.cf has to let everybody 'list', or 'why'; a Unix socket says who one is)", file=sys.stderr)
        return NO_ANSWER
    if not answer.is_known:
        print(f"pymon why: there is no service {printable(f'{group} {service}')}", file=sys.stderr)
        for name in _similar(key, answer.services):
            print(f"           did you mean {printable(name)}?", file=sys.stderr)
        return UNKNOWN
    if answer.remark:
        print(f"({answer.remark})", file=sys.stderr)
    shown = [json.dumps(_document(key, answer, now), indent=2, default=str)] if as_json else _lines(key, answer, now)
    return _show(shown)


def parse_since(text: str, now: float) -> float:
    """A point of time, in seconds since the epoch: ``2h`` ago, a date, a date and time, a time of today, an epoch.

    Raises TimevalError, whose text says what would be right.
    """
    words = text.strip()
    if re.fullmatch(r"[0-9]{6,12}(\.[0-9]+)?", words):
        return float(words)
    if (clock := _CLOCK.fullmatch(words)) is not None:
        today = datetime.fromtimestamp(now)
        try:
            return today.replace(
                hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0
            ).timestamp()
        except ValueError as error:
            raise TimevalError(f"'{words}' is not a time of the day") from error
    for form in _FORMS:
        try:
            return datetime.strptime(words, form).timestamp()  # local time is meant
        except ValueError:
            continue
    try:
        return now - parse_timeval(words)
    except TimevalError as error:
        raise TimevalError(
            f"'{words}' is not a time: write how long ago (2h, 30m, 1d), a time of today (18:00), "
            "or a date (2026-11-23, '2026-11-23 18:00')"
        ) from error


def _lines(key: ServiceKey, answer: ServiceHistory, now: float) -> Iterator[str]:
    if answer.status is not None:
        yield describe_status(answer.status, now, local_time, answer.muted, answer.left)
        yield from timeline.measurement_lines(answer.measurements, answer.measured, now)
    yield from debt_text.lines(answer.owed, now)
    yield from timeline.lines(answer.events, local_time, now=now) or ["  (nothing is recorded in this time)"]


def _show(lines: Iterable[str]) -> int:
    """Print lines; the exit status, as moncmd's if nobody reads them or the disk is full."""
    try:
        for line in lines:
            print(line)
        print(end="", flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # let the last flush pass
        if not isinstance(error, BrokenPipeError):
            print(f"pymon why: {error.strerror}", file=sys.stderr)
        return UNWRITTEN
    return 0


def _ask(key: ServiceKey, since: float, where: Where) -> ServiceHistory:
    """Ask the daemon, and read the record if no daemon answers. Raises what the last of them did."""
    record = where.record
    if not where.asks_daemon and record is not None:
        return _read(record, key, since)
    try:
        return _ask_daemon(key, since, where)
    except (ConnectionFailed, ConnectionLost, ServerTimeout) as unreachable:
        if record is None:
            raise
        try:
            return _read(record, key, since)
        except RecordError as unreadable:
            raise RecordError(f"{unreachable}, and {unreadable}") from unreachable


def _read(record: Path, key: ServiceKey, since: float) -> ServiceHistory:
    found = look_up(record, key, since, LIMIT)
    written = datetime.fromtimestamp(found.last_write)
    remark = f"read from {record}, which was written last at {written:%Y-%m-%d %H:%M:%S}"
    muted = describe_muting(
        local_time,
        watch=found.is_watch_disabled,
        service=found.is_disabled,
        stopped_since=found.stopped_since,
    )
    if (state := found.state) is None:
        return ServiceHistory(None, found.events, found.services, remark, muted)
    return ServiceHistory(
        status_of(Service(*key), state, written.timestamp()),
        found.events,
        found.services,
        remark,
        muted,
        owed=tuple(list_debts_on_file(key, state, now=written.timestamp())),
        left=state.left,
        measured=state.measured,
        measurements=state.measurements,
    )


def _ask_daemon(key: ServiceKey, since: float, where: Where) -> ServiceHistory:
    with Client(
        where.server or None, where.port or None, path=where.socket or None, timeout=TIMEOUT, check_protocol=False
    ) as client:
        services = [ServiceKey(*each) for each in client.list_watch()]
        if key not in services:
            return _ask_about_departed(client, key, since, services)
        events = client.perform(ClientCommand(f"json why {key.group} {key.service} {since:.3f}", _events))
        status = client.perform(ClientCommand(f"json list opstatus {key.group},{key.service}", _status))
        measured, measurements = _fetch_measured(client, key)
        owing = _fetch_owed(client, key)
        disabled, scheduler = client.list_disabled(), client.list_state()
    muted = describe_muting(
        local_time,
        watch=key.group in disabled.watches,
        service=key in [ServiceKey(*each) for each in disabled.services],
        stopped_since=None if scheduler.running else scheduler.stopped_since,
    )
    return ServiceHistory(
        status, events, services, muted=muted, owed=owing, measured=measured, measurements=measurements
    )


def _ask_about_departed(
    client: Client, key: ServiceKey, since: float, services: Sequence[ServiceKey]
) -> ServiceHistory:
    """What is known of a service that mon.cf does not have; it may have had it."""
    try:
        events = client.perform(ClientCommand(f"json why {key.group} {key.service} {since:.3f}", _events))
        owing = _fetch_owed(client, key)
    except (CommandFailed, ValueError):
        return ServiceHistory(None, (), services)
    return ServiceHistory(None, events, services, "it is not in mon.cf any more", owed=owing)


def _fetch_owed(client: Client, key: ServiceKey) -> tuple[Owed, ...]:
    """What a service owes; nothing by a daemon that does not know of such."""
    try:
        return tuple(map(debt_text.from_data, client.json(f"list debts {key.group} {key.service}")))
    except CommandFailed:
        return ()
    except (TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"the server's answer is not a list of debts: {error}") from error


def _fetch_measured(client: Client, key: ServiceKey) -> tuple[float, tuple[Measurement, ...]]:
    """When the service's last measurements were made, and what they are; nothing from a daemon that knows none."""
    try:
        found = client.json(f"list measurements {key.group} {key.service}")
    except CommandFailed:
        return 0.0, ()
    if not isinstance(found, dict):
        raise BadAnswer("the server's answer is not a list of measurements")
    at = found.get("at")
    return (at if isinstance(at, int | float) else 0.0), measurement_text.of_facts(found.get("measurements"))


def _events(reply: Reply) -> list[TimelineEvent]:
    try:
        found = json.loads(reply.lines[0])
        return [timeline.from_data(event) for event in found]
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"the server's answer is not a timeline: {error}") from error


def _status(reply: Reply) -> ServiceStatus:
    try:
        (found,) = json.loads(reply.lines[0])
        return from_json(found)
    except (IndexError, TypeError, ValueError) as error:
        raise BadAnswer(f"the server's answer is not a status: {error}") from error


def _document(key: ServiceKey, answer: ServiceHistory, now: float) -> dict[str, object]:
    document: dict[str, object] = {"group": key.group, "service": key.service, "now": now}
    if (status := answer.status) is not None:
        document["status"] = status.opstatus.name.lower()
        document["check"] = status.check
        document["summary"] = status.last_summary
        document["first_failure"] = status.first_failure or None
        document["ack"] = status.ackcomment if status.ack else None
        document["muted"] = list(answer.muted)
        document["measured"] = answer.measured or None
        document["measurements"] = [list(each) for each in answer.measurements]
    document["debts"] = [debt_text.as_data(each) for each in answer.owed]
    if answer.remark:
        document["remark"] = answer.remark
    return document | {"events": [timeline.as_data(event) for event in answer.events]}


def _similar(key: ServiceKey, services: Iterable[ServiceKey]) -> list[str]:
    """The services that might have been meant."""
    names = [f"{group} {service}" for group, service in services]
    exact = [name for name in names if name.lower() == f"{key.group} {key.service}".lower()]
    of_group = [name for name in names if name.startswith(f"{key.group} ")]
    close = difflib.get_close_matches(f"{key.group} {key.service}", names, n=3, cutoff=0.5)
    return list(dict.fromkeys([*exact, *close, *of_group]))[:3]
