"""A table written out: as ``ipvsadm -L -n`` prints it, and as data for JSON. Pure."""

from __future__ import annotations

from ipaddress import IPv4Network
from socket import AF_INET6

from pymon.ipvs.model import Address, Forwarding, Listed, Marked, RealServer, ServiceFlag, TableSnapshot, VirtualService

_METHODS = {
    Forwarding.NAT: "Masq",
    Forwarding.LOCAL: "Local",
    Forwarding.TUN: "Tunnel",
    Forwarding.DR: "Route",
    Forwarding.BYPASS: "Bypass",
}
_SCHEDULER_FLAGS = (ServiceFlag.SCHED1, ServiceFlag.SCHED2, ServiceFlag.SCHED3)
_FLAG_NAMES = {
    ("sh", ServiceFlag.SCHED1): "sh-fallback",
    ("sh", ServiceFlag.SCHED2): "sh-port",
    ("mh", ServiceFlag.SCHED1): "mh-fallback",
    ("mh", ServiceFlag.SCHED2): "mh-port",
}


def listing(snapshot: TableSnapshot) -> str:
    """The table as ``ipvsadm -L -n`` prints it, to the byte; ends in a newline."""
    version = ".".join(str(part) for part in snapshot.info.version)
    lines = [
        f"IP Virtual Server version {version} (size={snapshot.info.connection_table_size})",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
    ]
    for listed in sort_services(snapshot.services):
        lines.append(service_line(listed.service))
        lines.extend(server_line(server) for server in listed.servers)
    return "\n".join(lines) + "\n"


def sort_services(services: tuple[Listed, ...]) -> list[Listed]:
    """Services and their real servers in the order of ipvsadm: by mark, family, protocol, address, port."""
    return [
        Listed(listed.service, tuple(sorted(listed.servers, key=_server_order)))
        for listed in sorted(services, key=_service_order)
    ]


def service_line(service: VirtualService) -> str:
    """``TCP  10.0.0.100:80 wlc persistent 300 mask 255.255.255.0``."""
    kind, _, rest = str(service.identity).partition(" ")
    words = [f"{kind:<4}", rest, service.scheduler]
    names = flag_names(service)
    if names:
        words.append(f"({','.join(names)})")
    if service.persistence is not None:
        words.append(f"persistent {service.persistence}")
        if service.prefix is not None and service.prefix != service.full_prefix:
            words.append(f"mask {mask(service)}")
        if service.engine:
            words.append(f"pe {service.engine}")
    if service.onepacket:
        words.append("ops")
    return " ".join(words)


def server_line(server: RealServer) -> str:
    """``  -> 10.0.0.1:80                  Route   100    0          0`` and blanks after it, as ipvsadm prints them."""
    connections = server.connections
    active, inactive = (connections.active, connections.inactive) if connections else (0, 0)
    return f"  -> {server!s:<28} {_METHODS[server.forwarding]:<7} {server.weight:<6} {active:<10} {inactive:<10}"


def flag_names(service: VirtualService) -> list[str]:
    """The names of the scheduler's flags, as ``ipvsadm -b`` takes them."""
    return [
        _FLAG_NAMES.get((service.scheduler, flag), f"flag-{number}")
        for number, flag in enumerate(_SCHEDULER_FLAGS, 1)
        if service.scheduler_flags & flag
    ]


def mask(service: VirtualService) -> str:
    """The persistence mask as ``ipvsadm -M`` takes it: a netmask, or the prefix length of IPv6."""
    prefix = service.full_prefix if service.prefix is None else service.prefix
    if service.identity.family == AF_INET6:
        return str(prefix)
    return str(IPv4Network((0, prefix)).netmask)


def as_data(snapshot: TableSnapshot) -> dict[str, object]:
    """The table as plain data, for JSON. Persistence is in seconds; what does not apply is null."""
    return {
        "version": ".".join(str(part) for part in snapshot.info.version),
        "connection_table_size": snapshot.info.connection_table_size,
        "services": [_service_data(listed) for listed in sort_services(snapshot.services)],
    }


def _service_data(listed: Listed) -> dict[str, object]:
    service, identity = listed.service, listed.service.identity
    is_mark = isinstance(identity, Marked)
    return {
        "protocol": None if isinstance(identity, Marked) else identity.protocol.word,
        "address": None if isinstance(identity, Marked) else str(identity.address),
        "port": None if is_mark else identity.port,
        "fwmark": identity.mark if isinstance(identity, Marked) else None,
        "family": "ipv6" if identity.family == AF_INET6 else "ipv4",
        "scheduler": service.scheduler,
        "scheduler_flags": flag_names(service),
        "persistent": service.persistence,
        "persistence_mask": None if service.persistence is None else mask(service),
        "persistence_engine": service.engine or None,
        "one_packet": service.onepacket,
        "servers": [_server_data(server) for server in listed.servers],
    }


def _server_data(server: RealServer) -> dict[str, object]:
    connections = server.connections
    return {
        "address": str(server.address),
        "port": server.port,
        "forwarding": server.forwarding.word,
        "tunnel": server.tunnel.kind.name.lower() if server.forwarding is Forwarding.TUN else None,
        "weight": server.weight,
        "upper_threshold": server.upper,
        "lower_threshold": server.lower,
        "active_connections": connections.active if connections else None,
        "inactive_connections": connections.inactive if connections else None,
        "persistent_connections": connections.persistent if connections else None,
    }


def _service_order(listed: Listed) -> tuple[int, int, int, bytes, int]:
    identity = listed.service.identity
    if isinstance(identity, Marked):
        return identity.mark, identity.family, 0, b"", 0
    return 0, identity.family, identity.protocol.value, _pack(identity.address), identity.port


def _server_order(server: RealServer) -> tuple[bytes, int]:
    return _pack(server.address), server.port


def _pack(address: Address) -> bytes:
    """An address as the kernel keeps it, both families in 16 bytes: that is what ipvsadm compares."""
    return address.packed.ljust(16, b"\0")
