"""The table written out; that it is ipvsadm's to the byte is shown on the real kernel (test_kernel)."""

from __future__ import annotations

import json
from ipaddress import ip_address
from socket import AF_INET6

import pytest

from pymon.ipvs.listing import as_data, listing, service_line
from pymon.ipvs.memory import INFO
from pymon.ipvs.model import (
    Connections,
    Forwarding,
    Listed,
    Listening,
    Marked,
    Protocol,
    RealServer,
    ServiceFlag,
    TableSnapshot,
    VirtualService,
)

SNAPSHOT = TableSnapshot(
    INFO,
    (
        Listed(VirtualService(Marked(5, AF_INET6))),
        Listed(
            VirtualService(Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)),
            (
                RealServer(ip_address("2001:db8::9"), 80, Forwarding.TUN, 1),
                RealServer(ip_address("10.0.0.9"), 8080, Forwarding.NAT, 100, connections=Connections(3, 12)),
                RealServer(ip_address("10.0.0.9"), 256, Forwarding.NAT, 1),
                RealServer(ip_address("127.0.0.1"), 80, Forwarding.DR, 0),
            ),
        ),
        Listed(
            VirtualService(
                Listening(Protocol.TCP, ip_address("10.0.0.100"), 0), "mh", 300, 24, scheduler_flags=ServiceFlag.SCHED1
            )
        ),
        Listed(VirtualService(Listening(Protocol.UDP, ip_address("10.0.0.1"), 53), "rr", onepacket=True)),
    ),
)


def test_the_listing_has_ipvsadms_words_columns_and_order() -> None:
    assert listing(SNAPSHOT).splitlines() == [
        "IP Virtual Server version 1.2.1 (size=4096)",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
        "TCP  10.0.0.100:0 mh (mh-fallback) persistent 300 mask 255.255.255.0",
        "TCP  10.0.0.100:80 wlc",
        "  -> 10.0.0.9:256                 Masq    1      0          0         ",
        "  -> 10.0.0.9:8080                Masq    100    3          12        ",
        "  -> [2001:db8::9]:80             Tunnel  1      0          0         ",
        "  -> 127.0.0.1:80                 Route   0      0          0         ",
        "UDP  10.0.0.1:53 rr ops",
        "FWM  5 IPv6 wlc",
    ]


def test_the_data_is_plain_and_complete() -> None:
    data = json.loads(json.dumps(as_data(SNAPSHOT)))
    assert data["version"] == "1.2.1"
    every_port, web, dns, mark = data["services"]
    assert every_port["persistent"] == 300
    assert every_port["persistence_mask"] == "255.255.255.0"
    assert every_port["scheduler_flags"] == ["mh-fallback"]
    assert (web["protocol"], web["address"], web["port"], web["fwmark"]) == ("tcp", "10.0.0.100", 80, None)
    assert web["servers"][1] == {
        "address": "10.0.0.9",
        "port": 8080,
        "forwarding": "nat",
        "tunnel": None,
        "weight": 100,
        "upper_threshold": 0,
        "lower_threshold": 0,
        "active_connections": 3,
        "inactive_connections": 12,
        "persistent_connections": 0,
    }
    assert web["servers"][2]["tunnel"] == "ipip"
    assert dns["one_packet"] is True
    assert (mark["fwmark"], mark["family"], mark["address"]) == (5, "ipv6", None)


@pytest.mark.parametrize(
    ("service", "line"),
    [
        (VirtualService(Marked(5), "sh", scheduler_flags=ServiceFlag.SCHED1), "FWM  5 sh (sh-fallback)"),
        (
            VirtualService(Marked(5), "sh", scheduler_flags=ServiceFlag.SCHED1 | ServiceFlag.SCHED2),
            "FWM  5 sh (sh-fallback,sh-port)",
        ),
        (VirtualService(Marked(5), "rr", scheduler_flags=ServiceFlag.SCHED3), "FWM  5 rr (flag-3)"),
        (VirtualService(Marked(5), "rr", 60), "FWM  5 rr persistent 60"),
        (VirtualService(Marked(5), "rr", 60, 32), "FWM  5 rr persistent 60"),
        (VirtualService(Marked(5), "rr", 60, 0), "FWM  5 rr persistent 60 mask 0.0.0.0"),
        (VirtualService(Marked(5, AF_INET6), "rr", 60, 64), "FWM  5 IPv6 rr persistent 60 mask 64"),
        (VirtualService(Marked(5, AF_INET6), "rr", 60, 128), "FWM  5 IPv6 rr persistent 60"),
        (VirtualService(Marked(5), "rr", 60, engine="sip"), "FWM  5 rr persistent 60 pe sip"),
    ],
)
def test_line_of_a_service(service: VirtualService, line: str) -> None:
    """A mask is said where it is narrower than the address; flags that no scheduler names are numbered."""
    assert service_line(service) == line
