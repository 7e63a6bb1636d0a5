"""The monitors and alerts that a site names, looked up once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pymon.model.site import Site
from pymon.runner.registry import PluginFile, scan

log = logging.getLogger("pymon.engine")


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs by the names that mon.cf uses. ``missing_alerts`` are named by the site and in no directory."""

    monitors: Mapping[str, PluginFile]
    alerts: Mapping[str, PluginFile]
    missing_alerts: frozenset[str]


def find_programs(site: Site) -> Programs:
    """Look up what the site names in mondir and alertdir; what is not there is logged."""
    wanted_monitors = {service.monitor.name for service in site.services.values() if service.monitor is not None}
    wanted_alerts = {
        alert.command.name
        for service in site.services.values()
        for period in service.periods
        for alert in period.alerts
    } | {service.redistribute.name for service in site.services.values() if service.redistribute is not None}
    monitors = _found(wanted_monitors, scan(site.settings.mondir, wanted_monitors), "monitor", site.settings.mondir)
    alerts = _found(wanted_alerts, scan(site.settings.alertdir, wanted_alerts), "alert", site.settings.alertdir)
    return Programs(monitors, alerts, frozenset(wanted_alerts - alerts.keys()))


def _found(
    wanted: set[str], known: Mapping[str, PluginFile], kind: str, directories: tuple[str, ...]
) -> dict[str, PluginFile]:
    found = {name: known[name] for name in wanted if name in known}
    for name in sorted(wanted - found.keys()):
        log.error("no %s %r in %s", kind, name, ":".join(directories))
    return found
