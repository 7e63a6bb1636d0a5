"""The monitors and alerts that a site names, looked up once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pymon.executable import examine, search
from pymon.installed import ALERTS, MONITORS
from pymon.model.settings import Settings
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


class Lookup(NamedTuple):
    """The programs that are known after some were looked up; ``problems`` says of each that cannot be had why."""

    programs: Programs
    problems: tuple[str, ...] = ()


def find_programs(site: Site, before: Programs | None = None, also: Collection[str] = ()) -> Programs:
    """Look up what the site names in mondir and alertdir and among what installed packages offer.

    What is nowhere is logged, and of a plugin that hides others of its name which these are; not again what was so
    ``before``. ``also`` are alerts that are owed (R-debts), whether the site names them or not.
    """
    wanted_monitors = {service.monitor.name for service in site.services.values() if service.monitor is not None}
    wanted_alerts = {
        alert.command.name
        for service in site.services.values()
        for period in service.periods
        for alert in period.alerts
    } | {service.redistribute.name for service in site.services.values() if service.redistribute is not None}
    wanted_alerts |= set(also)
    mondir, alertdir = site.settings.mondir, site.settings.alertdir
    monitors = _select_known(wanted_monitors, scan(mondir, wanted_monitors, group=MONITORS), "monitor", mondir)
    alerts = _select_known(wanted_alerts, scan(alertdir, wanted_alerts, group=ALERTS), "alert", alertdir)
    _log_shadows(monitors, before.monitors if before else {})
    _log_shadows(alerts, before.alerts if before else {})
    obstacles = {name: search(name, mondir).obstacle for name in wanted_monitors - monitors.keys()}
    return Programs(monitors, alerts, frozenset(wanted_alerts - alerts.keys()), obstacles)


def look_up(
    settings: Settings, known: Programs, *, monitors: Collection[str] = (), alerts: Collection[str] = ()
) -> Lookup:
    """Look up programs that a client names; those found are added to the ones known, the others change nothing.

    One that is known already is looked for again only if its file is gone. Importing plugins takes its time: call it
    outside the event loop.
    """
    new_monitors, no_monitors = _look_up_kind("monitor", monitors, known.monitors, settings.mondir, MONITORS)
    new_alerts, no_alerts = _look_up_kind("alert", alerts, known.alerts, settings.alertdir, ALERTS)
    programs = replace(
        known,
        monitors={**known.monitors, **new_monitors},
        alerts={**known.alerts, **new_alerts},
        missing_alerts=known.missing_alerts - new_alerts.keys(),
        obstacles={name: why for name, why in known.obstacles.items() if name not in new_monitors},
    )
    return Lookup(programs, (*no_monitors, *no_alerts))


def _look_up_kind(
    kind: str, names: Collection[str], known: Mapping[str, PluginFile], directories: tuple[str, ...], group: str
) -> tuple[Mapping[str, PluginFile], list[str]]:
    """Those that are found and new, and what is wrong with the others."""
    wanted = {name for name in names if name not in known or not _exists(known[name])}
    found = scan(directories, wanted, group=group)
    return found, [_explain_absence(kind, name, directories) for name in sorted(wanted - found.keys())]


def _exists(file: PluginFile) -> bool:
    return file.offer is not None or bool(examine(file.path).path)


def _explain_absence(kind: str, name: str, directories: tuple[str, ...]) -> str:
    """Why a program that was looked for is not to be had."""
    obstacle = search(name, directories).obstacle
    if obstacle:
        return f"{kind} {name!r} cannot be run: {obstacle}"
    return f"no {kind} {name!r} in {':'.join(directories)}"


def _select_known(
    wanted: set[str], known: Mapping[str, PluginFile], kind: str, directories: tuple[str, ...]
) -> dict[str, PluginFile]:
    found = {name: known[name] for name in wanted if name in known}
    for name in sorted(wanted - found.keys()):
        log.error("%s", _explain_absence(kind, name, directories))
    return found


def _log_shadows(found: Mapping[str, PluginFile], before: Mapping[str, PluginFile]) -> None:
    for name, file in sorted(found.items()):
        known = before.get(name)
        if file.hides and not (known and (known.origin, known.hides) == (file.origin, file.hides)):
            log.info("%s is %s, which hides %s", name, file.origin, " and ".join(file.hides))
