"""The records of an IPVS table: virtual services and their real servers.

The names are those of LVS and ipvsadm. Every record is frozen; an address is of :mod:`ipaddress`, a port a number
from 0 to 65535.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP, AddressFamily

Address = IPv4Address | IPv6Address

MAX_WEIGHT = 2**31 - 1
"""the kernel keeps a weight in a signed 32-bit number; ipvsadm's manual speaks of 65535"""


class Protocol(Enum):
    """The protocol of a virtual service; the value is the number of the protocol."""

    TCP = IPPROTO_TCP
    UDP = IPPROTO_UDP
    SCTP = IPPROTO_SCTP

    @property
    def word(self) -> str:
        """The name in lower case, as options and /etc/services have it."""
        return self.name.lower()

    def __str__(self) -> str:
        return self.word


class Forwarding(Enum):
    """How packets come to a real server; the value is the kernel's number (IP_VS_CONN_F_FWD_MASK)."""

    NAT = 0
    LOCAL = 1
    """the real server is the director itself; the kernel finds that out and reports the method that was set"""
    TUN = 2
    DR = 3
    BYPASS = 4

    @property
    def word(self) -> str:
        """The name in lower case, as ``lvs.alert -F`` takes it."""
        return self.name.lower()

    def __str__(self) -> str:
        return self.word

    @property
    def keeps_port(self) -> bool:
        """Whether packets reach the real server with the port of the virtual service, whatever port it has here."""
        return self in (Forwarding.DR, Forwarding.TUN)


class TunnelKind(Enum):
    """The encapsulation of tunnelled packets; the value is the kernel's number."""

    IPIP = 0
    GUE = 1
    GRE = 2


class ServiceFlag(IntFlag):
    """Flags of a virtual service (linux/ip_vs.h, IP_VS_SVC_F_*); three belong to its scheduler."""

    PERSISTENT = 0x0001
    HASHED = 0x0002
    ONEPACKET = 0x0004
    SCHED1 = 0x0008
    SCHED2 = 0x0010
    SCHED3 = 0x0020


NO_FLAGS = ServiceFlag(0)
SCHEDULER_FLAGS = ServiceFlag.SCHED1 | ServiceFlag.SCHED2 | ServiceFlag.SCHED3
SETTABLE_FLAGS = SCHEDULER_FLAGS | ServiceFlag.PERSISTENT | ServiceFlag.ONEPACKET


def family_of(address: Address) -> AddressFamily:
    """AF_INET or AF_INET6."""
    return AF_INET if address.version == 4 else AF_INET6


def show_endpoint(address: Address, port: int) -> str:
    """``10.0.0.1:80``, ``[2001:db8::1]:80``."""
    return f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"


@dataclass(frozen=True, slots=True)
class Listening:
    """The identity of a virtual service by protocol, address and port (port 0: every port, for persistent services)."""

    protocol: Protocol
    address: Address
    port: int

    @property
    def family(self) -> AddressFamily:
        """AF_INET or AF_INET6."""
        return family_of(self.address)

    @property
    def option(self) -> str:
        """As ``lvs.alert -V`` takes it: ``10.0.0.100:80``."""
        return show_endpoint(self.address, self.port)

    def __str__(self) -> str:
        """``TCP 10.0.0.100:80``."""
        return f"{self.protocol.name} {show_endpoint(self.address, self.port)}"


@dataclass(frozen=True, slots=True)
class Marked:
    """The identity of a virtual service by a firewall mark; IPv4 and IPv6 have marks of their own."""

    mark: int
    family: AddressFamily = AF_INET

    @property
    def port(self) -> int:
        """A mark has no port of its own."""
        return 0

    @property
    def option(self) -> str:
        """As ``lvs.alert -V`` takes it: ``fwm4:5``, ``fwm6:5``."""
        return f"fwm6:{self.mark}" if self.family == AF_INET6 else f"fwm4:{self.mark}"

    def __str__(self) -> str:
        """``FWM 5``, ``FWM 5 IPv6``."""
        return f"FWM {self.mark} IPv6" if self.family == AF_INET6 else f"FWM {self.mark}"


Virtual = Listening | Marked
"""The identity of a virtual service."""


@dataclass(frozen=True, slots=True)
class VirtualService:
    """A virtual service and how it schedules.

    ``persistence`` is the time of a persistent service in seconds, None when it is not persistent; ``prefix`` how
    many bits of a client's address make it the same client (None: all of them); ``engine`` the name of a
    persistence engine (``sip``). ``scheduler_flags`` are SCHED1 to SCHED3, ``onepacket`` is ipvsadm's ``--ops``.
    """

    identity: Virtual
    scheduler: str = "wlc"
    persistence: int | None = None
    prefix: int | None = None
    engine: str = ""
    onepacket: bool = False
    scheduler_flags: ServiceFlag = NO_FLAGS

    @property
    def full_prefix(self) -> int:
        """The prefix that stands for whole addresses: 32 or 128."""
        return 32 if self.identity.family == AF_INET else 128

    @property
    def flags(self) -> ServiceFlag:
        """All flags that can be set."""
        flags = self.scheduler_flags & SCHEDULER_FLAGS
        if self.persistence is not None:
            flags |= ServiceFlag.PERSISTENT
        return flags | ServiceFlag.ONEPACKET if self.onepacket else flags

    def __str__(self) -> str:
        """``TCP 10.0.0.100:80 wlc``."""
        return f"{self.identity} {self.scheduler}"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """How a tunnel wraps packets. ``port`` and ``flags`` matter to GUE, ``flags`` to GRE."""

    kind: TunnelKind = TunnelKind.IPIP
    port: int = 0
    flags: int = 0


IPIP = Tunnel()


@dataclass(frozen=True, slots=True)
class Connections:
    """How many connections a real server had when the table was read."""

    active: int = 0
    inactive: int = 0
    persistent: int = 0


@dataclass(frozen=True, slots=True)
class RealServer:
    """A real server of one virtual service; address and port name it there.

    ``upper`` and ``lower`` are the connection thresholds (0: none). ``connections`` is None for one that was not
    read from a table, and does not count in comparisons.
    """

    address: Address
    port: int
    forwarding: Forwarding = Forwarding.DR
    weight: int = 1
    upper: int = 0
    lower: int = 0
    tunnel: Tunnel = IPIP
    connections: Connections | None = field(default=None, compare=False)

    @property
    def endpoint(self) -> tuple[Address, int]:
        """Its identity within its virtual service."""
        return self.address, self.port

    def __str__(self) -> str:
        """``10.0.0.1:80``."""
        return show_endpoint(self.address, self.port)


@dataclass(frozen=True, slots=True)
class Listed:
    """A virtual service with its real servers."""

    service: VirtualService
    servers: tuple[RealServer, ...] = ()

    def server(self, address: Address, port: int) -> RealServer | None:
        """The real server of that address and port."""
        return next((server for server in self.servers if server.endpoint == (address, port)), None)


@dataclass(frozen=True, slots=True)
class Info:
    """What the IPVS of a kernel says of itself: its version, and the size of its connection table."""

    version: tuple[int, int, int]
    connection_table_size: int


@dataclass(frozen=True, slots=True)
class TableSnapshot:
    """A whole table at one moment."""

    info: Info
    services: tuple[Listed, ...] = ()
