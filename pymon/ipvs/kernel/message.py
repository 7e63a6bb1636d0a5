"""IPVS's netlink messages (linux/ip_vs.h): records to bytes and back. Pure.

pyroute2 does the coding. Its own IPVS definitions (0.9.7) are not used, since they are wrong in places: an IPv6
service's prefix, a plain number, is coded as an IPv4 mask there; a tunnel's port, which is in network order, as a
number of the host; and ``update`` sends the command that deletes. Attributes are decoded when they are read, so
counters of traffic, which nobody here reads, cost next to nothing.

pyroute2 believes the length that an attribute claims, and reads beyond its end; ``_value`` does not.
"""

from __future__ import annotations

import functools
import struct
import sys
from collections.abc import Collection, Mapping
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from socket import AF_INET, AF_INET6, AddressFamily
from typing import Any, TypeVar

from pyroute2.netlink import genlmsg, nla
from pyroute2.netlink.exceptions import NetlinkDecodeError

from pymon.errors import IpvsError
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
from pymon.text import decode, encode

E = TypeVar("E", bound=Enum)

FAMILY = "IPVS"
VERSION = 1
_FORWARDING_MASK = 0x7
_ATTRIBUTE_HEAD = 4
"""bytes of struct nlattr, which count in its length"""
_MALFORMED = (struct.error, NetlinkDecodeError)
_REMEMBERED = 1024
"""requests whose bytes are kept: asking for the same service, moving the same real server"""

Attributes = list[tuple[str, Any]]
"""name and value, as pyroute2 takes them"""
Slots = Mapping[str, Any]
"""pyroute2's undecoded attributes by name"""


class NetlinkCommand(IntEnum):
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
    nla_map = (
        ("IPVS_CMD_ATTR_UNSPEC", "none"),
        ("IPVS_CMD_ATTR_SERVICE", "service|nested"),
        ("IPVS_CMD_ATTR_DEST", "dest|nested"),
    )

    class service(nla):  # type: ignore[misc]  # noqa: N801  # the name is what nla_map refers to
        """A virtual service."""

        __slots__ = ()
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
        nla_map = (
            ("IPVS_DEST_ATTR_UNSPEC", "none"),
            ("IPVS_DEST_ATTR_ADDR", "cdata"),
            ("IPVS_DEST_ATTR_PORT", "be16"),
            ("IPVS_DEST_ATTR_FWD_METHOD", "uint32"),
            ("IPVS_DEST_ATTR_WEIGHT", "uint32"),
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
    """The answer to GET_INFO, whose attributes have numbers of their own (IPVS_INFO_ATTR_*)."""

    __slots__ = ()
    nla_map = (
        ("IPVS_INFO_ATTR_UNSPEC", "none"),
        ("IPVS_INFO_ATTR_VERSION", "uint32"),
        ("IPVS_INFO_ATTR_CONN_TAB_SIZE", "uint32"),
    )


def message(
    command: NetlinkCommand,
    *,
    virtual: Virtual | None = None,
    service: VirtualService | None = None,
    server: RealServer | None = None,
) -> bytes:
    """A request; in its netlink header only the length is filled in.

    ``virtual`` names a service, ``service`` describes one whole, ``server`` describes a real server (which also
    names it for DEL_DEST).
    """
    return _message(command, virtual, service, server)


@functools.lru_cache(maxsize=_REMEMBERED)
def _message(
    command: NetlinkCommand, virtual: Virtual | None, service: VirtualService | None, server: RealServer | None
) -> bytes:
    request = IpvsMessage()
    request["cmd"] = command
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
        ("IPVS_SVC_ATTR_ADDR", _pack_address(virtual.address)),
        ("IPVS_SVC_ATTR_PORT", virtual.port),
    ]


