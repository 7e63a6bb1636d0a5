"""Hosts that clients switch off and on: pure functions on hostgroups. Names are literal, and not patterns (E-hosts)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from pymon.model.service import Hostgroup
from pymon.model.site import Site


def with_hosts(
    hostgroups: Mapping[str, Hostgroup], names: Collection[str], *, disabled: bool
) -> Mapping[str, Hostgroup]:
    """The groups with these hosts disabled, or enabled, in each group that has them."""
    return {name: _switch(group, names, disabled) for name, group in hostgroups.items()}


def unknown_hosts(hostgroups: Mapping[str, Hostgroup], names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are in no group, in their order."""
    known = {host.name for group in hostgroups.values() for host in group.hosts}
    return tuple(name for name in names if name not in known)


def groups_of(hostgroups: Mapping[str, Hostgroup], names: Iterable[str]) -> tuple[str, ...]:
    """The groups that have at least one of these hosts."""
    wanted = frozenset(names)
    return tuple(group.name for group in hostgroups.values() if any(host.name in wanted for host in group.hosts))


def sole_watches(site: Site) -> Mapping[str, list[str]]:
    """host → the watches whose group has it and no other host: they are switched with it, as in mon."""
    found: dict[str, list[str]] = {}
    for group in site.watches:
        hosts = site.hosts(group)
        if len(hosts) == 1:
            found.setdefault(hosts[0].name, []).append(group)
    return found


def _switch(group: Hostgroup, names: Collection[str], disabled: bool) -> Hostgroup:
    if not any(host.name in names and host.disabled is not disabled for host in group.hosts):
        return group
    hosts = tuple(replace(host, disabled=disabled) if host.name in names else host for host in group.hosts)
    return replace(group, hosts=hosts)
