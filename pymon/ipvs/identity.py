"""The identity of what a change of the table acts upon: the same text for the same real server, in any spelling.

``text_identity`` is what the text itself says: no name is looked up. ``table_entries`` is what stands in the table,
once the addresses are known. Both write a real server as ``TCP 10.0.0.100:80 10.0.0.1:80``, so they agree where
nothing had to be looked up.
"""

from __future__ import annotations

from pymon.hostname import host_name
from pymon.ipvs.address import (
    known_ports,
    mark_family,
    numeric_address,
    parse_mark,
    port_number,
    split_endpoint,
)
from pymon.ipvs.model import Address, Forwarding, Protocol, Virtual, show_endpoint
from pymon.ipvs.plan import port_in_table


def text_identity(virtual: str, real: str, protocol: Protocol) -> str:
    """Return what a call acts upon, by its text: names of hosts are compared as such.

    Names of ports are numbers if /etc/services has them. Raises IpvsAddressError.
    """
    marked = parse_mark(virtual, mark_family(real))
    if marked is not None:
        service, default = str(marked), "0"
    else:
        host, port = split_endpoint(virtual)
        default = _normalize_port(port, protocol) or "0"
        service = f"{protocol.name} {_normalize_host(host)}:{default}"
    host, port = split_endpoint(real)
    return f"{service} {_normalize_host(host)}:{_normalize_port(port, protocol) or default}"


def table_entries(virtual: Virtual, address: Address, port: int, forwarding: Forwarding) -> frozenset[str]:
    """The places in the table that a call may change.

    These are two where the method moves a real server to the virtual service's port: a line that takes one out may
    leave the method out, and then means the one at the very port that it names.
    """
    ports = {port, port_in_table(virtual, port, forwarding)}
    return frozenset(f"{virtual} {show_endpoint(address, each)}" for each in ports)


def _normalize_host(host: str) -> str:
    address = numeric_address(host)
    if address is None:
        return host_name(host)
    return show_endpoint(address, 0).removesuffix(":0")


def _normalize_port(port: str, protocol: Protocol) -> str:
    if not port:
        return ""
    number = port_number(port)
    return str(known_ports().get((port, protocol.word), port) if number is None else number)
