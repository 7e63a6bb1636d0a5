"""The effective values of one service, and where each comes from. Pure: it looks at what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lark import Token

from pymon.config.build_service import DEPENDENCIES, Built
from pymon.config.build_settings import INHERITED
from pymon.config.tree import Node, header_of, tokens_of, trees_of
from pymon.installed import ALERTS, MONITORS
from pymon.model.depend import Dependency, ServiceKey
from pymon.model.duration import format_duration
from pymon.model.period import PeriodSpec
from pymon.model.service import Host, Period, Service
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.redaction.command_words import mask_value

DEFAULT = "default"
COMMAND_LINE = "command line"

_TIMES = frozenset({
    "interval", "failure_interval", "traptimeout", "trapduration", "randskew", "dep_memory", "timeout",
    "alertevery", "alertafter_time", "upalertafter", "randstart", "cltimeout", "historictime", "trapmaxage",
})  # fmt: skip
_SERVICE_FIELDS = (
    "interval", "failure_interval", "monitor", "timeout", "inprocess", "description", "redistribute",
    "allow_empty_group", "exclude_hosts", "exclude_period", "randskew", "traptimeout", "trapduration",
    "dep_behavior", "dep_memory", "depend", "alertdepend", "monitordepend", "hostdepend", "unack_summary",
)  # fmt: skip
_GLOBALS = ("maxprocs", "randstart", "exclude_period", "inprocess", "dep_recur_limit", "plugins", "mondir", "alertdir")
_UNSET = {
    "interval": "never scheduled",
    "randstart": "off", "maxprocs": "no limit", "alertevery": "every failure", "numalerts": "no limit",
}  # fmt: skip
_RULE_FIELDS = {
    "alertevery": ("alertevery",), "alertafter": ("alertafter_consecutive", "alertafter_count", "alertafter_time"),
    "upalertafter": ("upalertafter",), "numalerts": ("numalerts",), "no_comp_alerts": ("no_comp_alerts",),
    "alerts_dont_count": ("alerts_dont_count",), "alertexitrange": ("alertexitrange",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Explained:
    """One effective value.

    ``part`` is ``hosts``, ``service``, ``period KEY``, ``global`` or ``programs``. ``origin`` is where the value comes
    from: ``FILE:LINE``, ``default`` or ``command line``.
    """

    part: str
    name: str
    value: str
    origin: str


def explain(
    site: Site,
    built: Mapping[ServiceKey, Built],
    tree: Node,
    assignments: Mapping[str, Token],
    key: ServiceKey,
    *,
    file: str,
    find: Callable[[str, Sequence[str], str], str | None],
    time_limit: Callable[[Service], float],
    overridden: frozenset[str] = frozenset(),
) -> tuple[Explained, ...]:
    """Explain one service. Raises KeyError if there is none of that name.

    ``find`` looks a program up in some directories and an entry-point group, ``time_limit`` is the rule for how long a
    check may take; ``overridden`` are the settings that the command line gives.
    """
    view = _View(site, built[key], _service_node(tree, key), tree, assignments, file, time_limit, overridden)
    return (*view.lines(), *_programs(built[key].service, site.settings, find))


class _View:
    """What is known while one service is explained."""

    def __init__(
        self,
        site: Site,
        built: Built,
        node: Node,
        tree: Node,
        assignments: Mapping[str, Token],
        file: str,
        time_limit: Callable[[Service], float],
        overridden: frozenset[str],
    ) -> None:
        self._site = site
        self._service = built.service
        self._tokens = built.tokens
        self._node = node
        self._tree = tree
        self._assignments = assignments
        self._file = file
        self._time_limit = time_limit
        self._overridden = overridden

    def lines(self) -> Iterator[Explained]:
        """Everything, in the order in which people ask."""
        yield self._hosts()
        for name in _SERVICE_FIELDS:
            yield Explained("service", name, self._value(name), self._origin(name))
        yield from self._environment()
        for period in self._service.periods:
            yield from self._period(period)
        for name in _GLOBALS:
            yield Explained("global", name, shown(name, getattr(self._site.settings, name)), self._global_origin(name))

    def _value(self, name: str) -> str:
        """The effective value of a keyword; pymon's own have defaults that depend on others."""
        service = self._service
        if name == "timeout":
            return shown(name, self._time_limit(service))
        if name == "inprocess" and service.inprocess is None:
            return shown(name, self._site.settings.inprocess)
        return shown(name, getattr(service, name))

    def _at(self, line: int | None) -> str:
        """A place in the file."""
        return f"{self._file}:{line or 0}"

    def _hosts(self) -> Explained:
        """The hosts that the monitor is given."""
        group = self._service.group
        hostgroup = self._site.hostgroups[group]
        return Explained("hosts", group, _shown_hosts(hostgroup.hosts, self._service), self._at(hostgroup.line))

    def _origin(self, name: str) -> str:
        """Where a keyword of the service comes from."""
        token = self._tokens.get(name.upper())
        if token is not None:
            return self._at(token.line)
        if name in INHERITED:
            token = _last_before(self._tree, self._service.line, name)
            if token is not None:
                return f"{self._at(token.line)} (global)"
        if name == "timeout":
            return f"{DEFAULT} (the larger of 5m and 10 intervals)"
        return f"{self._global_origin(name)} (global)" if name == "inprocess" else DEFAULT

    def _global_origin(self, name: str) -> str:
        """Where a global variable comes from."""
        if name in self._overridden:
            return COMMAND_LINE
        token = self._assignments.get(name)
        return DEFAULT if token is None else self._at(token.line)

    def _environment(self) -> Iterator[Explained]:
        """The environment variables of the service."""
        tokens = [token for node in (self._node, *trees_of(self._node)) for token in tokens_of(node)]
        origins = {token.partition("=")[0]: token.line for token in tokens if token.type == "ENVIRONMENT"}
        for name, value in self._service.environment:
            yield Explained("service", name, mask_value(name, value), self._at(origins.get(name)))

    def _period(self, period: Period) -> Iterator[Explained]:
        """One period: when, its rules, its alerts."""
        part = f"period {period.key}".rstrip()
        node = next(node for node in trees_of(self._node) if header_of(node).line == period.line)
        origins = {token.type: token.line for token in tokens_of(node)}
        yield Explained(part, "when", shown("when", period.spec), self._at(period.line))
        for keyword, names in _RULE_FIELDS.items():
            line = origins.get(keyword.upper())
            yield Explained(part, keyword, _shown_rule(period, names), DEFAULT if line is None else self._at(line))
        for alert in period.alerts:
            condition = "" if alert.exit_range is None else f"exit={alert.exit_range} "
            yield Explained(part, alert.kind, f"{condition}{alert.command}", self._at(alert.line))


