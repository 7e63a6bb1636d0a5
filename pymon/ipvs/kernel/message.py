"""IPVS's netlink messages (linux/ip_vs.h), and how records become messages and back.

pyroute2 does the coding. Its own IPVS definitions (0.9.7) are not used, since they are wrong in places: an IPv6
service's prefix, a plain number, is coded as an IPv4 mask there; a tunnel's port, which is in network order, as a
number of the host; and ``update`` sends the command that deletes. Counters of traffic are left undecoded: nobody
here reads them, and they cost more than all the rest.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from socket import AF_INET, AF_INET6, AddressFamily
from typing import Any

from pyroute2.netlink import genlmsg, nla

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

FAMILY = "IPVS"
VERSION = 1
FORWARDING_MASK = 0x7

Attributes = list[tuple[str, Any]]


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


class IpvsMessage(genlmsg):  # type: ignore[misc]  # pyroute2 has no types
    """A message of the IPVS family. Which attributes it carries depends on the command."""

    __slots__ = ()
    prefix = "IPVS_CMD_ATTR_"
    nla_map = (
        ("IPVS_CMD_ATTR_UNSPEC", "none"),
        ("IPVS_CMD_ATTR_SERVICE", "service"),
        ("IPVS_CMD_ATTR_DEST", "dest"),
        ("IPVS_CMD_ATTR_DAEMON", "cdata"),
        ("IPVS_CMD_ATTR_TIMEOUT_TCP", "uint32"),
        ("IPVS_CMD_ATTR_TIMEOUT_TCP_FIN", "uint32"),
        ("IPVS_CMD_ATTR_TIMEOUT_UDP", "uint32"),
    )

    class service(nla):  # type: ignore[misc]  # noqa: N801  # the name is what nla_map refers to
        """A virtual service."""

        __slots__ = ()
        prefix = "IPVS_SVC_ATTR_"
        nla_map = (
            ("IPVS_SVC_ATTR_UNSPEC", "none"),
            ("IPVS_SVC_ATTR_AF", "uint16"),
            ("IPVS_SVC_ATTR_PROTOCOL", "uint16"),
            ("IPVS_SVC_ATTR_ADDR", "cdata"),
            ("IPVS_SVC_ATTR_PORT", "be16"),
            ("IPVS_SVC_ATTR_FWMARK", "uint32"),
            ("IPVS_SVC_ATTR_SCHED_NAME", "asciiz"),
            ("IPVS_SVC_ATTR_FLAGS", "service_flags"),
            ("IPVS_SVC_ATTR_TIMEOUT", "uint32"),
            ("IPVS_SVC_ATTR_NETMASK", "cdata"),
            ("IPVS_SVC_ATTR_STATS", "none"),
            ("IPVS_SVC_ATTR_PE_NAME", "asciiz"),
            ("IPVS_SVC_ATTR_STATS64", "none"),
        )

        class service_flags(nla):  # type: ignore[misc]  # noqa: N801  # as above
            """Flags, and which of them are meant."""

            __slots__ = ()
            fields = (("flags", "I"), ("mask", "I"))

    class dest(nla):  # type: ignore[misc]  # noqa: N801  # the name is what nla_map refers to
        """A real server (destination)."""

        __slots__ = ()
        prefix = "IPVS_DEST_ATTR_"
        nla_map = (
            ("IPVS_DEST_ATTR_UNSPEC", "none"),
            ("IPVS_DEST_ATTR_ADDR", "cdata"),
            ("IPVS_DEST_ATTR_PORT", "be16"),
            ("IPVS_DEST_ATTR_FWD_METHOD", "uint32"),
            ("IPVS_DEST_ATTR_WEIGHT", "int32"),
            ("IPVS_DEST_ATTR_U_THRESH", "uint32"),
            ("IPVS_DEST_ATTR_L_THRESH", "uint32"),
            ("IPVS_DEST_ATTR_ACTIVE_CONNS", "uint32"),
            ("IPVS_DEST_ATTR_INACT_CONNS", "uint32"),
            ("IPVS_DEST_ATTR_PERSIST_CONNS", "uint32"),
            ("IPVS_DEST_ATTR_STATS", "none"),
            ("IPVS_DEST_ATTR_ADDR_FAMILY", "uint16"),
            ("IPVS_DEST_ATTR_STATS64", "none"),
            ("IPVS_DEST_ATTR_TUN_TYPE", "uint8"),
            ("IPVS_DEST_ATTR_TUN_PORT", "be16"),
            ("IPVS_DEST_ATTR_TUN_FLAGS", "uint16"),
        )


class InfoMessage(genlmsg):  # type: ignore[misc]  # pyroute2 has no types
    """The answer to GET_INFO, whose attributes are numbered anew (IPVS_INFO_ATTR_*)."""

    __slots__ = ()
    nla_map = (
        ("IPVS_INFO_ATTR_UNSPEC", "none"),
        ("IPVS_INFO_ATTR_VERSION", "uint32"),
        ("IPVS_INFO_ATTR_CONN_TAB_SIZE", "uint32"),
    )


def message(
    command: Command,
    *,
    virtual: Virtual | None = None,
    service: VirtualService | None = None,
    server: RealServer | None = None,
) -> bytes:
    """A request, coded; the sender fills its header in.

    ``virtual`` names a service, ``service`` describes one whole, ``server`` a real server.

    To name a real server for DEL_DEST its whole description does no harm.
    """
    request = IpvsMessage()
    request["cmd"] = int(command)
    request["version"] = VERSION
    attributes: Attributes = []
    if service is not None:
        attributes.append(("IPVS_CMD_ATTR_SERVICE", {"attrs": _service_attributes(service)}))
    elif virtual is not None:
        attributes.append(("IPVS_CMD_ATTR_SERVICE", {"attrs": _identity_attributes(virtual)}))
    if server is not None:
        attributes.append(("IPVS_CMD_ATTR_DEST", {"attrs": _server_attributes(server)}))
    request["attrs"] = attributes
    request.encode()
    return bytes(request.data)


def _identity_attributes(virtual: Virtual) -> Attributes:
    family = ("IPVS_SVC_ATTR_AF", int(virtual.family))
    if isinstance(virtual, Marked):
        return [family, ("IPVS_SVC_ATTR_FWMARK", virtual.mark)]
    return [
        family,
        ("IPVS_SVC_ATTR_PROTOCOL", virtual.protocol.value),
        ("IPVS_SVC_ATTR_ADDR", _padded(virtual.address)),
        ("IPVS_SVC_ATTR_PORT", virtual.port),
    ]


def _service_attributes(service: VirtualService) -> Attributes:
    attributes = [
        *_identity_attributes(service.identity),
        ("IPVS_SVC_ATTR_SCHED_NAME", service.scheduler),
        ("IPVS_SVC_ATTR_FLAGS", {"flags": int(service.flags), "mask": int(SETTABLE_FLAGS)}),
        ("IPVS_SVC_ATTR_TIMEOUT", service.persistence or 0),
        ("IPVS_SVC_ATTR_NETMASK", _netmask(service)),
    ]
    if service.engine:
        attributes.append(("IPVS_SVC_ATTR_PE_NAME", service.engine))
    return attributes


def _server_attributes(server: RealServer) -> Attributes:
    return [
        ("IPVS_DEST_ATTR_ADDR_FAMILY", int(family_of(server.address))),
        ("IPVS_DEST_ATTR_ADDR", _padded(server.address)),
        ("IPVS_DEST_ATTR_PORT", server.port),
        ("IPVS_DEST_ATTR_FWD_METHOD", server.forwarding.value),
        ("IPVS_DEST_ATTR_WEIGHT", server.weight),
        ("IPVS_DEST_ATTR_U_THRESH", server.upper),
        ("IPVS_DEST_ATTR_L_THRESH", server.lower),
        ("IPVS_DEST_ATTR_TUN_TYPE", server.tunnel.kind.value),
        ("IPVS_DEST_ATTR_TUN_PORT", server.tunnel.port),
        ("IPVS_DEST_ATTR_TUN_FLAGS", server.tunnel.flags),
    ]


def _padded(address: Address) -> bytes:
    """An address as the kernel's union of both families: 16 bytes."""
    return address.packed.ljust(16, b"\0")


