"""Addresses as people write them, read into the identities of :mod:`pymon.ipvs.model`.

    211.238.41.170:80    address and port           www1:http      names of a host and of a port
    [2001:db8::1]:80     IPv6                       10.0.0.1       no port: the default of the caller
    fwm:5                a firewall mark            fwm4:5 fwm6:5  one of a family, where fwm: leaves it open

Names are looked up by a :class:`Resolver`, which may take seconds: :func:`needs_lookup` tells beforehand whether a
text can be read without one.

What has several spellings is one address here: ``::ffff:10.0.0.1`` is 10.0.0.1. What only looks like an address
(``010.0.0.1``, ``10.1``, ``0x7f000001``) is refused: the system's resolver would take it, and for another one.
"""

from __future__ import annotations

import functools
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, AddressFamily

from pymon.errors import IpvsAddressError, IpvsLookupError
from pymon.hostname import host_name
from pymon.ipvs.model import Address, Listening, Marked, Protocol, Virtual, family_of

_MARK = re.compile(r"fwm([46]?):(.*)", re.IGNORECASE | re.DOTALL)
_MARK_FAMILIES: dict[str, AddressFamily | None] = {"": None, "4": AF_INET, "6": AF_INET6}
_MARK_LIMIT = 2**32
_ALL_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*", re.IGNORECASE)
_NAME = re.compile(r"\w[\w-]*(\.[\w-]+)*\.?")
"""what may be a host's name, in any alphabet; some sites have underscores"""
_PORT_NAME = re.compile(r"[a-z0-9][\w.+*-]*", re.IGNORECASE | re.ASCII)
_DIGITS = 100
"""of a number; Python refuses to read one of thousands of digits"""
_SERVICES = Path("/etc/services")


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
    return tuple(dict.fromkeys(_plain(ip_address(str(entry[4][0]).partition("%")[0])) for entry in found))


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


def check_endpoint(text: str) -> None:
    """Raise IpvsAddressError for text that is no endpoint. No name is looked up."""
    host, port = split_endpoint(text)
    if numeric_address(host) is None and not _NAME.fullmatch(host):
        raise IpvsAddressError(f"'{text}' has no address and no host name: '{host}'")
    if port and port_number(port) is None and not _PORT_NAME.fullmatch(port):
        raise IpvsAddressError(f"'{text}' has no port: '{port}' is neither a number nor a name of one")


def check_port_name(text: str, protocol: Protocol) -> None:
    """Raise IpvsAddressError for an endpoint whose port is a name that /etc/services has not, if there is that file."""
    port = split_endpoint(text)[1]
    if port and port_number(port) is None and known_ports() and (port, protocol.word) not in known_ports():
        raise IpvsAddressError(f"the port name '{port}' is not known for {protocol.word} (/etc/services)")


def needs_lookup(text: str) -> bool:
    """Whether reading this text asks the system for a name, which can take seconds."""
    if _MARK.fullmatch(text.strip()):
        return False
    host, port = split_endpoint(text)
    return numeric_address(host) is None or bool(port and port_number(port) is None)


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
    marked = parse_mark(text, mark_family)
    if marked is not None:
        return marked
    host, port = split_endpoint(text)
    number = parse_port(port, protocol, resolver) if port else 0
    return Listening(protocol, find_address(host, resolver), number)


def parse_mark(text: str, mark_family: AddressFamily = AF_INET) -> Marked | None:
    """A firewall mark; None if the text is none. Raises IpvsAddressError if it would be one, and is wrong."""
    mark = _MARK.fullmatch(text.strip())
    return Marked(_mark_number(text, mark[2]), _MARK_FAMILIES[mark[1]] or mark_family) if mark else None


def parse_real(text: str, virtual: Virtual, protocol: Protocol, resolver: Resolver) -> tuple[Address, int]:
    """A real server's address and port; without a port it is that of the virtual service.

    A host name with addresses of both families gives one of the virtual service's. Raises IpvsAddressError.
    """
    host, port = split_endpoint(text)
    number = parse_port(port, protocol, resolver) if port else virtual.port
    return find_address(host, resolver, prefer=virtual.family), number


def mark_family(real: str) -> AddressFamily:
    """The family for ``fwm:N`` when the real server is written like this: IPv6 for an IPv6 address, else IPv4."""
    address = numeric_address(split_endpoint(real)[0])
    return AF_INET if address is None else family_of(address)


def find_address(host: str, resolver: Resolver, *, prefer: AddressFamily = AF_INET) -> Address:
    """The address that a number or a host name stands for. Raises IpvsAddressError."""
    address = numeric_address(host)
    if address is not None:
        return address
    try:
        found = resolver.addresses(host_name(host))
    except (OSError, UnicodeError) as problem:
        raise IpvsLookupError(f"the host name '{host}' cannot be looked up: {problem}") from problem
    if not found:
        raise IpvsLookupError(f"the host name '{host}' has no address")
    return next((address for address in found if family_of(address) == prefer), found[0])


def parse_port(text: str, protocol: Protocol, resolver: Resolver) -> int:
    """A port's number, from a number or a name of /etc/services. Raises IpvsAddressError."""
    number = port_number(text)
    if number is not None:
        return number
    try:
        return resolver.port(text, protocol.word)
    except (OSError, UnicodeError):
        raise IpvsAddressError(f"the port name '{text}' is not known for {protocol.word} (/etc/services)") from None


def port_number(text: str) -> int | None:
    """The number of a port that is written as such; None for a name. Raises IpvsAddressError for one too high."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) > _DIGITS or int(text) > 65535:
        raise IpvsAddressError(f"'{text}' is not a port: 65535 is the highest")
    return int(text)


def numeric_address(host: str) -> Address | None:
    """The address if it is written as a number, None if it is a name. Raises IpvsAddressError for what is neither.

    A zone (fe80::1%eth0) means nothing to IPVS.
    """
    text = host_name(host)
    try:
        address = ip_address(text)
    except ValueError:
        if ":" in text:
            raise IpvsAddressError(f"'{host}' is no IPv6 address") from None
        if _ALL_NUMBERS.fullmatch(text):
            advice = "write all four numbers, each from 0 to 255 and without leading zeros"
            raise IpvsAddressError(f"'{host}' is no IPv4 address: {advice}") from None
        return None
    if address.version == 6 and address.scope_id is not None:
        raise IpvsAddressError(f"'{host}' has a zone, which IPVS does not know: leave out %{address.scope_id}")
    return _plain(address)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address stands for; another one as it is."""
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@functools.cache
def known_ports() -> Mapping[tuple[str, str], int]:
    """The ports of /etc/services by name and protocol (``("http", "tcp")``), as they were at the first call."""
    try:
        lines = _SERVICES.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    ports: dict[tuple[str, str], int] = {}
    for line in lines:
        name, *words = line.partition("#")[0].split() or [""]
        number, _, protocol = (words or [""])[0].partition("/")
        if number.isascii() and number.isdigit():
            for each in (name, *words[1:]):
                ports.setdefault((each, protocol), int(number))
    return ports


def _mark_number(text: str, digits: str) -> int:
    try:
        mark = int(digits, 0) if len(digits) <= _DIGITS else 0
    except ValueError:
        mark = 0
    if not 0 < mark < _MARK_LIMIT:
        raise IpvsAddressError(f"'{text}' is not a firewall mark: fwm:5, a number from 1 to {_MARK_LIMIT - 1}")
    return mark