def _service_attributes(service: VirtualService) -> Attributes:
    attributes = [
        *_identity_attributes(service.identity),
        ("IPVS_SVC_ATTR_SCHED_NAME", _octets(service.scheduler)),
        ("IPVS_SVC_ATTR_FLAGS", {"flags": int(service.flags), "mask": int(SETTABLE_FLAGS)}),
        ("IPVS_SVC_ATTR_TIMEOUT", service.persistence or 0),
        ("IPVS_SVC_ATTR_NETMASK", _netmask(service)),
    ]
    if service.engine:
        attributes.append(("IPVS_SVC_ATTR_PE_NAME", _octets(service.engine)))
    return attributes


def _server_attributes(server: RealServer) -> Attributes:
    return [
        ("IPVS_DEST_ATTR_ADDR_FAMILY", int(family_of(server.address))),
        ("IPVS_DEST_ATTR_ADDR", _pack_address(server.address)),
        ("IPVS_DEST_ATTR_PORT", server.port),
        ("IPVS_DEST_ATTR_FWD_METHOD", server.forwarding.value),
        ("IPVS_DEST_ATTR_WEIGHT", server.weight),
        ("IPVS_DEST_ATTR_TUN_TYPE", server.tunnel.kind.value),
        ("IPVS_DEST_ATTR_TUN_PORT", server.tunnel.port),
        ("IPVS_DEST_ATTR_TUN_FLAGS", server.tunnel.flags),
        ("IPVS_DEST_ATTR_U_THRESH", server.upper),
        ("IPVS_DEST_ATTR_L_THRESH", server.lower),
    ]


def _pack_address(address: Address) -> bytes:
    """An address as the kernel's union of both families: 16 bytes."""
    return address.packed.ljust(16, b"\0")


def _octets(words: str) -> bytes:
    """Any bytes that were read survive; pyroute2 itself takes only what UTF-8 can say."""
    return encode(words)


def _netmask(service: VirtualService) -> bytes:
    """The persistence mask: an IPv4 mask in network order, or an IPv6 prefix as a number of the host."""
    prefix = service.full_prefix if service.prefix is None else service.prefix
    if service.identity.family == AF_INET6:
        return prefix.to_bytes(4, sys.byteorder)
    return IPv4Network((0, prefix)).netmask.packed


def read_service(data: bytes) -> VirtualService:
    """The virtual service in an answer to GET_SERVICE. Raises IpvsError for one that makes no sense."""
    slots = _slots(_value(_slots(_decode(IpvsMessage, data)), "IPVS_CMD_ATTR_SERVICE"))
    family = _family(_value(slots, "IPVS_SVC_ATTR_AF"))
    flags = ServiceFlag(_value(slots, "IPVS_SVC_ATTR_FLAGS")["flags"])
    prefix = _prefix(_value(slots, "IPVS_SVC_ATTR_NETMASK"), family)
    return VirtualService(
        identity=_identity(slots, family),
        scheduler=_text(_value(slots, "IPVS_SVC_ATTR_SCHED_NAME")),
        persistence=_value(slots, "IPVS_SVC_ATTR_TIMEOUT") if flags & ServiceFlag.PERSISTENT else None,
        prefix=None if prefix == (32 if family == AF_INET else 128) else prefix,
        engine=_text(_value(slots, "IPVS_SVC_ATTR_PE_NAME", "")),
        onepacket=bool(flags & ServiceFlag.ONEPACKET),
        scheduler_flags=flags & SCHEDULER_FLAGS,
    )


def _identity(slots: Slots, family: AddressFamily) -> Virtual:
    mark = _value(slots, "IPVS_SVC_ATTR_FWMARK", 0)
    if mark:
        return Marked(mark, family)
    return Listening(
        _to_enum(Protocol, _value(slots, "IPVS_SVC_ATTR_PROTOCOL")),
        _address(_value(slots, "IPVS_SVC_ATTR_ADDR"), family),
        _value(slots, "IPVS_SVC_ATTR_PORT"),
    )


