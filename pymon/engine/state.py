"""What is known of a site at one moment: frozen data, and the transitions from one such moment to the next (pure).

What is guaranteed: a ``SiteState`` is never changed, but for one thing. ``states`` and ``departed`` may be read-only
views of the owner's own tables (``pymon.engine.state_owner``), in which the owner replaces the frozen state of one
service at a time, so that a check result on a site of 10,000 services does not copy 10,000 references. Who wants to
keep a moment calls ``copied``. Everything else is replaced whole, and a SiteState that somebody holds stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pymon.core.context import SiteContext, TargetOf
from pymon.engine.plugin_lookup import Programs
from pymon.engine.requests.host_switches import with_hosts
from pymon.model.depend import ServiceKey
from pymon.model.instant import LocalTime
from pymon.model.service import Service
from pymon.model.site import Site
from pymon.model.state import ServiceState

_NO_STATES: Mapping[ServiceKey, ServiceState] = {}


@dataclass(frozen=True, slots=True)
class SiteState:
    """A site, what runs on it, and what operators have switched. Times are seconds since the epoch.

    ``states`` has each service of the site; ``departed`` has those that have left the configuration (R-debts).
    ``started`` is when the daemon started. ``host_switches`` are the hosts that clients have disabled (True) or enabled
    (False), whatever the configuration says. ``stopped_since`` is when the scheduler was stopped, None while it runs;
    if that was by the daemon's option, ``is_stopped_by_option``, the next daemon is not stopped.
    """

    site: Site
    programs: Programs
    started: float
    states: Mapping[ServiceKey, ServiceState] = field(default_factory=lambda: _NO_STATES)
    departed: Mapping[ServiceKey, ServiceState] = field(default_factory=lambda: _NO_STATES)
    disabled_watches: frozenset[str] = frozenset()
    disabled_services: frozenset[ServiceKey] = frozenset()
    host_switches: Mapping[str, bool] = field(default_factory=dict)
    stopped_since: float | None = None
    is_stopped_by_option: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether the scheduler is stopped."""
        return self.stopped_since is not None

    @property
    def disabled_hosts(self) -> frozenset[str]:
        """The hosts that clients have disabled."""
        return frozenset(host for host, is_disabled in self.host_switches.items() if is_disabled)

    @property
    def enabled_hosts(self) -> frozenset[str]:
        """The hosts that clients have enabled."""
        return frozenset(host for host, is_disabled in self.host_switches.items() if not is_disabled)

    def is_disabled(self, key: ServiceKey) -> bool:
        """Whether a client has disabled a service, or its watch."""
        return key in self.disabled_services or key.group in self.disabled_watches

    def hosts(self, group: str) -> tuple[str, ...]:
        """The hosts of a group that are not disabled."""
        return tuple(host.name for host in self.site.hosts(group) if not host.disabled)

    def context(self, target: TargetOf, local_time: LocalTime) -> SiteContext:
        """What a decision may look at besides the service that it is about."""
        return SiteContext(
            services=self.site.services,
            states=self.states,
            disabled_watches=self.disabled_watches,
            disabled_services=self.disabled_services,
            missing_alerts=self.programs.missing_alerts,
            settings=self.site.settings,
            stopped=self.is_stopped,
            started=self.started,
            target=target,
            local_time=local_time,
        )

    # Transitions

    def with_site(
        self,
        site: Site,
        programs: Programs,
        states: Mapping[ServiceKey, ServiceState],
        departed: Mapping[ServiceKey, ServiceState],
    ) -> SiteState:
        """Another site; what is neither in it nor departed is not disabled any more."""
        groups = site.watches.keys() | {key.group for key in departed}
        return replace(
            self,
            site=site,
            programs=programs,
            states=states,
            departed=departed,
            disabled_watches=self.disabled_watches & groups,
            disabled_services=self.disabled_services & (site.services.keys() | departed.keys()),
        )

    def with_programs(self, programs: Programs) -> SiteState:
        """Other programs."""
        return replace(self, programs=programs)

    def with_service(self, service: Service) -> SiteState:
        """One service declared otherwise."""
        site = self.site
        watch = site.watches[service.group]
        declared = tuple(service if each.name == service.name else each for each in watch.services)
        watches = {**site.watches, service.group: replace(watch, services=declared)}
        return replace(self, site=replace(site, services={**site.services, service.key: service}, watches=watches))

    def with_hosts_switched(self, names: Iterable[str], *, disabled: bool) -> SiteState:
        """Hosts disabled or enabled, in every group that has them."""
        switched = dict.fromkeys(names, disabled)
        hostgroups = with_hosts(self.site.hostgroups, switched.keys(), disabled=disabled)
        return replace(
            self, site=replace(self.site, hostgroups=hostgroups), host_switches={**self.host_switches, **switched}
        )

    def with_enabled_hosts_forgotten(self) -> SiteState:
        """Only what is disabled stays switched, as at a re-read of the configuration."""
        return replace(self, host_switches=dict.fromkeys(self.disabled_hosts, True))

    def with_disabled(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> SiteState:
        """Watches and services disabled."""
        return replace(
            self,
            disabled_watches=self.disabled_watches.union(watches),
            disabled_services=self.disabled_services.union(services),
        )

    def with_enabled(self, watches: Iterable[str] = (), services: Iterable[ServiceKey] = ()) -> SiteState:
        """Watches and services enabled."""
        return replace(
            self,
            disabled_watches=self.disabled_watches.difference(watches),
            disabled_services=self.disabled_services.difference(services),
        )

    def with_scheduler_stopped(self, since: float) -> SiteState:
        """The scheduler stopped by an operator; one that is stopped already has been since then."""
        stopped_since = since if self.stopped_since is None else self.stopped_since
        return replace(self, stopped_since=stopped_since, is_stopped_by_option=False)

    def with_scheduler_started(self) -> SiteState:
        """The scheduler running."""
        return replace(self, stopped_since=None, is_stopped_by_option=False)

    def with_clock_set(self, seconds: float) -> SiteState:
        """The daemon's own times so many seconds later; those of services are the owner's to shift, one by one."""
        stopped_since = None if self.stopped_since is None else self.stopped_since + seconds
        return replace(self, started=self.started + seconds, stopped_since=stopped_since)

    def copied(self) -> SiteState:
        """This moment, to be kept: with tables of its own."""
        return replace(self, states=_copy(self.states), departed=_copy(self.departed))


def _copy(table: Mapping[ServiceKey, ServiceState]) -> dict[ServiceKey, ServiceState]:
    """A table to keep. ``dict(…)`` looks up each key of a view: of 10,000 services that is 20 times slower."""
    return table.copy() if isinstance(table, dict | MappingProxyType) else dict(table)
