"""An IPVS table in memory, with the face and the errors of the kernel's, for machines without IPVS.

It forwards nothing: ``pymon demo`` and tests use it to show and check what would stand in the kernel.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from pymon.errors import IpvsError, IpvsNoServer, IpvsNoService, IpvsServerExists
from pymon.ipvs.model import (
    MAX_WEIGHT,
    Address,
    Connections,
    Forwarding,
    Info,
    Listed,
    RealServer,
    TableSnapshot,
    Virtual,
    VirtualService,
    family_of,
)

INFO = Info(version=(1, 2, 1), connection_table_size=4096)
"""what a current kernel says"""


@dataclass(slots=True)
class _Entry:
    service: VirtualService
    servers: dict[tuple[Address, int], RealServer] = field(default_factory=dict)


class MemoryTable:
    """A table in memory. Safe for several threads. Raises IpvsNoService and its kin as the kernel's table does."""

    name = "memory"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Virtual, _Entry] = {}

    def close(self) -> None:
        """Nothing to give back; the table stays as it is."""

    def info(self) -> Info:
        """The answer that a kernel would give."""
        return INFO

    def snapshot(self) -> TableSnapshot:
        """The whole table, at one instant."""
        with self._lock:
            return TableSnapshot(INFO, tuple(_to_listed(entry) for entry in self._entries.values()))

    def find_service(self, virtual: Virtual, at: Collection[Address] | None = None) -> Listed:
        """One virtual service with its real servers, all or those at some addresses. Raises IpvsNoService."""
        with self._lock:
            listed = _to_listed(self._entry(virtual))
        if at is None:
            return listed
        return Listed(listed.service, tuple(server for server in listed.servers if server.address in at))

    def add_server(self, virtual: Virtual, server: RealServer) -> None:
        """Put a real server in. Raises IpvsNoService and IpvsServerExists."""
        with self._lock:
            servers = self._entry(virtual).servers
            _check(virtual, server)
            if server.endpoint in servers:
                raise IpvsServerExists(f"{server} is in {virtual} already")
            servers[server.endpoint] = replace(server, connections=Connections())

    def edit_server(self, virtual: Virtual, server: RealServer) -> None:
        """Give a real server another weight, method or thresholds. Raises IpvsNoService and IpvsNoServer."""
        with self._lock:
            servers = self._entry(virtual).servers
            _check(virtual, server)
            standing = servers.get(server.endpoint)
            if standing is None:
                raise IpvsNoServer(f"{server} is not in {virtual}")
            servers[server.endpoint] = replace(server, connections=standing.connections)

    def remove_server(self, virtual: Virtual, server: RealServer) -> None:
        """Take a real server out. Raises IpvsNoService and IpvsNoServer."""
        with self._lock:
            if self._entry(virtual).servers.pop(server.endpoint, None) is None:
                raise IpvsNoServer(f"{server} is not in {virtual}")

    def add_service(self, service: VirtualService) -> None:
        """Put a virtual service in, without real servers."""
        with self._lock:
            if service.identity in self._entries:
                raise IpvsError(f"{service} cannot be added: it is in the table already")
            self._entries[service.identity] = _Entry(service)

    def edit_service(self, service: VirtualService) -> None:
        """Change a virtual service; its real servers stay. Raises IpvsNoService."""
        with self._lock:
            self._entry(service.identity).service = service

    def remove_service(self, virtual: Virtual) -> None:
        """Take a virtual service out with its real servers. Raises IpvsNoService."""
        with self._lock:
            self._entry(virtual)
            del self._entries[virtual]

    def flush(self) -> None:
        """Empty the table."""
        with self._lock:
            self._entries.clear()

    def setting(self, name: str) -> int | None:  # the face of the kernel's table
        """A table in memory has no settings."""
        return None

    def _entry(self, virtual: Virtual) -> _Entry:
        try:
            return self._entries[virtual]
        except KeyError:
            raise IpvsNoService(f"there is no virtual service {virtual} in the IPVS table") from None


def _to_listed(entry: _Entry) -> Listed:
    return Listed(entry.service, tuple(entry.servers.values()))


def _check(virtual: Virtual, server: RealServer) -> None:
    """Refuse what the kernel refuses, and as it does: before it looks whether the server is there."""
    if family_of(server.address) != virtual.family and server.forwarding is not Forwarding.TUN:
        raise IpvsError(f"{server} cannot stand in {virtual}: only a tunnel leads into the other address family")
    if not 0 <= server.weight <= MAX_WEIGHT or not 0 <= server.lower <= server.upper <= 2**32 - 1:
        raise IpvsError(f"{server} cannot have weight {server.weight}, thresholds {server.upper} and {server.lower}")
