"""Plans the changes by which a real server stands in a virtual service as wished. Pure.

The rules, by wish:

    Present    not there → Add; there with another weight or method → Edit; there as wished → nothing
    Absent     there → Remove; not there → nothing
    Quiesced   there with a weight → Edit to weight 0; there with weight 0, or not there → nothing

An Edit keeps what the wish does not speak of: connection thresholds, and a tunnel's kind. A real server reached by
direct routing or tunnel gets its packets with the port of the virtual service, so that port is its port in the table
(as ipvsadm does it, too): another one that was asked for is corrected, with a warning. Services of a firewall mark
have no port, and there every port stays as asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pymon.ipvs.model import Address, Connections, Forwarding, Listed, RealServer, Virtual, show_endpoint


@dataclass(frozen=True, slots=True)
class Present:
    """This real server shall stand in the table, with this weight and method."""

    address: Address
    port: int
    forwarding: Forwarding = Forwarding.DR
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Absent:
    """No such real server shall stand in the table. ``forwarding`` only decides which port it has there."""

    address: Address
    port: int
    forwarding: Forwarding = Forwarding.DR


@dataclass(frozen=True, slots=True)
class Quiesced:
    """The real server shall get no new connections; those that it has go on."""

    address: Address
    port: int
    forwarding: Forwarding = Forwarding.DR


Wish = Present | Absent | Quiesced


@dataclass(frozen=True, slots=True)
class Add:
    """Put a real server in."""

    server: RealServer


@dataclass(frozen=True, slots=True)
class Edit:
    """Change one that is there: ``was`` is how it stands, ``server`` how it shall."""

    server: RealServer
    was: RealServer


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a real server out."""

    server: RealServer


Operation = Add | Edit | Remove


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, why (a sentence for each wish, at least), and what the user should know (``warnings``)."""

    operations: tuple[Operation, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan(listed: Listed, wishes: Iterable[Wish]) -> Plan:
    """The operations that make ``wishes`` true in a virtual service; each wish sees what those before it left."""
    servers = {server.endpoint: server for server in listed.servers}
    operations: list[Operation] = []
    reasons: list[str] = []
    warnings: list[str] = []
    for wish in wishes:
        current = Listed(listed.service, tuple(servers.values()))
        step = plan_one(current, wish)
        operations += step.operations
        reasons += step.reasons
        warnings += step.warnings
        servers = {server.endpoint: server for server in apply(current.servers, step.operations)}
    return Plan(tuple(operations), tuple(reasons), tuple(warnings))


def plan_one(listed: Listed, wish: Wish) -> Plan:
    """The operations that make one wish true."""
    match wish:
        case Present():
            return _plan_present(listed, wish)
        case Absent():
            return _plan_absent(listed, wish)
        case Quiesced():
            return _plan_quiesced(listed, wish)


def apply(servers: Sequence[RealServer], operations: Iterable[Operation]) -> tuple[RealServer, ...]:
    """How the real servers of a service stand after the operations, in the order of the table."""
    standing = {server.endpoint: server for server in servers}
    for operation in operations:
        if isinstance(operation, Remove):
            standing.pop(operation.server.endpoint, None)
        else:
            standing[operation.server.endpoint] = operation.server
    return tuple(standing.values())


def port_in_table(virtual: Virtual, port: int, forwarding: Forwarding) -> int:
    """The port under which a real server stands in the table (the module's header says why)."""
    return virtual.port if forwarding.keeps_port and virtual.port else port


def _plan_present(listed: Listed, wish: Present) -> Plan:
    virtual = listed.service.identity
    port = port_in_table(virtual, wish.port, wish.forwarding)
    warnings = () if port == wish.port else (_port_warning(wish, virtual),)
    standing = listed.server(wish.address, port)
    if standing is None:
        server = RealServer(wish.address, port, wish.forwarding, wish.weight)
        text = f"added {server} to {listed.service} ({_format_terms(server)})"
        return Plan((Add(server),), (text,), warnings)
    server = replace(standing, forwarding=wish.forwarding, weight=wish.weight)
    if server == standing:
        return Plan((), (f"{server} is already in {listed.service} ({_format_terms(server)})",), warnings)
    text = f"changed {server} in {listed.service} from {_format_terms(standing)} to {_format_terms(server)}"
    return Plan((Edit(server, standing),), (text,), warnings)


def _plan_absent(listed: Listed, wish: Absent) -> Plan:
    standing = _find_entries(listed, wish)
    if not standing:
        return Plan((), (f"{_format_real(wish)} is already gone from {listed.service}",))
    reasons = (
        f"removed {server} from {listed.service}{_format_connections(server.connections)}" for server in standing
    )
    return Plan(tuple(Remove(server) for server in standing), tuple(reasons))


def _plan_quiesced(listed: Listed, wish: Quiesced) -> Plan:
    standing = _find_entries(listed, wish)
    if not standing:
        return Plan((), (f"{_format_real(wish)} is not in {listed.service}: nothing to quiesce",))
    operations = (Edit(replace(server, weight=0), server) for server in standing if server.weight)
    return Plan(tuple(operations), tuple(_describe_quiesced(listed, server) for server in standing))


def _describe_quiesced(listed: Listed, server: RealServer) -> str:
    if server.weight == 0:
        return f"{server} is already quiesced in {listed.service}"
    return (
        f"quiesced {server} in {listed.service} (weight {server.weight} to 0){_format_connections(server.connections)}"
    )


def _find_entries(listed: Listed, wish: Absent | Quiesced) -> list[RealServer]:
    """The entries that a wish to be rid of one means: the one at its very port, and that at the port its method gives.

    The first counts whatever its method, since a line that removes may well leave the method out.
    """
    exact = listed.server(wish.address, wish.port)
    moved = listed.server(wish.address, port_in_table(listed.service.identity, wish.port, wish.forwarding))
    found = [exact, moved if moved is not exact and moved is not None and moved.forwarding.keeps_port else None]
    return [server for server in found if server is not None]


def _format_real(wish: Wish) -> str:
    return show_endpoint(wish.address, wish.port)


def _format_terms(server: RealServer) -> str:
    return f"{server.forwarding.word}, weight {server.weight}"


def _format_connections(connections: Connections | None) -> str:
    """How many connections it had, if any."""
    if connections is None or not connections.active:
        return ""
    return f" ({connections.active} active connection{'s' if connections.active > 1 else ''})"


def _port_warning(wish: Present, virtual: Virtual) -> str:
    return (
        f"{_format_real(wish)}: with {wish.forwarding.word} a real server is reached at the port of the virtual"
        f" service, {virtual.port}, not {wish.port} (only nat changes ports)"
    )
