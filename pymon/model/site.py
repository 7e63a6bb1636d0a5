"""One whole configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pymon.model.depend import ServiceKey
from pymon.model.service import Alias, DeclaredHost, Hostgroup, Service, View, Watch
from pymon.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Site:
    """What a mon.cf says, checked and typed. The mappings keep the order of the file; treat them as read-only."""

    settings: Settings = field(default_factory=Settings)
    hostgroups: Mapping[str, Hostgroup] = field(default_factory=dict)
    watches: Mapping[str, Watch] = field(default_factory=dict)
    services: Mapping[ServiceKey, Service] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    aliases: Mapping[str, Alias] = field(default_factory=dict)

    def hosts(self, group: str) -> tuple[DeclaredHost, ...]:
        """The hosts of a group, disabled ones included; empty for an unknown group."""
        hostgroup = self.hostgroups.get(group)
        return hostgroup.hosts if hostgroup else ()
