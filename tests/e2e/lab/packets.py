"""Counts, on a real server's interface, the client's connection attempts by the form in which they arrive.

NAT rewrites the destination to the real server's address, DR leaves it the virtual address, and TUN wraps the packet in
another one to the real server: the three forms tell on the wire which method forwarded.
"""

from __future__ import annotations

import errno
import mmap
import os
import socket
import struct
from dataclasses import dataclass, field

from tests.e2e.lab import process
from tests.e2e.lab.topology import CLIENT, VIRTUAL, Method

_COUNTS = struct.Struct("QQQ")
_FORMS: tuple[Method, ...] = ("nat", "dr", "tun")
_ETH_P_IP = 0x0800
_PACKET_OUTGOING = 4
_TCP, _IPIP = 6, 4
_SYN, _ACK = 0x02, 0x10


@dataclass(slots=True)
class PacketCounter:
    """Counts the client's SYN packets to port 80 at one real server, from start to stop."""

    node: str
    address: str
    counts: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, _COUNTS.size))
    pid: int | None = None

    def start(self) -> None:
        """Begin to count; when this returns, no packet is missed."""
        ready, tell = os.pipe()
        self.pid = process.start_in(self.node, lambda: self._count_on(tell))
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)

    def stop(self) -> None:
        """Count no more."""
        if self.pid is not None:
            process.kill(self.pid)
            self.pid = None

    @property
    def by_form(self) -> dict[str, int]:
        """Connection attempts of the client so far: ``{"nat": 0, "dr": 57, "tun": 0}``."""
        return dict(zip(_FORMS, _COUNTS.unpack_from(self.counts), strict=True))

    def _count_on(self, tell: int) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)) as sniffer:
            sniffer.bind(("eth0", _ETH_P_IP))
            os.close(tell)
            counts = dict.fromkeys(_FORMS, 0)
            while True:
                try:
                    packet, where = sniffer.recvfrom(2048)
                except OSError as problem:
                    if problem.errno != errno.ENETDOWN:  # said once each time that the interface goes down
                        raise
                    continue
                form = None if where[2] == _PACKET_OUTGOING else form_of(packet, self.address)
                if form:
                    counts[form] += 1
                    _COUNTS.pack_into(self.counts, 0, *counts.values())


def form_of(packet: bytes, real: str) -> Method | None:
    """How an IPv4 packet that opens a connection from the client came to the real server; None for any other packet."""
    forms: dict[str, Method] = {VIRTUAL: "dr", real: "nat"}
    protocol, source, destination, payload = _ipv4(packet)
    if protocol == _IPIP and destination == real:
        forms = {VIRTUAL: "tun"}
        protocol, source, destination, payload = _ipv4(payload)
    form = forms.get(destination)
    if protocol != _TCP or source != CLIENT or len(payload) < 14:
        return None
    port, flags = struct.unpack_from("!H", payload, 2)[0], payload[13]
    return form if port == 80 and flags & (_SYN | _ACK) == _SYN else None


def _ipv4(packet: bytes) -> tuple[int, str, str, bytes]:
    if len(packet) < 20:
        return 0, "", "", b""
    length = (packet[0] & 0x0F) * 4
    return packet[9], socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[length:]
