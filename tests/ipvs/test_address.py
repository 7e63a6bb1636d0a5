"""Addresses as people write them."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from socket import AF_INET, AF_INET6

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.errors import IpvsAddressError, IpvsLookupError
from pymon.ipvs.address import (
    Resolver,
    check_endpoint,
    check_port_name,
    mark_family,
    needs_lookup,
    parse_port,
    parse_protocol,
    parse_real,
    parse_virtual,
    split_endpoint,
    system_resolver,
)
from pymon.ipvs.model import Address, Listening, Marked, Protocol, show_endpoint

HOSTS: dict[str, tuple[str, ...]] = {
    "www1": ("10.0.0.1",),
    "both": ("2001:db8::5", "10.0.0.5"),
    "none": (),
}
PORTS = {("www", "tcp"): 80, ("http", "tcp"): 80, ("domain", "udp"): 53}


def _addresses(host: str) -> tuple[Address, ...]:
    if host not in HOSTS:
        raise socket.gaierror(-2, "Name or service not known")
    return tuple(ip_address(address) for address in HOSTS[host])


def _port(name: str, protocol: str) -> int:
    try:
        return PORTS[name, protocol]
    except KeyError:
        raise OSError("port/proto not found") from None


NAMES = Resolver(_addresses, _port)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("211.238.41.170:80", ("211.238.41.170", "80")),
        (" www1:http ", ("www1", "http")),
        ("10.0.0.1", ("10.0.0.1", "")),
        ("[2001:db8::1]:80", ("2001:db8::1", "80")),
        ("[2001:db8::1]", ("2001:db8::1", "")),
        ("2001:db8::1", ("2001:db8::1", "")),
        ("::1", ("::1", "")),
    ],
)
def test_host_and_port_are_split(text: str, parts: tuple[str, str]) -> None:
    assert split_endpoint(text) == parts


@pytest.mark.parametrize("text", ["", ":80", "10.0.0.1:", "[::1", "[::1]80", "[]:80", "[::1]:"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(IpvsAddressError):
        split_endpoint(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("211.238.41.170:80", Listening(Protocol.TCP, ip_address("211.238.41.170"), 80)),
        ("www1:www", Listening(Protocol.TCP, ip_address("10.0.0.1"), 80)),
        ("[2001:db8::1]:http", Listening(Protocol.TCP, ip_address("2001:db8::1"), 80)),
        ("both:80", Listening(Protocol.TCP, ip_address("10.0.0.5"), 80)),
        ("10.0.0.1", Listening(Protocol.TCP, ip_address("10.0.0.1"), 0)),
        ("fwm:5", Marked(5)),
        ("FWM:0x10", Marked(16)),
        ("fwm6:5", Marked(5, AF_INET6)),
    ],
)
def test_virtual_services_are_read(text: str, expected: Listening | Marked) -> None:
    assert parse_virtual(text, Protocol.TCP, NAMES) == expected


def test_a_mark_takes_its_family_from_the_caller_unless_it_says_its_own() -> None:
    assert mark_family("[2001:db8::1]:80") == AF_INET6
    assert mark_family("10.0.0.1") == mark_family("www1:80") == AF_INET
    assert parse_virtual("fwm:5", Protocol.TCP, NAMES, mark_family=AF_INET6) == Marked(5, AF_INET6)
    assert parse_virtual("fwm4:5", Protocol.TCP, NAMES, mark_family=AF_INET6) == Marked(5, AF_INET)


@pytest.mark.parametrize("text", ["fwm:", "fwm:0", "fwm:-1", "fwm:x", "fwm:4294967296", "fwm6:1.5"])
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(IpvsAddressError, match="firewall mark"):
        parse_virtual(text, Protocol.TCP, NAMES)


def test_a_real_server_without_a_port_has_that_of_its_virtual_service() -> None:
    virtual = Listening(Protocol.TCP, ip_address("10.0.0.100"), 8080)
    assert parse_real("www1", virtual, Protocol.TCP, NAMES) == (ip_address("10.0.0.1"), 8080)
    assert parse_real("www1:www", virtual, Protocol.TCP, NAMES) == (ip_address("10.0.0.1"), 80)
    assert parse_real("www1", Marked(5), Protocol.TCP, NAMES) == (ip_address("10.0.0.1"), 0)


def test_a_name_with_both_families_gives_the_virtual_services_own() -> None:
    six = Listening(Protocol.TCP, ip_address("2001:db8::100"), 80)
    four = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
    assert parse_real("both", six, Protocol.TCP, NAMES)[0] == ip_address("2001:db8::5")
    assert parse_real("both", four, Protocol.TCP, NAMES)[0] == ip_address("10.0.0.5")
    assert parse_real("www1", six, Protocol.TCP, NAMES)[0] == ip_address("10.0.0.1")


@pytest.mark.parametrize("host", ["nowhere", "none"])
def test_a_host_that_is_not_found_is_an_error_of_its_own_kind(host: str) -> None:
    with pytest.raises(IpvsLookupError, match=host):
        parse_virtual(f"{host}:80", Protocol.TCP, NAMES)


def test_a_zone_is_refused() -> None:
    with pytest.raises(IpvsAddressError, match="leave out %eth0"):
        parse_virtual("[fe80::1%eth0]:80", Protocol.TCP, NAMES)


def test_ports_are_looked_up_for_their_protocol() -> None:
    assert parse_port("domain", Protocol.UDP, NAMES) == 53
    with pytest.raises(IpvsAddressError, match=r"'domain' is not known for tcp"):
        parse_port("domain", Protocol.TCP, NAMES)
    with pytest.raises(IpvsAddressError, match="65535 is the highest"):
        parse_port("65536", Protocol.TCP, NAMES)


@pytest.mark.parametrize("text", ["tcp", "TCP", " Udp", "sctp"])
def test_protocols_are_read_in_any_case(text: str) -> None:
    assert parse_protocol(text).word == text.strip().lower()


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(IpvsAddressError, match="tcp, udp or sctp"):
        parse_protocol("icmp")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1:80", False),
        ("[::1]:80", False),
        ("::1", False),
        ("fwm:5", False),
        ("www1:80", True),
        ("1.2.3.4:www", True),
    ],
)
def test_it_is_known_beforehand_whether_a_text_needs_a_lookup(text: str, expected: bool) -> None:
    assert needs_lookup(text) is expected


@given(
    st.ip_addresses().filter(lambda address: address.version == 4 or address.ipv4_mapped is None),
    st.integers(0, 65535),
    st.sampled_from(Protocol),
)
def test_what_is_shown_is_read_back(address: Address, port: int, protocol: Protocol) -> None:
    text = show_endpoint(address, port)
    assert not needs_lookup(text)
    assert parse_virtual(text, protocol, NAMES) == Listening(protocol, address, port)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        virtual = parse_virtual(text, Protocol.TCP, NAMES)
    except IpvsAddressError:
        return
    assert 0 <= virtual.port <= 65535


def test_the_system_knows_localhost() -> None:
    assert ip_address("127.0.0.1") in system_resolver().addresses("localhost")


@pytest.mark.parametrize(
    "text",
    [
        *("=10.0.0.1:443", "www1,80", "http://10.0.0.1", "10.0.0.1/24", "10.0.0.1:http,https", "www..example.org"),
        *("-W", "www 1:80", "www1:;reboot", "10.0.0.1:80/tcp", "[www1]:80 x", ".example.org", "www1:-1"),
    ],
)
def test_what_can_be_no_name_is_refused_without_a_look_up(text: str) -> None:
    """C-ARGUMENTS. As check sees it, and not as a host that is unknown in the middle of an outage."""
    with pytest.raises(IpvsAddressError):
        check_endpoint(text)


@pytest.mark.parametrize(
    "text",
    ["www1", "www_1:80", "WWW-1.example.org.:https", "kìm.de", "10.0.0.1:z39.50", "[2001:db8::1]:http", "_x.local"],
)
def test_what_can_be_a_name_passes(text: str) -> None:
    check_endpoint(text)


def test_a_name_of_a_port_that_nobody_has_is_refused() -> None:
    """C-ARGUMENTS."""
    check_port_name("10.0.0.1:http", Protocol.TCP)
    check_port_name("10.0.0.1", Protocol.TCP)
    check_port_name("10.0.0.1:9", Protocol.SCTP)
    with pytest.raises(IpvsAddressError, match="'htpt' is not known for tcp"):
        check_port_name("10.0.0.1:htpt", Protocol.TCP)
