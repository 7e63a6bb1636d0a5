"""The monitors and alerts that a site names, looked up once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from pymon.executable import search
from pymon.installed import ALERTS, MONITORS
from pymon.model.site import Site
from pymon.runner.registry import PluginFile, scan

log = logging.getLogger("pymon.engine")


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs by the names that mon.cf uses. ``missing_alerts`` are named by the site and in no directory.

    ``obstacles`` are why monitors that are in a directory cannot be run, by their names.
    """

    monitors: Mapping[str, PluginFile]
    alerts: Mapping[str, PluginFile]
    missing_alerts: frozenset[str]
    obstacles: Mapping[str, str] = field(default_factory=dict)


def find_programs(site: Site, before: Programs | None = None) -> Programs:
    """Look up what the site names in mondir and alertdir and among what installed packages offer.

    What is nowhere is logged, and of a plugin that hides others of its name which these are; not again what was so
    ``before``.
    """
    wanted_monitors = {service.monitor.name for service in site.services.values() if service.monitor is not None}
    wanted_alerts = {
        alert.command.name
        for service in site.services.values()
        for period in service.periods
        for alert in period.alerts
    } | {service.redistribute.name for service in site.services.values() if service.redistribute is not None}
    mondir, alertdir = site.settings.mondir, site.settings.alertdir
    monitors = _found(wanted_monitors, scan(mondir, wanted_monitors, group=MONITORS), "monitor", mondir)
    alerts = _found(wanted_alerts, scan(alertdir, wanted_alerts, group=ALERTS), "alert", alertdir)
    _tell_of_shadows(monitors, before.monitors if before else {})
    _tell_of_shadows(alerts, before.alerts if before else {})
    obstacles = {name: search(name, mondir).obstacle for name in wanted_monitors - monitors.keys()}
    return Programs(monitors, alerts, frozenset(wanted_alerts - alerts.keys()), obstacles)


def _found(
    wanted: set[str], known: Mapping[str, PluginFile], kind: str, directories: tuple[str, ...]
) -> dict[str, PluginFile]:
    found = {name: known[name] for name in wanted if name in known}
    for name in sorted(wanted - found.keys()):
        obstacle = search(name, directories).obstacle
        if obstacle:
            log.error("%s %r cannot be run: %s", kind, name, obstacle)
        else:
            log.error("no %s %r in %s", kind, name, ":".join(directories))
    return found


def _tell_of_shadows(found: Mapping[str, PluginFile], before: Mapping[str, PluginFile]) -> None:
    for name, file in sorted(found.items()):
        known = before.get(name)
        if file.hides and not (known and (known.origin, known.hides) == (file.origin, file.hides)):
            log.info("%s is %s, which hides %s", name, file.origin, " and ".join(file.hides))