def _netmask(service: VirtualService) -> bytes:
    """The persistence mask: an IPv4 mask in network order, or an IPv6 prefix as a number of the host."""
    prefix = service.full_prefix if service.prefix is None else service.prefix
    if service.identity.family == AF_INET6:
        return prefix.to_bytes(4, sys.byteorder)
    return IPv4Network((0, prefix)).netmask.packed


def read_service(data: bytes) -> VirtualService:
    """The virtual service in an answer to GET_SERVICE."""
    attributes = _attributes(data, "IPVS_CMD_ATTR_SERVICE")
    family = AddressFamily(attributes["IPVS_SVC_ATTR_AF"])
    flags = ServiceFlag(attributes["IPVS_SVC_ATTR_FLAGS"]["flags"])
    identity = _identity(attributes, family)
    prefix = _prefix(attributes["IPVS_SVC_ATTR_NETMASK"], family)
    return VirtualService(
        identity=identity,
        scheduler=attributes["IPVS_SVC_ATTR_SCHED_NAME"],
        persistence=attributes["IPVS_SVC_ATTR_TIMEOUT"] if flags & ServiceFlag.PERSISTENT else None,
        prefix=None if prefix == (32 if family == AF_INET else 128) else prefix,
        engine=attributes.get("IPVS_SVC_ATTR_PE_NAME", ""),
        onepacket=bool(flags & ServiceFlag.ONEPACKET),
        scheduler_flags=flags & SCHEDULER_FLAGS,
    )


