"""What survives a re-read of the configuration: pure comparison of what was declared with what is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pymon.core.outages import with_periods
from pymon.model.depend import ServiceKey
from pymon.model.site import Site
from pymon.model.state import ServiceState


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """The outcome of comparing two sites.

    ``states`` is the state of each service of the new site. ``unchanged`` keep their timers and their checks
    under way; ``changed`` keep their state but start over with their timers; ``added`` and ``removed`` speak
    for themselves.
    """

    states: Mapping[ServiceKey, ServiceState]
    unchanged: frozenset[ServiceKey]
    changed: frozenset[ServiceKey]
    added: frozenset[ServiceKey]
    removed: frozenset[ServiceKey]


def carry_over(old: Site, new: Site, states: Mapping[ServiceKey, ServiceState]) -> CarriedOver:
    """Compare two sites, service by service.

    A service is unchanged when its record and its hosts are equal (its line in the file does not count).
    As mon's reset with keepstate does, a changed service keeps status, counters and acknowledgement; the
    counters of periods that it no longer has are dropped, and failure_interval is applied anew.
    """
    unchanged = frozenset(
        key
        for key, service in new.services.items()
        if old.services.get(key) == service and old.hosts(key.group) == new.hosts(key.group)
    )
    carried: dict[ServiceKey, ServiceState] = {}
    for key, service in new.services.items():
        state = states.get(key)
        if state is None:
            carried[key] = ServiceState()
        elif key in unchanged:
            carried[key] = state
        else:
            carried[key] = replace(
                with_periods(state, {period.key for period in service.periods}),
                failure_interval_active=state.failure_interval_active and service.failure_interval is not None,
            )
    return CarriedOver(
        states=carried,
        unchanged=unchanged,
        changed=frozenset(new.services.keys() & old.services.keys()) - unchanged,
        added=frozenset(new.services.keys() - old.services.keys()),
        removed=frozenset(old.services.keys() - new.services.keys()),
    )
