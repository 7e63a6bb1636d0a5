"""The contents of monshow's report: which services, in which order, and the words of each column.

Pure: the time is an argument, in seconds since the epoch.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from pymon.client.records import DisabledItems, GroupHost, SchedulerState
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from pymon.protocol.service_status import ServiceStatus

ALWAYS_SHOWN = (
    *(OpStatus.FAIL, OpStatus.LINKDOWN, OpStatus.TIMEOUT, OpStatus.COLDSTART, OpStatus.WARMSTART),
    *(OpStatus.WARN, OpStatus.DEPENDENCY),
)
"""the states that are shown without ``full``; mon's monshow never shows the last two (W-warn)"""
_PLACE = {status: place for place, status in enumerate((*ALWAYS_SHOWN, OpStatus.UNTESTED, OpStatus.UNKNOWN))}
_SHORT = 90
"""seconds up to which an age is written in seconds"""


class Row(NamedTuple):
    """One service. ``held`` says why an alert about it is held back, empty if none is, or nobody knows."""

    status: ServiceStatus
    description: str = ""
    held: str = ""


class ServiceDetail(NamedTuple):
    """One service, with the hosts of its group."""

    row: Row
    hosts: tuple[GroupHost, ...]


class StatusReport(NamedTuple):
    """The report at one moment: ``now``, by the clock of monshow's own machine.

    ``rows`` is None where no table is wanted, ``disabled`` where that is not; ``detail`` takes the place of both.
    """

    server: str
    now: float
    scheduler: SchedulerState
    rows: tuple[Row, ...] | None = None
    disabled: DisabledItems | None = None
    detail: ServiceDetail | None = None
    view: str = ""
    summary_len: int = 80


class Selection(NamedTuple):
    """Which services are shown: all of these have to be so.

    ``wanted`` are groups (their service is None) and services, all if empty. ``filters`` are globs for groups, or
    for ``group/service``: one has to match. ``states`` are the states to show, empty for ALWAYS_SHOWN, and for every
    state with ``full``.
    """

    wanted: tuple[tuple[str, str | None], ...] = ()
    filters: tuple[str, ...] = ()
    states: frozenset[OpStatus] = frozenset()
    full: bool = False

    def shows(self, status: ServiceStatus) -> bool:
        """Whether a service is shown, disabled or not."""
        if not self._shows_state(status.opstatus):
            return False
        if self.wanted and (status.group, None) not in self.wanted and status.key not in self.wanted:
            return False
        return not self.filters or any(matches(glob, status.key) for glob in self.filters)

    def _shows_state(self, opstatus: OpStatus) -> bool:
        if self.states:
            return opstatus in self.states
        return self.full or opstatus in ALWAYS_SHOWN


def matches(glob: str, key: ServiceKey) -> bool:
    """Whether a glob matches: the group, or, if it has a ``/``, group and service."""
    return fnmatchcase(f"{key.group}/{key.service}" if "/" in glob else key.group, glob)


def choose(
    statuses: Iterable[ServiceStatus],
    selection: Selection,
    disabled: DisabledItems,
    descriptions: Mapping[ServiceKey, str],
) -> tuple[Row, ...]:
    """The rows to show, in order. What is disabled is left out, services too (W-disabled)."""
    chosen = [
        Row(status, descriptions.get(status.key, ""))
        for status in statuses
        if selection.shows(status) and not is_disabled(status.key, disabled)
    ]
    return tuple(sorted(chosen, key=sort_key))


def is_disabled(key: ServiceKey, disabled: DisabledItems) -> bool:
    """Whether a service or its watch is disabled."""
    return key.group in disabled.watches or key in disabled.services


def sort_key(row: Row) -> tuple[bool, bool, int, str, str]:
    """Where a row comes in the order: that of mon's monshow, which is by blocks, and by state in each.

    What is not ok and depends on nothing; what is wrong and depends on others; what is ok and depends on nothing;
    the rest. mon's monshow shows services of one state in random order, here they are sorted (W-order).
    """
    status = row.status
    fine = status.opstatus is OpStatus.OK
    later = status.opstatus not in ALWAYS_SHOWN if status.depend else fine
    return (later, bool(status.depend), -1 if fine else _PLACE[status.opstatus], status.group, status.service)


def find_unknown(wanted: Iterable[tuple[str, str | None]], known: Collection[ServiceKey]) -> list[str]:
    """Name what was selected but does not exist on the server."""
    groups = {key.group for key in known}
    missing = []
    for group, service in wanted:
        if service is None and group not in groups:
            missing.append(f"no watch {group} on the server")
        elif service is not None and ServiceKey(group, service) not in known:
            missing.append(f"no service {group}/{service} on the server")
    return missing


def dependence(status: ServiceStatus) -> str:
    """``D`` for a service that depends on others, else ``R``."""
    return "D" if status.depend else "R"


def state_name(status: ServiceStatus) -> str:
    """The word of the column STATUS."""
    match status.opstatus:
        case OpStatus.FAIL:
            word = "BROKEN" if status.is_broken else "FAIL"
            return f"ACK {word}" if status.ack else word
        case OpStatus.OK:
            return "-"
        case OpStatus.UNTESTED | OpStatus.WARN | OpStatus.DEPENDENCY:
            return status.opstatus.name.lower()
    return "unknown"


def last(status: ServiceStatus, now: float) -> str:
    """The word of the column LAST: how long ago it was checked. mon shows 20780 days for never (W-never)."""
    if status.opstatus is OpStatus.UNTESTED:
        return "untested"
    return age(status.last_check, now)


def age(moment: float, now: float) -> str:
    """How long ago something was: ``never``, seconds up to 90, else as ``hms``."""
    if not moment:
        return "never"
    seconds = int(now) - int(moment)
    return f"{seconds}s" if seconds <= _SHORT else hms(seconds)


def is_scheduled(status: ServiceStatus) -> bool:
    """Whether the service is checked at all; one that only traps feed is not."""
    return status.timer is not None


def until_next(status: ServiceStatus) -> str:
    """The word of the column NEXT: how long until it is checked, ``-`` if it is not scheduled (W-never)."""
    if status.timer is None:
        return "-"
    if status.timer < 60:
        return f"{status.fields.get('timer') or format(status.timer, 'g')}s"
    return hms(status.timer)


def alerts(status: ServiceStatus) -> str:
    """The word of the column ALERTS."""
    return str(status.alerts_sent) if status.alerts_sent else "none"


def summary(status: ServiceStatus, length: int) -> str:
    """The summary, cut to a length."""
    text = status.last_summary
    return text if len(text) <= length else f"{text[:length]}..."


def opstatus(status: ServiceStatus) -> str:
    """Name and number of the state."""
    broken = ", the check is broken" if status.is_broken else ""
    return f"{status.opstatus.name.lower()} ({int(status.opstatus)}){broken}"


def exit_value(status: ServiceStatus) -> str:
    """The exit value as mon writes it."""
    return "undef" if status.exitval is None else str(status.exitval)


def scheduler_text(scheduler: SchedulerState) -> str:
    """The state of the scheduler for the header."""
    return "scheduler running" if scheduler.running else f"scheduler stopped since {ctime(scheduler.stopped_since)}"


def ctime(moment: float) -> str:
    """A moment as C's ctime writes it, in local time."""
    return time.asctime(time.localtime(moment))


def hms(seconds: float) -> str:
    """A duration: ``HH:MM:SS``, or ``N days, HH:MM:SS``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{rest:02d}"
    return f"{days} days, {clock}" if days else clock
