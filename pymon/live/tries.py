"""Which tries a configuration calls for."""

from __future__ import annotations

import ipaddress
import itertools
import os
from collections.abc import Iterator, Mapping
from functools import partial

from pymon.errors import IpvsAddressError
from pymon.executable import uses_sdk
from pymon.installed import ALERTS, MONITORS
from pymon.ipvs.address import needs_lookup, split_endpoint
from pymon.live import attempt
from pymon.live.finding import Try
from pymon.model.settings import Settings
from pymon.model.site import Site
from pymon.server.listen.addresses import places

PINGING = "fping.monitor"
ACTOR = "lvs.alert"


def list_tries(site: Site, paths: Mapping[tuple[str, str], str], environ: Mapping[str, str]) -> tuple[Try, ...]:
    """Everything that can be tried of a site.

    ``paths`` are where its programs are, by entry-point group and name; ``environ`` is what they would inherit.
    """
    return (
        *_names(site),
        *_places(site.settings),
        *_files(site.settings),
        *_programs(paths, environ),
        *_rights(site, paths, environ),
    )


def _names(site: Site) -> Iterator[Try]:
    """The hosts that monitors are given, and the names in the lines of lvs.alert."""
    names: dict[str, None] = {}
    for service in site.services.values():
        if service.monitor is not None and service.monitor.append_hosts:
            names |= dict.fromkeys(host.name for host in site.hosts(service.group) if not host.disabled)
        for period in service.periods:
            for alert in period.alerts:
                if alert.command.name.rpartition("/")[2] == ACTOR:
                    names |= dict.fromkeys(_named_servers(alert.command.arguments))
    for name in names:
        if not _is_address(name):
            yield Try("name", name, partial(attempt.look_up, name))


def _named_servers(words: tuple[str, ...]) -> Iterator[str]:
    """The names behind -V and -R."""
    for option, value in itertools.pairwise(words):
        if option in ("-V", "-R"):
            try:
                if needs_lookup(value):
                    yield split_endpoint(value)[0]
            except IpvsAddressError:
                continue


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _places(settings: Settings) -> Iterator[Try]:
    """Yield the tries of addresses that the server would listen on."""
    for place in places(settings):
        yield Try("port", str(place), partial(attempt.listen, place))


def _files(settings: Settings) -> Iterator[Try]:
    """Yield the tries of files and directories that the daemon writes."""
    yield Try("statedir", settings.statedir, partial(attempt.write_state, settings.statedir))
    yield Try("logdir", settings.logdir, partial(attempt.write_into, settings.logdir))
    files = {
        "historicfile": settings.historicfile,
        "dtlogfile": settings.dtlogfile if settings.dtlogging else "",
        "monerrfile": settings.monerrfile if settings.monerrfile != os.devnull else "",
        "pidfile": settings.pidfile or "",
    }
    for name, path in files.items():
        if path:
            yield Try(name, path, partial(attempt.write_to, path))


def _programs(paths: Mapping[tuple[str, str], str], environ: Mapping[str, str]) -> Iterator[Try]:
    """Programs of others, and what runs them; those of the SDK run under our own interpreter."""
    for (_, name), path in paths.items():
        if path.startswith("/") and not uses_sdk(path):
            yield Try("interpreter", name, partial(attempt.read_script, path, environ.get("PATH", os.defpath)))


def _rights(site: Site, paths: Mapping[tuple[str, str], str], environ: Mapping[str, str]) -> Iterator[Try]:
    """Yield the tries of what needs special rights: ping and IPVS."""
    if uses_sdk(paths.get((MONITORS, PINGING), "")):
        yield Try("ping", PINGING, attempt.open_ping_socket)
    if uses_sdk(paths.get((ALERTS, ACTOR), "")):
        for own in dict.fromkeys(
            service.environment
            for service in site.services.values()
            if any(alert.command.name == ACTOR for period in service.periods for alert in period.alerts)
        ):
            surroundings = {**environ, **dict(own)}
            if surroundings.get("PYMON_IPVS") != "memory":
                yield Try("ipvs", ACTOR, partial(attempt.read_ipvs, surroundings))
                return
