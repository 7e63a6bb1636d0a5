"""What happened, as mon tells its alerts: by options, environment and standard input."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pymon.contract import alert_options
from pymon.contract.alert_options import KIND_OPTIONS
from pymon.contract.invocation import Invocation
from pymon.model.status import EventKind
from pymon.model.variables import MonVariable
from pymon.options import flag, option


class Event(NamedTuple):
    """What happened, as mon tells its alerts.

    ``hosts`` are the group's members; ``time`` is when it was noticed (seconds since the epoch). ``summary`` is the
    first line of what the monitor said, ``detail`` the rest. ``next_alert`` is the text of ``-l``, which mon documents
    and never passes. ``environ`` holds the MON_* variables. ``program`` is the alert's own file name, ``arguments``
    is all that it was called with. ``is_told``: the caller said what kind of event it is, by an option or
    MON_ALERTTYPE; without that it counts as a failure.
    """

    group: str
    service: str
    hosts: tuple[str, ...]
    time: float
    kind: EventKind
    summary: str
    detail: str
    environ: Mapping[str, str]
    next_alert: str = ""
    program: str = ""
    arguments: tuple[str, ...] = ()
    is_told: bool = True

    @property
    def when(self) -> str:
        """``time`` as mon's alerts write it: ``Tue Nov 3 10:00:00``, local time, no year."""
        moment = time.localtime(self.time)
        return f"{time.strftime('%a %b', moment)} {moment.tm_mday} {time.strftime('%H:%M:%S', moment)}"

    @property
    def description(self) -> str:
        """The service's description, or nothing."""
        return self.environ.get(MonVariable.DESCRIPTION, "")

    @property
    def opstatus(self) -> str:
        """The number of the service's operational status, as text; nothing outside the daemon."""
        return self.environ.get(MonVariable.OPSTATUS, "")


def _epoch(text: str) -> float:
    """Seconds since 1970, up to a year that every part of the system can show."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e11:
        raise ValueError("must be seconds since 1970")
    return seconds


@dataclass(frozen=True)
class EventOptions:
    """The options with which mon calls every alert."""

    service: str = option(alert_options.SERVICE, default="", metavar="SERVICE", about="the service")
    group: str = option(alert_options.GROUP, default="", metavar="GROUP", about="its group")
    hosts: str = option(alert_options.HOSTS, default="", metavar="HOSTS", about="the group's hosts, in one argument")
    time: float | None = option(
        alert_options.TIME, default=None, convert=_epoch, metavar="EPOCH", about="when it was noticed (default: now)"
    )
    next_alert: str = option(alert_options.NEXT_ALERT, default="", metavar="SECONDS", about="time until the next alert")
    up: bool = flag(KIND_OPTIONS[EventKind.UP], about="the service is up again")
    ack: bool = flag(KIND_OPTIONS[EventKind.ACK], about="the failure was acknowledged")
    disable: bool = flag(KIND_OPTIONS[EventKind.DISABLE], about="the service was disabled")
    trap: bool = flag(KIND_OPTIONS[EventKind.TRAP], about="a trap reported the failure")
    traptimeout: bool = flag(KIND_OPTIONS[EventKind.TRAPTIMEOUT], about="a trap did not come in time")
    help: bool = flag("--help", about="show this help")

    def kind(self, environ: Mapping[str, str]) -> EventKind | None:
        """What the options say, else what MON_ALERTTYPE says, else nothing."""
        said = {
            EventKind.UP: self.up,
            EventKind.ACK: self.ack,
            EventKind.DISABLE: self.disable,
            EventKind.TRAPTIMEOUT: self.traptimeout,
            EventKind.TRAP: self.trap,
        }
        by_option = next((kind for kind, is_given in said.items() if is_given), None)
        if by_option is not None:
            return by_option
        try:
            return EventKind(environ.get(MonVariable.ALERTTYPE, ""))
        except ValueError:
            return None


def event_of(given: EventOptions, invocation: Invocation) -> Event:
    """The event of a call, whose options were read."""
    summary, _, detail = invocation.stdin.partition("\n")
    kind = given.kind(invocation.environ)
    return Event(
        group=given.group,
        service=given.service,
        hosts=tuple(given.hosts.split()),
        time=time.time() if given.time is None else given.time,
        kind=kind or EventKind.FAILURE,
        summary=summary,
        detail=detail,
        environ=invocation.environ,
        next_alert=given.next_alert,
        program=invocation.path.rpartition("/")[2],
        arguments=invocation.arguments,
        is_told=kind is not None,
    )
