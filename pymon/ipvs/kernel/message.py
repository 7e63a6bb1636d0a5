"""IPVS's netlink messages (linux/ip_vs.h): records to bytes and back. Pure.

A message is netlink's header, generic netlink's (command, version), and attributes; the sender fills the first in.
Counters of traffic stay unread.

These few are coded by hand, and pyroute2 is not used: importing it costs 0.2 s and 25 MB, which an alert that runs as
a program pays each time; a message takes it 0.1 to 0.2 ms, thirty times as long as this; and the IPVS part of 0.9.7
takes an IPv6 prefix for an IPv4 mask, swaps a tunnel's port, and sends a delete for ``update``. The tests have it
read what is coded here, as an independent judge.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from socket import AF_INET, AF_INET6, AddressFamily
from typing import TypeVar

from pymon.errors import IpvsError
from pymon.ipvs.kernel.attribute import Attribute, coded, decoded, number_of, port, port_of, text, text_of, u8, u16, u32
from pymon.ipvs.model import (
    SCHEDULER_FLAGS,
    SETTABLE_FLAGS,
    Address,
    Connections,
    Forwarding,
    Info,
    Listening,
    Marked,
    Protocol,
    RealServer,
    ServiceFlag,
    Tunnel,
    TunnelKind,
    Virtual,
    VirtualService,
    family_of,
)

E = TypeVar("E", bound=Enum)

FAMILY = "IPVS"
VERSION = 1
NETLINK_HEADER = 16
"""bytes of struct nlmsghdr"""
_GENERIC = struct.Struct("=BBH")
_FORWARDING_MASK = 0x7
_FLAGS = struct.Struct("=II")


class Command(IntEnum):
    """The commands that are used (IPVS_CMD_*)."""

    NEW_SERVICE = 1
    SET_SERVICE = 2
    DEL_SERVICE = 3
    GET_SERVICE = 4
    NEW_DEST = 5
    SET_DEST = 6
    DEL_DEST = 7
    GET_DEST = 8
    GET_INFO = 15
    FLUSH = 17


class Part(IntEnum):
    """What a message carries (IPVS_CMD_ATTR_*)."""

    SERVICE = 1
    DEST = 2


class Service(IntEnum):
    """Attributes of a virtual service (IPVS_SVC_ATTR_*)."""

    AF = 1
    PROTOCOL = 2
    ADDR = 3
    PORT = 4
    FWMARK = 5
    SCHED_NAME = 6
    FLAGS = 7
    TIMEOUT = 8
    NETMASK = 9
    PE_NAME = 11


class Dest(IntEnum):
    """Attributes of a real server (IPVS_DEST_ATTR_*)."""

    ADDR = 1
    PORT = 2
    FWD_METHOD = 3
    WEIGHT = 4
    U_THRESH = 5
    L_THRESH = 6
    ACTIVE_CONNS = 7
    INACT_CONNS = 8
    PERSIST_CONNS = 9
    ADDR_FAMILY = 11
    TUN_TYPE = 13
    TUN_PORT = 14
    TUN_FLAGS = 15


class InfoPart(IntEnum):
    """Attributes of the answer to GET_INFO (IPVS_INFO_ATTR_*)."""

    VERSION = 1
    CONN_TAB_SIZE = 2


def message(
    command: Command,
    *,
    virtual: Virtual | None = None,
    service: VirtualService | None = None,
    server: RealServer | None = None,
) -> bytes:
    """A request with an empty netlink header.

    ``virtual`` names a service, ``service`` describes one whole, ``server`` describes a real server (which also
    names it for DEL_DEST).
    """
    parts: list[Attribute] = []
    if service is not None:
        parts.append((Part.SERVICE, coded(_service_attributes(service))))
    elif virtual is not None:
        parts.append((Part.SERVICE, coded(_identity_attributes(virtual))))
    if server is not None:
        parts.append((Part.DEST, coded(_server_attributes(server))))
    return bytes(NETLINK_HEADER) + _GENERIC.pack(command, VERSION, 0) + coded(parts)


def body(data: bytes) -> dict[int, bytes]:
    """The attributes of a generic netlink message, headers included in ``data``."""
    return decoded(data[NETLINK_HEADER + _GENERIC.size :])


def _identity_attributes(virtual: Virtual) -> list[Attribute]:
    family = (Service.AF, u16(virtual.family))
    if isinstance(virtual, Marked):
        return [family, (Service.FWMARK, u32(virtual.mark))]
    return [
        family,
        (Service.PROTOCOL, u16(virtual.protocol.value)),
        (Service.ADDR, _padded(virtual.address)),
        (Service.PORT, port(virtual.port)),
    ]


def _service_attributes(service: VirtualService) -> list[Attribute]:
    attributes = [
        *_identity_attributes(service.identity),
        (Service.SCHED_NAME, text(service.scheduler)),
        (Service.FLAGS, _FLAGS.pack(service.flags, SETTABLE_FLAGS)),
        (Service.TIMEOUT, u32(service.persistence or 0)),
        (Service.NETMASK, _netmask(service)),
    ]
    if service.engine:
        attributes.append((Service.PE_NAME, text(service.engine)))
    return attributes


def _server_attributes(server: RealServer) -> list[Attribute]:
    return [
        (Dest.ADDR_FAMILY, u16(family_of(server.address))),
        (Dest.ADDR, _padded(server.address)),
        (Dest.PORT, port(server.port)),
        (Dest.FWD_METHOD, u32(server.forwarding.value)),
        (Dest.WEIGHT, u32(server.weight)),
        (Dest.U_THRESH, u32(server.upper)),
        (Dest.L_THRESH, u32(server.lower)),
        (Dest.TUN_TYPE, u8(server.tunnel.kind.value)),
        (Dest.TUN_PORT, port(server.tunnel.port)),
        (Dest.TUN_FLAGS, u16(server.tunnel.flags)),
    ]


def _padded(address: Address) -> bytes:
    """An address as the kernel's union of both families: 16 bytes."""
    return address.packed.ljust(16, b"\0")


