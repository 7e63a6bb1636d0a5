"""The effective values of one service, and where each comes from. Pure: it looks at what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lark import Token

from pymon.config.build_service import BuiltService
from pymon.config.explained_values import format_period
from pymon.config.keyword import Inheritance, Keyword
from pymon.config.keywords import PERIOD_KEYWORDS, SERVICE_KEYWORDS, VARIABLES
from pymon.config.tree import Node, header_of, tokens_of, trees_of
from pymon.config.value_types import ALERT
from pymon.installed import ALERTS, MONITORS
from pymon.model.depend import ServiceKey
from pymon.model.service import DeclaredHost, Period, Service
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.redaction.command_words import mask_value

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Explained:
    """One effective value.

    ``part`` is ``hosts``, ``service``, ``period KEY``, ``global`` or ``programs``. ``origin`` is where the value comes
    from: ``FILE:LINE`` or ``default``.
    """

    part: str
    name: str
    value: str
    origin: str


def explain(
    site: Site,
    built: Mapping[ServiceKey, BuiltService],
    tree: Node,
    assignments: Mapping[str, Token],
    key: ServiceKey,
    *,
    file: str,
    find: Callable[[str, Sequence[str], str], str | None],
    time_limit: Callable[[Service], float],
) -> tuple[Explained, ...]:
    """Explain one service. Raises KeyError if there is no service of that name.

    ``find`` looks a program up in some directories and an entry-point group, ``time_limit`` is the rule for how long a
    check may take.
    """
    view = _Explanation(site, built[key], _service_node(tree, built[key].service), tree, assignments, file, time_limit)
    return (*view.lines(), *_programs(built[key].service, site.settings, find))


class _Explanation:
    """The context in which one service is explained."""

    def __init__(
        self,
        site: Site,
        built: BuiltService,
        node: Node,
        tree: Node,
        assignments: Mapping[str, Token],
        file: str,
        time_limit: Callable[[Service], float],
    ) -> None:
        self._site = site
        self._service = built.service
        self._tokens = built.tokens
        self._node = node
        self._tree = tree
        self._assignments = assignments
        self._file = file
        self._time_limit = time_limit

    def lines(self) -> Iterator[Explained]:
        """Everything, in the order in which people ask."""
        yield self._hosts()
        for keyword in SERVICE_KEYWORDS.values():
            yield Explained("service", keyword.name, self._value(keyword), self._origin(keyword))
        yield from self._environment()
        for period in self._service.periods:
            yield from self._period(period)
        for keyword in VARIABLES.values():
            if keyword.explained:
                value = keyword.explain(*keyword.values_of(self._site.settings))
                yield Explained("global", keyword.name, value, self._global_origin(keyword))

    def _value(self, keyword: Keyword) -> str:
        """The effective value of a keyword: its own, or what counts where it is not given."""
        values = keyword.values_of(self._service)
        if values[0] is None and keyword.derived:
            return keyword.explain(self._time_limit(self._service))
        if values[0] is None and keyword.inherits is Inheritance.LAST:
            return keyword.explain(*keyword.values_of(self._site.settings))
        return keyword.explain(*values)

    def _at(self, line: int | None) -> str:
        """A place in the file."""
        return f"{self._file}:{line or 0}"

    def _hosts(self) -> Explained:
        """The hosts that the monitor is given."""
        group = self._service.group
        hostgroup = self._site.hostgroups[group]
        return Explained("hosts", group, _format_hosts(hostgroup.hosts, self._service), self._at(hostgroup.line))

    def _origin(self, keyword: Keyword) -> str:
        """Where a keyword of the service comes from."""
        token = self._tokens.get(keyword.terminal)
        if token is not None:
            return self._at(token.line)
        if keyword.inherits is Inheritance.EARLIER:
            token = _last_before(self._tree, self._service.line, keyword.name)
            if token is not None:
                return f"{self._at(token.line)} (global)"
        if keyword.inherits is Inheritance.LAST:
            return f"{self._global_origin(keyword)} (global)"
        return f"{DEFAULT} ({keyword.derived})" if keyword.derived else DEFAULT

    def _global_origin(self, keyword: Keyword) -> str:
        """Where the global variable of a keyword's name comes from."""
        token = self._assignments.get(keyword.name)
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
        yield Explained(part, "when", format_period(period.spec), self._at(period.line))
        for keyword in PERIOD_KEYWORDS.values():
            if keyword.type is not ALERT:
                line = origins.get(keyword.terminal)
                value = keyword.explain(*keyword.values_of(period))
                yield Explained(part, keyword.name, value, DEFAULT if line is None else self._at(line))
        for alert in period.alerts:
            condition = "" if alert.exit_range is None else f"exit={alert.exit_range} "
            yield Explained(part, alert.kind, f"{condition}{alert.command}", self._at(alert.line))


def _format_hosts(hosts: tuple[DeclaredHost, ...], service: Service) -> str:
    """The hosts, with those that are left out marked."""
    words = []
    for host in hosts:
        why = "disabled" if host.disabled else "excluded" if host.name in service.exclude_hosts else ""
        words.append(f"{host.name} ({why})" if why else host.name)
    return " ".join(words) or "none"


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


def _service_node(tree: Node, service: Service) -> Node:
    """The node of a service, which is the one at its line."""
    nodes = (node for watch in trees_of(tree) if watch.data == "watch" for node in trees_of(watch))
    return next(node for node in nodes if header_of(node).line == service.line)


def _last_before(tree: Node, line: int, name: str) -> Token | None:
    """The last assignment of a global variable before a line."""
    found = None
    for node in (tree, *trees_of(tree)):
        for token in tokens_of(node):
            if token.type == "GLOBAL" and token.partition("=")[0].strip() == name and (token.line or 0) < line:
                found = token if found is None or (token.line or 0) > (found.line or 0) else found
    return found
