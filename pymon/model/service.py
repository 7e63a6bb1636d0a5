"""What mon.cf declares: hostgroups, watches, services, periods, alerts. All times are in seconds.

Line numbers take no part in comparisons: a service that only moved in its file did not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pymon.model.depend import DependBehavior, Dependency, ServiceKey
from pymon.model.period import PeriodSpec
from pymon.model.status import EventKind


class AlertKind(StrEnum):
    """The five lists of alerts a period can have, by their keywords."""

    ALERT = "alert"
    UPALERT = "upalert"
    STARTUPALERT = "startupalert"
    ACKALERT = "ackalert"
    DISABLEALERT = "disablealert"


LIST_OF: Mapping[EventKind, AlertKind] = {
    EventKind.FAILURE: AlertKind.ALERT,
    EventKind.TRAP: AlertKind.ALERT,
    EventKind.TRAPTIMEOUT: AlertKind.ALERT,
    EventKind.UP: AlertKind.UPALERT,
    EventKind.STARTUP: AlertKind.STARTUPALERT,
    EventKind.ACK: AlertKind.ACKALERT,
    EventKind.DISABLE: AlertKind.DISABLEALERT,
}
"""which of a period's lists an event calls"""


class AlerteveryMode(StrEnum):
    """What besides time decides whether alertevery holds an alert back."""

    SUMMARY = "summary"
    """a changed summary alerts at once (mon's default, without a modifier)"""
    STRICT = "strict"
    """nothing does; a success does not reset the time either"""
    OBSERVE_DETAIL = "observe_detail"
    """a change anywhere in the output alerts at once"""
    IGNORE_SUMMARY = "ignore_summary"
    """nothing does, but a success resets the time"""


@dataclass(frozen=True, slots=True)
class ExitRange:
    """Exit values from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __contains__(self, value: int) -> bool:
        """Whether an exit value is in the range."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """As written in mon.cf."""
        return f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True, slots=True)
class Command:
    """A program as mon.cf names it: a file name of mondir or alertdir, and its arguments.

    ``arguments`` are its words. ``shown_arguments`` is the text after the name as logs, histories and clients see it:
    as written, but for secrets.
    """

    name: str
    shown_arguments: str = ""
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As written in mon.cf, but for secrets."""
        return f"{self.name} {self.shown_arguments}" if self.shown_arguments else self.name


@dataclass(frozen=True, slots=True)
class MonitorCommand(Command):
    """The command of a ``monitor`` line; ``append_hosts`` is False when the line ended in ``;;``."""

    append_hosts: bool = True


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert line of a period. ``exit_range`` is its leading ``exit=N`` or ``exit=N-M``."""

    kind: AlertKind
    command: Command
    exit_range: ExitRange | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a service: when it applies, its alerts, and the rules that hold them back.

    ``key`` is its label or, without one, its text: it is unique in the service. The three forms of alertafter
    set fields of their own (later lines do not clear those of another form): ``alertafter 3`` sets
    ``alertafter_consecutive``; ``alertafter 3 30m`` sets ``alertafter_count`` and ``alertafter_time``;
    ``alertafter 30m`` sets ``alertafter_time``.
    """

    key: str
    spec: PeriodSpec
    label: str | None = None
    line: int = field(default=0, compare=False)
    alerts: tuple[Alert, ...] = ()
    alertevery: float = 0.0
    alertevery_mode: AlerteveryMode = AlerteveryMode.SUMMARY
    alertafter_consecutive: int | None = None
    alertafter_count: int | None = None
    alertafter_time: float | None = None
    upalertafter: float | None = None
    numalerts: int = 0
    no_comp_alerts: bool = False
    alerts_dont_count: bool = False
    alertexitrange: ExitRange | None = None

    def alerts_of(self, kind: AlertKind) -> tuple[Alert, ...]:
        """The alerts of one kind, in the order of the file."""
        return tuple(alert for alert in self.alerts if alert.kind is kind)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a watch. ``line`` is where it starts.

    ``interval`` None means that it is never scheduled (traps may still feed it). ``timeout`` and ``inprocess``
    are keywords of pymon's own: None means the default (``pymon.core.timing.time_limit``, the global setting).
    """

    group: str
    name: str
    line: int = field(default=0, compare=False)
    interval: float | None = None
    failure_interval: float | None = None
    monitor: MonitorCommand | None = None
    redistribute: Command | None = None
    allow_empty_group: bool = False
    description: str | None = None
    unack_summary: bool = False
    traptimeout: float | None = None
    trapduration: float | None = None
    randskew: float = 0.0
    dep_behavior: DependBehavior = DependBehavior.ALERTS
    dep_memory: float = 0.0
    depend: Dependency | None = None
    alertdepend: Dependency | None = None
    monitordepend: Dependency | None = None
    hostdepend: Dependency | None = None
    exclude_hosts: frozenset[str] = frozenset()
    exclude_period: PeriodSpec | None = None
    environment: tuple[tuple[str, str], ...] = ()
    periods: tuple[Period, ...] = ()
    timeout: float | None = None
    inprocess: bool | None = None

    @property
    def key(self) -> ServiceKey:
        """What names the service."""
        return ServiceKey(self.group, self.name)

    def dependency(self, behavior: DependBehavior) -> Dependency | None:
        """The dependency of one behaviour: ``depend`` if its dep_behavior is that one, else the keyword's own."""
        if self.depend is not None and self.dep_behavior is behavior:
            return self.depend
        if behavior is DependBehavior.ALERTS:
            return self.alertdepend
        return self.monitordepend if behavior is DependBehavior.MONITOR else self.hostdepend


@dataclass(frozen=True, slots=True)
class DeclaredHost:
    """A member of a hostgroup; ``disabled`` when written with a leading ``*``."""

    name: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Hostgroup:
    """Hosts in the order of the file."""

    name: str
    hosts: tuple[DeclaredHost, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Watch:
    """The services watched on one hostgroup, in the order of the file."""

    group: str
    services: tuple[Service, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """A named selection: entries are ``group`` or ``group:service``."""

    name: str
    entries: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Alias:
    """Opaque lines that ``list aliases`` serves."""

    name: str
    lines: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)