def read_server(data: bytes, family: AddressFamily) -> RealServer:
    """The real server in an answer to GET_DEST. Raises IpvsError for one that makes no sense.

    ``family`` is its virtual service's, for kernels that do not tell (before 3.18).
    """
    slots = _slots(_value(_slots(_decode(IpvsMessage, data)), "IPVS_CMD_ATTR_DEST"))
    own = _family(_value(slots, "IPVS_DEST_ATTR_ADDR_FAMILY", family))
    return RealServer(
        address=_address(_value(slots, "IPVS_DEST_ATTR_ADDR"), own),
        port=_value(slots, "IPVS_DEST_ATTR_PORT"),
        forwarding=_to_enum(Forwarding, _value(slots, "IPVS_DEST_ATTR_FWD_METHOD", 0) & _FORWARDING_MASK),
        weight=_value(slots, "IPVS_DEST_ATTR_WEIGHT"),
        upper=_value(slots, "IPVS_DEST_ATTR_U_THRESH", 0),
        lower=_value(slots, "IPVS_DEST_ATTR_L_THRESH", 0),
        tunnel=Tunnel(
            _to_enum(TunnelKind, _value(slots, "IPVS_DEST_ATTR_TUN_TYPE", 0)),
            _value(slots, "IPVS_DEST_ATTR_TUN_PORT", 0),
            _value(slots, "IPVS_DEST_ATTR_TUN_FLAGS", 0),
        ),
        connections=Connections(
            _value(slots, "IPVS_DEST_ATTR_ACTIVE_CONNS", 0),
            _value(slots, "IPVS_DEST_ATTR_INACT_CONNS", 0),
            _value(slots, "IPVS_DEST_ATTR_PERSIST_CONNS", 0),
        ),
    )


def speaks_of(data: bytes, addresses: Collection[Address]) -> bool:
    """Whether an undecoded answer to GET_DEST can be about a real server at one of these addresses; no means no."""
    return any(address.packed in data for address in addresses)


def read_info(data: bytes) -> Info:
    """The answer to GET_INFO. Raises IpvsError for one that makes no sense."""
    slots = _slots(_decode(InfoMessage, data))
    version = _value(slots, "IPVS_INFO_ATTR_VERSION")
    return Info(
        (version >> 16 & 0xFF, version >> 8 & 0xFF, version & 0xFF), _value(slots, "IPVS_INFO_ATTR_CONN_TAB_SIZE")
    )


def _decode(kind: type[Any], data: bytes) -> Any:
    answer = kind(data)
    try:
        answer.decode()
    except _MALFORMED as problem:
        raise IpvsError(f"an answer of the kernel is malformed: {problem}") from problem
    return answer


def _slots(answer: Any) -> Slots:
    return {slot.name: slot.cell[1] for slot in answer["attrs"]}


def _value(slots: Slots, name: str, default: Any = None) -> Any:
    """An attribute's value, decoded now; without a default it must be there. Raises IpvsError."""
    attribute = slots.get(name)
    if attribute is None:
        if default is None:
            raise IpvsError(f"an answer of the kernel lacks {name}")
        return default
    room = attribute.length
    try:
        attribute.decode()
    except _MALFORMED as problem:
        raise IpvsError(f"an answer of the kernel is malformed in {name}: {problem}") from problem
    if not _ATTRIBUTE_HEAD + attribute.get_size() <= attribute.length <= room:
        raise IpvsError(f"an answer of the kernel is malformed in {name}: it claims {attribute.length} bytes")
    return attribute.getvalue()


def _family(number: int) -> AddressFamily:
    if number not in (AF_INET, AF_INET6):
        raise IpvsError(f"an answer of the kernel has address family {number}, which is neither IPv4 nor IPv6")
    return AddressFamily(number)


def _to_enum(kind: type[E], number: int) -> E:
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
        return int.from_bytes(packed, sys.byteorder)
    return int.from_bytes(packed, "big").bit_count()


def _text(value: str | bytes) -> str:
    """A name; pyroute2 leaves those undecoded that are no UTF-8."""
    return value if isinstance(value, str) else decode(value)
