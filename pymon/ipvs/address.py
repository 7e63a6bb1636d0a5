"""Addresses as people write them, read into the identities of :mod:`pymon.ipvs.model`.

    211.238.41.170:80    address and port           www1:http      names of a host and of a port
    [2001:db8::1]:80     IPv6                       10.0.0.1       no port: the default of the caller
    fwm:5                a firewall mark            fwm4:5 fwm6:5  one of a family, where fwm: leaves it open

Names are looked up by a :class:`Resolver`, which may take seconds: :func:`needs_lookup` tells beforehand whether a
text can be read without one.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily

from pymon.errors import IpvsAddressError, IpvsLookupError
from pymon.ipvs.model import Address, Listening, Marked, Protocol, Virtual, family_of

_MARK = re.compile(r"fwm([46]?):(.*)", re.IGNORECASE | re.DOTALL)
_MARK_FAMILIES: dict[str, AddressFamily | None] = {"": None, "4": AF_INET, "6": AF_INET6}
_MARK_LIMIT = 2**32


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names are looked up: ``addresses(host)`` all addresses of a host, ``port(name, protocol)`` a port's number.

    Both raise OSError for an unknown name.
    """

    addresses: Callable[[str], tuple[Address, ...]]
    port: Callable[[str, str], int]


def system_resolver() -> Resolver:
    """The system's: its hosts file, DNS and /etc/services. It blocks."""
    return Resolver(_system_addresses, socket.getservbyname)


def _system_addresses(host: str) -> tuple[Address, ...]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def split_endpoint(text: str) -> tuple[str, str]:
    """Split ``host:port``, ``[v6]:port``, ``host``, ``[v6]`` or a bare IPv6 address into host and port ('': none).

    Raises IpvsAddressError for anything else.
    """
    text = text.strip()
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or not host or (rest and not rest.startswith(":")):
            raise IpvsAddressError(f"'{text}' is not an address: an IPv6 address with its port is [2001:db8::1]:80")
        return host, _port_part(text, rest)
    if text.count(":") > 1:
        return text, ""
    host, colon, port = text.partition(":")
    if not host:
        raise IpvsAddressError(f"'{text}' names no address: say ADDRESS:PORT, as 10.0.0.1:80")
    return host, _port_part(text, colon + port)


def _port_part(text: str, rest: str) -> str:
    if rest == ":":
        raise IpvsAddressError(f"'{text}' has a colon but no port after it")
    return rest[1:]


def needs_lookup(text: str) -> bool:
    """Whether reading this text asks the system for a name, which can take seconds."""
    if _MARK.fullmatch(text.strip()):
        return False
    host, port = split_endpoint(text)
    return _numeric(host) is None or not ((port.isascii() and port.isdigit()) or not port)


def parse_protocol(text: str) -> Protocol:
    """``tcp``, ``udp`` or ``sctp``, in any case."""
    try:
        return Protocol[text.strip().upper()]
    except KeyError:
        raise IpvsAddressError(f"'{text}' is no protocol of IPVS: tcp, udp or sctp") from None


def parse_virtual(
    text: str, protocol: Protocol, resolver: Resolver, *, mark_family: AddressFamily = AF_INET
) -> Virtual:
    """A virtual service's identity; without a port it is port 0 (all ports, which persistent services have).

    ``mark_family`` is the family of a mark that does not say its own. Raises IpvsAddressError and IpvsLookupError.
    """
    mark = _MARK.fullmatch(text.strip())
    if mark:
        return Marked(_parse_mark(text, mark[2]), _MARK_FAMILIES[mark[1]] or mark_family)
    host, port = split_endpoint(text)
    number = parse_port(port, protocol, resolver) if port else 0
    return Listening(protocol, find_address(host, resolver), number)


def parse_real(text: str, virtual: Virtual, protocol: Protocol, resolver: Resolver) -> tuple[Address, int]:
    """A real server's address and port; without a port it is that of the virtual service.

    A host name with addresses of both families gives one of the virtual service's. Raises IpvsAddressError.
    """
    host, port = split_endpoint(text)
    number = parse_port(port, protocol, resolver) if port else virtual.port
    return find_address(host, resolver, prefer=virtual.family), number


def mark_family(real: str) -> AddressFamily:
    """The family for ``fwm:N`` when the real server is written like this: IPv6 for an IPv6 address, else IPv4."""
    address = _numeric(split_endpoint(real)[0])
    return AF_INET if address is None else family_of(address)


def find_address(host: str, resolver: Resolver, *, prefer: AddressFamily = AF_INET) -> Address:
    """The address that a number or a host name stands for. Raises IpvsAddressError."""
    address = _numeric(host)
    if address is not None:
        return address
    try:
        found = resolver.addresses(host)
    except (OSError, UnicodeError) as problem:
        raise IpvsLookupError(f"the host name '{host}' cannot be looked up: {problem}") from problem
    if not found:
        raise IpvsLookupError(f"the host name '{host}' has no address")
    return next((address for address in found if family_of(address) == prefer), found[0])


def parse_port(text: str, protocol: Protocol, resolver: Resolver) -> int:
    """A port's number, from a number or a name of /etc/services. Raises IpvsAddressError."""
    if text.isascii() and text.isdigit():
        number = int(text)
        if number > 65535:
            raise IpvsAddressError(f"'{text}' is not a port: 65535 is the highest")
        return number
    try:
        return resolver.port(text, protocol.word)
    except (OSError, UnicodeError):
        raise IpvsAddressError(f"the port name '{text}' is not known for {protocol.word} (/etc/services)") from None


def _numeric(host: str) -> Address | None:
    """The address if it is written as a number. A zone (fe80::1%eth0) means nothing to IPVS: IpvsAddressError."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 6 and address.scope_id is not None:
        raise IpvsAddressError(f"'{host}' has a zone, which IPVS does not know: leave out %{address.scope_id}")
    return address


def _parse_mark(text: str, digits: str) -> int:
    try:
        mark = int(digits, 0)
    except ValueError:
        mark = 0
    if not 0 < mark < _MARK_LIMIT:
        raise IpvsAddressError(f"'{text}' is not a firewall mark: fwm:5, a number from 1 to {_MARK_LIMIT - 1}")
    return mark