def _netmask(service: VirtualService) -> bytes:
    """The persistence mask: an IPv4 mask in network order, or an IPv6 prefix as a number of the host."""
    prefix = service.full_prefix if service.prefix is None else service.prefix
    if service.identity.family == AF_INET6:
        return u32(prefix)
    return IPv4Network((0, prefix)).netmask.packed


def read_service(data: bytes) -> VirtualService:
    """The virtual service in an answer to GET_SERVICE. Raises IpvsError for one that makes no sense."""
    attributes = decoded(_part(body(data), Part.SERVICE))
    family = _family(number_of(_part(attributes, Service.AF)))
    flags = ServiceFlag(number_of(_part(attributes, Service.FLAGS)[:4]))
    prefix = _prefix(_part(attributes, Service.NETMASK), family)
    return VirtualService(
        identity=_identity(attributes, family),
        scheduler=text_of(_part(attributes, Service.SCHED_NAME)),
        persistence=number_of(_part(attributes, Service.TIMEOUT)) if flags & ServiceFlag.PERSISTENT else None,
        prefix=None if prefix == (32 if family == AF_INET else 128) else prefix,
        engine=text_of(attributes.get(Service.PE_NAME, b"")),
        onepacket=bool(flags & ServiceFlag.ONEPACKET),
        scheduler_flags=flags & SCHEDULER_FLAGS,
    )


def _identity(attributes: Mapping[int, bytes], family: AddressFamily) -> Virtual:
    mark = number_of(attributes.get(Service.FWMARK, b""))
    if mark:
        return Marked(mark, family)
    return Listening(
        _known(Protocol, number_of(_part(attributes, Service.PROTOCOL))),
        _address(_part(attributes, Service.ADDR), family),
        port_of(_part(attributes, Service.PORT)),
    )


def read_server(data: bytes, family: AddressFamily) -> RealServer:
    """The real server in an answer to GET_DEST. Raises IpvsError for one that makes no sense.

    ``family`` is its virtual service's, for kernels that do not tell (before 3.18).
    """
    attributes = decoded(_part(body(data), Part.DEST))

    def number(kind: Dest) -> int:
        return number_of(attributes.get(kind, b""))

    if Dest.ADDR_FAMILY in attributes:
        family = _family(number(Dest.ADDR_FAMILY))
    return RealServer(
        address=_address(_part(attributes, Dest.ADDR), family),
        port=port_of(_part(attributes, Dest.PORT)),
        forwarding=_known(Forwarding, number(Dest.FWD_METHOD) & _FORWARDING_MASK),
        weight=number_of(_part(attributes, Dest.WEIGHT)),
        upper=number(Dest.U_THRESH),
        lower=number(Dest.L_THRESH),
        tunnel=Tunnel(
            _known(TunnelKind, number(Dest.TUN_TYPE)),
            port_of(attributes.get(Dest.TUN_PORT, b"")),
            number(Dest.TUN_FLAGS),
        ),
        connections=Connections(number(Dest.ACTIVE_CONNS), number(Dest.INACT_CONNS), number(Dest.PERSIST_CONNS)),
    )


def read_info(data: bytes) -> Info:
    """The answer to GET_INFO."""
    attributes = body(data)
    version = number_of(_part(attributes, InfoPart.VERSION))
    return Info(
        (version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF),
        number_of(_part(attributes, InfoPart.CONN_TAB_SIZE)),
    )


def _part(attributes: Mapping[int, bytes], kind: IntEnum) -> bytes:
    try:
        return attributes[kind]
    except KeyError:
        raise IpvsError(f"an answer of the kernel lacks {type(kind).__name__}.{kind.name}") from None


def _family(number: int) -> AddressFamily:
    if number not in (AF_INET, AF_INET6):
        raise IpvsError(f"an answer of the kernel has address family {number}, which is neither IPv4 nor IPv6")
    return AddressFamily(number)


def _known(kind: type[E], number: int) -> E:
    try:
        return kind(number)
    except ValueError:
        raise IpvsError(f"an answer of the kernel has {kind.__name__} {number}, which pymon does not know") from None


def _address(packed: bytes, family: AddressFamily) -> Address:
    if len(packed) < (4 if family == AF_INET else 16):
        raise IpvsError(f"an answer of the kernel has an address of {len(packed)} bytes")
    return IPv4Address(packed[:4]) if family == AF_INET else IPv6Address(packed[:16])


def _prefix(packed: bytes, family: AddressFamily) -> int:
    if family == AF_INET6:
        return number_of(packed)
    return port_of(packed).bit_count()
