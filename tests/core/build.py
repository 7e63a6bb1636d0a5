"""Short ways to write services, and a site of a few services that events happen to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pymon.config.dependencies import parse_dependency, scan_dependency
from pymon.config.periods import parse_period
from pymon.core import events as process
from pymon.core.context import SiteContext
from pymon.model.depend import Dependency, ServiceKey
from pymon.model.effect import AlertCall, Rule, Verdict
from pymon.model.result import CheckResult
from pymon.model.service import Alert, AlertKind, Command, ExitRange, MonitorCommand, Period, Service
from pymon.model.settings import Settings
from pymon.model.state import ServiceState
from pymon.model.status import OpStatus
from pymon.model.trap import Trap

T0 = 1_700_000_000.0
"""when everything begins"""

ALL_KINDS = tuple(AlertKind)


def alert(kind: AlertKind = AlertKind.ALERT, name: str = "", exit_range: ExitRange | None = None) -> Alert:
    """One alert line; its program is called like its kind unless it has a name."""
    return Alert(kind, Command(name or f"{kind}.alert", "-x 'a b'", ("-x", "a b")), exit_range)


def period(*kinds: AlertKind | Alert, key: str = "p", when: str = "", **rules: Any) -> Period:
    """A period with one alert of each kind (``alert`` and ``upalert`` if none is given)."""
    wanted = kinds or (AlertKind.ALERT, AlertKind.UPALERT)
    alerts = tuple(alert(kind) if isinstance(kind, AlertKind) else kind for kind in wanted)
    return Period(key, parse_period(when), alerts=alerts, **rules)


def service(*periods: Period, name: str = "s", group: str = "g", **rest: Any) -> Service:
    """A service of group ``g`` with a monitor and an interval of 10 s."""
    rest.setdefault("interval", 10.0)
    rest.setdefault("monitor", MonitorCommand("m.monitor"))
    return Service(group, name, periods=periods or (period(),), **rest)


def depend(text: str) -> Dependency:
    """An expression; or, with commas or blanks only between names, what host dependencies take."""
    return parse_dependency(text)


def hosts_of(text: str) -> Dependency:
    """What a host dependency makes of a text."""
    return scan_dependency(text)


@dataclass
class Site:
    """Services and their states; ``happen`` and its kin apply an event to the first service and keep its verdict."""

    services: tuple[Service, ...]
    now: float = T0
    settings: Settings = field(default_factory=Settings)
    disabled_watches: set[str] = field(default_factory=set)
    disabled_services: set[ServiceKey] = field(default_factory=set)
    missing: frozenset[str] = frozenset()
    stopped: bool = False
    states: dict[ServiceKey, ServiceState] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=lambda: Verdict(ServiceState()))

    def __post_init__(self) -> None:
        for each in self.services:
            self.states.setdefault(each.key, ServiceState())

    @property
    def service(self) -> Service:
        return self.services[0]

    @property
    def state(self) -> ServiceState:
        return self.states[self.service.key]

    @property
    def context(self) -> SiteContext:
        return SiteContext(
            services={each.key: each for each in self.services},
            states=dict(self.states),
            disabled_watches=frozenset(self.disabled_watches),
            disabled_services=frozenset(self.disabled_services),
            missing_alerts=self.missing,
            settings=self.settings,
            stopped=self.stopped,
            started=T0,
        )

    def set(self, name: str = "", **changes: Any) -> None:
        """Change the state of a service (the first one, or ``group:service``)."""
        key = ServiceKey(*name.split(":")) if name else self.service.key
        self.states[key] = replace(self.states[key], **changes)

    def keep(self, verdict: Verdict) -> Verdict:
        self.states[self.service.key] = verdict.state
        self.verdict = verdict
        return verdict

    def fail(self, output: str = "down\n", after: float = 10.0, exitval: int = 1) -> Verdict:
        return self.end(CheckResult(exitval, output), after)

    def end(self, result: CheckResult, after: float = 10.0) -> Verdict:
        """A monitor has ended in this way, just now."""
        self.now += after
        return self.keep(process.observe(self.service, self.state, result, self.now, self.context))

    def ok(self, output: str = "up\n", after: float = 10.0) -> Verdict:
        return self.fail(output, after, exitval=0)

    def trap(self, sta: str = "1", summary: str = "s", detail: str = "d", after: float = 10.0) -> Verdict:
        self.now += after
        return self.keep(process.trap(self.service, self.state, Trap(sta, summary, detail), self.now, self.context))

    def happen(self, event: str, after: float = 10.0) -> Verdict:
        """Anything else: ``startup``, ``acknowledge``, ``disable``, ``trap_timeout``, ``failure``, ``up``, ``trap``."""
        self.now += after
        given, context = (self.service, self.state), self.context
        events: dict[str, Callable[[], Verdict]] = {
            "failure": lambda: self.fail(after=0.0),
            "up": lambda: self.ok(after=0.0),
            "trap": lambda: self.trap(after=0.0),
            "trap_timeout": lambda: self.keep(process.trap_timeout(*given, self.now, context)),
            "startup": lambda: self.keep(process.startup(*given, self.now, context)),
            "ack": lambda: self.keep(process.acknowledge(*given, "bob", "on it", self.now, context)),
            "disable": lambda: self.keep(process.disable(*given, "bob", self.now, context)),
        }
        return events[event]()


def rules_of(verdict: Verdict) -> list[Rule]:
    """By which rules alerts were held back."""
    return [held.rule for held in verdict.held]


def texts_of(verdict: Verdict) -> list[str]:
    """The reasons, as people read them."""
    return [str(held) for held in verdict.held]


def words_of(calls: Iterable[AlertCall]) -> list[str]:
    """History words of the calls."""
    return [call.history_word or "-" for call in calls]


def in_status(status: OpStatus, **more: Any) -> ServiceState:
    """A state of the given status."""
    return ServiceState(op_status=status, **more)
