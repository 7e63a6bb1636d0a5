"""What a server tells, as typed records.

Times are seconds since the epoch, 0.0 for never; durations are seconds. Text is decoded: bytes that are no UTF-8 are
kept as surrogates (``surrogateescape``). Names of fields are those of mon's protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus

__all__ = [
    "AlertCall",
    "ConfigTest",
    "Debt",
    "Disabled",
    "Downtime",
    "Failure",
    "GroupHost",
    "Processes",
    "RunningMonitor",
    "SchedulerState",
    "ServiceDependency",
    "ServiceStatus",
]


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One line of ``list opstatus``.

    ``exitval`` is a number, or the text that a trap sent, or None before the first result. ``timer`` is the time
    until the next check, None if it has none. ``ack`` is when the failure was acknowledged, ``ackcomment`` by whom
    and with which words. ``depstatus`` says whether the dependency was fulfilled when last looked at, None if never.
    ``interval`` and ``monitor_duration`` are None for services that are not checked (traps), or not yet;
    ``failure_duration`` is None while there is no failure. ``check`` is ``broken`` where the last check could not be
    carried out (``opstatus`` then is FAIL: mon has no such thing), else empty. ``fields`` are all the fields as text,
    those of other servers too.
    """

    group: str
    service: str
    opstatus: OpStatus
    last_opstatus: OpStatus = OpStatus.UNTESTED
    exitval: int | str | None = None
    timer: float | None = None
    last_success: float = 0.0
    last_failure: float = 0.0
    first_failure: float = 0.0
    failure_duration: float | None = None
    last_check: float = 0.0
    last_alert: float = 0.0
    last_trap: float = 0.0
    last_traphost: str = ""
    last_summary: str = ""
    last_detail: str = ""
    ack: float = 0.0
    ackcomment: str = ""
    alerts_sent: int = 0
    depstatus: bool | None = None
    depend: str = ""
    hostdepend: str = ""
    monitordepend: str = ""
    alertdepend: str = ""
    monitor: str = ""
    interval: float | None = None
    monitor_duration: float | None = None
    monitor_running: bool = False
    exclude_period: str = ""
    exclude_hosts: tuple[str, ...] = ()
    check: str = ""
    randskew: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> ServiceKey:
        """Group and service."""
        return ServiceKey(self.group, self.service)


@dataclass(frozen=True, slots=True)
class AlertCall:
    """One line of ``list alerthist``: an alert that was called.

    ``kind`` is ``alert``, ``upalert``, ``startupalert`` …; ``alert`` is the program, ``args`` its arguments as they
    stand in the configuration.
    """

    kind: str
    group: str
    service: str
    time: float
    alert: str
    args: str
    summary: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One line of ``list failurehist``."""

    group: str
    service: str
    time: float
    summary: str


@dataclass(frozen=True, slots=True)
class Debt:
    """A down alert whose end is not told yet, of a service that may have left the configuration.

    ``alert`` is as mon.cf has it, ``at`` is when it was called. ``state`` is ``owed`` (the recovery pays it) or
    ``unpaid`` (nothing does, since ``unpaid_since``; ``why`` says why). ``by_hand`` are lines for a shell that pay it.
    """

    group: str
    service: str
    state: str
    at: float
    alert: str
    unpaid_since: float = 0.0
    why: str = ""
    upalerts: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()

    @property
    def is_owed(self) -> bool:
        """Whether the daemon pays it when the service is well again."""
        return self.state == "owed"


@dataclass(frozen=True, slots=True)
class Downtime:
    """One line of ``list dtlog``: an outage that is over.

    ``timeup`` is when it ended, ``failtime`` when it began, ``downtime`` how long it was; ``interval`` is that of the
    checks then.
    """

    timeup: float
    group: str
    service: str
    failtime: float
    downtime: float
    interval: float
    summary: str


@dataclass(frozen=True, slots=True)
class Disabled:
    """``list disabled``: by group the hosts that are not checked, watches, and services."""

    hosts: Mapping[str, tuple[str, ...]]
    watches: tuple[str, ...]
    services: tuple[ServiceKey, ...]


class GroupHost(NamedTuple):
    """A member of a group."""

    name: str
    disabled: bool


class RunningMonitor(NamedTuple):
    """A monitor that runs now; ``pid`` is 0 for one inside the daemon."""

    group: str
    service: str
    pid: int


class Processes(NamedTuple):
    """``list pids``: the server's process id, and the monitors that run."""

    server: int
    monitors: tuple[RunningMonitor, ...]


class SchedulerState(NamedTuple):
    """``list state``: ``stopped_since`` is 0.0 while it runs."""

    running: bool
    stopped_since: float


class ServiceDependency(NamedTuple):
    """``list deps``: a service's expression (empty: none) and the services in it."""

    group: str
    service: str
    expression: str
    components: tuple[ServiceKey, ...]


class ConfigTest(NamedTuple):
    """``test config``: whether the configuration is in order, and if not, what is wrong with it."""

    ok: bool
    text: str