def shown(name: str, value: object) -> str:
    """A value as mon.cf would have it."""
    if value is None or (name in _UNSET and value in (0, ())):
        return _UNSET.get(name, "none" if name in DEPENDENCIES else "not set")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _TIMES and isinstance(value, float):
        return format_duration(value)
    if isinstance(value, PeriodSpec):
        return value.text or "always"
    if isinstance(value, Dependency):
        return value.text
    if isinstance(value, frozenset):
        return " ".join(sorted(str(each) for each in value)) or "none"
    if isinstance(value, tuple):
        return ":".join(str(each) for each in value) or "none"
    return str(value)


def _shown_hosts(hosts: tuple[Host, ...], service: Service) -> str:
    """The hosts, with those that are left out marked."""
    words = []
    for host in hosts:
        why = "disabled" if host.disabled else "excluded" if host.name in service.exclude_hosts else ""
        words.append(f"{host.name} ({why})" if why else host.name)
    return " ".join(words) or "none"


def _shown_rule(period: Period, names: tuple[str, ...]) -> str:
    """The value of a rule, which may have several fields."""
    if names == ("alertevery",):
        text = shown("alertevery", period.alertevery)
        return f"{text} {period.alertevery_mode}" if period.alertevery and period.alertevery_mode != "summary" else text
    if len(names) == 1:
        return shown(names[0], getattr(period, names[0]))
    forms = []
    if period.alertafter_consecutive is not None:
        forms.append(str(period.alertafter_consecutive))
    if period.alertafter_time is not None:
        count = "" if period.alertafter_count is None else f"{period.alertafter_count} "
        forms.append(f"{count}{format_duration(period.alertafter_time)}")
    return " and ".join(forms) or "the first failure"


def _programs(
    service: Service, settings: Settings, find: Callable[[str, Sequence[str], str], str | None]
) -> Iterator[Explained]:
    """The files that the monitor and the alerts are."""
    if service.monitor is not None:
        name = service.monitor.name
        yield Explained("programs", name, find(name, settings.mondir, MONITORS) or "not found", "mondir")
    alerts = [alert.command.name for period in service.periods for alert in period.alerts]
    if service.redistribute is not None:
        alerts.append(service.redistribute.name)
    for name in dict.fromkeys(alerts):
        yield Explained("programs", name, find(name, settings.alertdir, ALERTS) or "not found", "alertdir")


def _service_node(tree: Node, key: ServiceKey) -> Node:
    """The node of a service. Raises KeyError if there is none."""
    for watch in trees_of(tree):
        if watch.data == "watch" and header_of(watch).startswith(key.group):
            for node in trees_of(watch):
                if header_of(node) == key.service:
                    return node
    raise KeyError(key)


def _last_before(tree: Node, line: int, name: str) -> Token | None:
    """The last assignment of a global variable before a line."""
    found = None
    for node in (tree, *trees_of(tree)):
        for token in tokens_of(node):
            if token.type == "GLOBAL" and token.partition("=")[0].strip() == name and (token.line or 0) < line:
                found = token if found is None or (token.line or 0) > (found.line or 0) else found
    return found