def _identity(attributes: dict[str, Any], family: AddressFamily) -> Virtual:
    mark = attributes.get("IPVS_SVC_ATTR_FWMARK")
    if mark:
        return Marked(mark, family)
    return Listening(
        Protocol(attributes["IPVS_SVC_ATTR_PROTOCOL"]),
        _address(attributes["IPVS_SVC_ATTR_ADDR"], family),
        attributes["IPVS_SVC_ATTR_PORT"],
    )


def read_server(data: bytes, family: AddressFamily) -> RealServer:
    """The real server in an answer to GET_DEST. ``family`` is its service's, for kernels that do not tell (< 3.18)."""
    attributes = _attributes(data, "IPVS_CMD_ATTR_DEST")
    own = AddressFamily(attributes.get("IPVS_DEST_ATTR_ADDR_FAMILY", family))
    return RealServer(
        address=_address(attributes["IPVS_DEST_ATTR_ADDR"], own),
        port=attributes["IPVS_DEST_ATTR_PORT"],
        forwarding=Forwarding(attributes["IPVS_DEST_ATTR_FWD_METHOD"] & FORWARDING_MASK),
        weight=attributes["IPVS_DEST_ATTR_WEIGHT"],
        upper=attributes["IPVS_DEST_ATTR_U_THRESH"],
        lower=attributes["IPVS_DEST_ATTR_L_THRESH"],
        tunnel=Tunnel(
            TunnelKind(attributes.get("IPVS_DEST_ATTR_TUN_TYPE", 0)),
            attributes.get("IPVS_DEST_ATTR_TUN_PORT", 0),
            attributes.get("IPVS_DEST_ATTR_TUN_FLAGS", 0),
        ),
        connections=Connections(
            attributes["IPVS_DEST_ATTR_ACTIVE_CONNS"],
            attributes["IPVS_DEST_ATTR_INACT_CONNS"],
            attributes["IPVS_DEST_ATTR_PERSIST_CONNS"],
        ),
    )


def read_info(data: bytes) -> Info:
    """The answer to GET_INFO."""
    answer = InfoMessage(data)
    answer.decode()
    attributes = dict(answer["attrs"])
    version = attributes["IPVS_INFO_ATTR_VERSION"]
    return Info((version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF), attributes["IPVS_INFO_ATTR_CONN_TAB_SIZE"])


def _attributes(data: bytes, name: str) -> dict[str, Any]:
    """The attributes inside the one of that name."""
    answer = IpvsMessage(data)
    answer.decode()
    return dict(answer.get_attr(name)["attrs"])


def _address(packed: bytes, family: AddressFamily) -> Address:
    return IPv4Address(packed[:4]) if family == AF_INET else IPv6Address(packed[:16])


def _prefix(packed: bytes, family: AddressFamily) -> int:
    if family == AF_INET6:
        return int.from_bytes(packed, sys.byteorder)
    return int.from_bytes(packed, "big").bit_count()
