"""The judges of the end-to-end tests, judged: what tells packets, tables and site files apart."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from tests.e2e.lab import table, topology
from tests.e2e.lab.client import Client
from tests.e2e.lab.packets import form_of
from tests.e2e.lab.site import mapped
from tests.e2e.lab.topology import CLIENT, DIRECTOR, VIRTUAL, Topology
from tests.e2e.lab.waiting import NeverHappened, wait_for

REAL = "198.51.100.11"
SYN, ACK = 0x02, 0x10


def _ip(protocol: int, source: str, destination: str, payload: bytes) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return header + socket.inet_aton(source) + socket.inet_aton(destination) + payload


def _tcp(flags: int = SYN, port: int = 80) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, port, 0, 0, 0x50, flags, 0, 0, 0)


@pytest.mark.parametrize(
    ("packet", "form"),
    [
        (_ip(6, CLIENT, REAL, _tcp()), "nat"),
        (_ip(6, CLIENT, VIRTUAL, _tcp()), "dr"),
        (_ip(4, DIRECTOR, REAL, _ip(6, CLIENT, VIRTUAL, _tcp())), "tun"),
        (_ip(4, DIRECTOR, REAL, _ip(6, CLIENT, REAL, _tcp())), None),
        (_ip(6, DIRECTOR, REAL, _tcp()), None),
        (_ip(6, CLIENT, REAL, _tcp(SYN | ACK)), None),
        (_ip(6, CLIENT, REAL, _tcp(ACK)), None),
        (_ip(6, CLIENT, REAL, _tcp(port=81)), None),
        (_ip(17, CLIENT, REAL, _tcp()), None),
        (_ip(6, CLIENT, REAL, b"cut"), None),
        (_ip(4, DIRECTOR, REAL, b"cut"), None),
        (b"cut", None),
    ],
)
def test_a_connection_attempt_is_told_by_its_form_on_the_wire(packet: bytes, form: str | None) -> None:
    assert form_of(packet, REAL) == form


def test_listings_are_compared_without_the_counts_of_connections_only() -> None:
    text = (
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  192.0.2.100:80 wlc\n"
        "  -> 192.0.2.11:80                Route   100    3          17        \n"
    )
    assert table.without_counts(text) == (
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
        "TCP  192.0.2.100:80 wlc\n"
        "  -> 192.0.2.11:80                Route   100\n"
    )


SITE = """randstart   = 30s
alert lvs.alert -P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 \\
                -W 100 -F dr -X down
upalert lvs.alert -P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 -W 100 -F dr
alert lvs.alert -P tcp -V 211.238.41.170:80 -R 211.238.41.166:80 -W 100 -F dr -X down
upalert lvs.alert -P tcp -V 211.238.41.170:80 -R 211.238.41.166:80 -W 100 -F dr
"""
NET = Topology("tun", topology.INNER_REALS, "-i", "Tunnel")


def test_the_site_file_is_mapped_into_the_namespaces_and_else_left_alone() -> None:
    expected = SITE.replace("211.238.41.170", VIRTUAL).replace("-F dr", "-F tun").replace("30s", "1s")
    expected = expected.replace("211.238.41.165", "198.51.100.11").replace("211.238.41.166", "198.51.100.12")
    assert mapped(SITE, NET) == expected


@pytest.mark.parametrize("lacking", ["-R 211.238.41.166:80", "-F dr", "randstart   = 30s"])
def test_a_site_file_that_became_another_is_refused(lacking: str) -> None:
    with pytest.raises(ValueError, match="is not the site"):
        mapped(SITE.replace(lacking, "", 1 if "-F" in lacking else -1), NET)


def test_what_never_happens_is_told_by_its_name() -> None:
    with pytest.raises(NeverHappened, match=r"not within 0\.05 s: the sky falls"):
        wait_for("the sky falls", lambda: False, 0.05)


def test_the_tally_counts_the_requests_of_its_span_and_waits_for_half_written_ones(tmp_path: Path) -> None:
    book = tmp_path / "client.book"
    book.write_text("1.0\twww1\t\n2.0\tlost\tTimeoutError\n3.0\twww2\t\n3.5\tww", encoding="utf-8")
    client = Client(book)
    assert client.tally(1.5, 4.0) == {"lost": 1, "www2": 1}
    with book.open("a", encoding="utf-8") as more:
        more.write("w1\t\n")
    assert client.tally(1.5, 4.0) == {"lost": 1, "www2": 1, "www1": 1}
