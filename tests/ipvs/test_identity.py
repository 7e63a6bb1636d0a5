"""What calls of lvs.alert act upon: two spellings of one place are one, and what a method moves is two."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from pymon.errors import IpvsAddressError
from pymon.ipvs import address
from pymon.ipvs.identity import table_entries, text_identity
from pymon.ipvs.model import Forwarding, Listening, Marked, Protocol


@pytest.fixture(autouse=True)
def _ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services"
    services.write_text("http 80/tcp www # WorldWideWeb\ndomain 53/tcp\ndomain 53/udp\nbad x/tcp\nalone\n\n# no line\n")
    monkeypatch.setattr(address, "_SERVICES", services)
    monkeypatch.setattr(address, "known_ports", address.known_ports.__wrapped__)
    monkeypatch.setattr("pymon.ipvs.identity.known_ports", address.known_ports)


@pytest.mark.parametrize(
    ("virtual", "real", "protocol", "text"),
    [
        ("10.0.0.100:80", "10.0.0.1:8080", Protocol.TCP, "TCP 10.0.0.100:80 10.0.0.1:8080"),
        ("10.0.0.100:http", "10.0.0.1:www", Protocol.TCP, "TCP 10.0.0.100:80 10.0.0.1:80"),
        ("10.0.0.100:domain", "10.0.0.1", Protocol.UDP, "UDP 10.0.0.100:53 10.0.0.1:53"),
        ("10.0.0.100:http", "10.0.0.1", Protocol.UDP, "UDP 10.0.0.100:http 10.0.0.1:http"),
        ("10.0.0.100", "10.0.0.1", Protocol.TCP, "TCP 10.0.0.100:0 10.0.0.1:0"),
        ("www:80", "WWW1.:80", Protocol.TCP, "TCP www:80 www1:80"),
        ("[2001:db8:0::1]:80", "[2001:DB8::2]", Protocol.TCP, "TCP [2001:db8::1]:80 [2001:db8::2]:80"),
        ("[::ffff:10.0.0.100]:80", "::ffff:10.0.0.1", Protocol.TCP, "TCP 10.0.0.100:80 10.0.0.1:80"),
        ("fwm:5", "10.0.0.1", Protocol.TCP, "FWM 5 10.0.0.1:0"),
        ("fwm:0x5", "[2001:db8::1]:80", Protocol.UDP, "FWM 5 IPv6 [2001:db8::1]:80"),
    ],
)
def test_one_text_for_all_spellings(virtual: str, real: str, protocol: Protocol, text: str) -> None:
    assert text_identity(virtual, real, protocol) == text


@pytest.mark.parametrize(
    ("virtual", "real", "problem"),
    [
        ("10.0.0.100:80", "10.0.0.1:99999", "65535 is the highest"),
        ("10.0.0.100:80", ":80", "names no address"),
        ("fwm:0", "10.0.0.1", "is not a firewall mark"),
        ("10.0.0.100:80", "[fe80::1%eth0]:80", "has a zone, which IPVS does not know: leave out %eth0"),
        ("10.0.0.100:80", "10.0.0.01", "write all four numbers"),
    ],
)
def test_what_is_no_endpoint_has_no_text(virtual: str, real: str, problem: str) -> None:
    with pytest.raises(IpvsAddressError) as refused:
        text_identity(virtual, real, Protocol.TCP)
    assert problem in str(refused.value)


WEB = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)


@pytest.mark.parametrize(
    ("virtual", "port", "forwarding", "ports"),
    [
        (WEB, 80, Forwarding.DR, {80}),
        (WEB, 8080, Forwarding.DR, {80, 8080}),
        (WEB, 8080, Forwarding.TUN, {80, 8080}),
        (WEB, 8080, Forwarding.NAT, {8080}),
        (Marked(5), 8080, Forwarding.DR, {8080}),
    ],
)
def test_places_that_a_call_may_change(
    virtual: Listening | Marked, port: int, forwarding: Forwarding, ports: set[int]
) -> None:
    """Routed packets arrive at the virtual service's port, whatever port the real server is written with."""
    expected = {f"{virtual} 10.0.0.1:{each}" for each in ports}
    assert table_entries(virtual, ip_address("10.0.0.1"), port, forwarding) == expected


def test_without_a_list_of_ports_none_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_SERVICES", tmp_path / "none")
    assert address.known_ports() == {}
    assert text_identity("10.0.0.100:http", "10.0.0.1", Protocol.TCP) == "TCP 10.0.0.100:http 10.0.0.1:http"
