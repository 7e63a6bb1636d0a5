"""Talking to a daemon over TCP and UDP, byte for byte, with patience: Debian's mon answers up to a second late."""

from __future__ import annotations

import re
import select
import socket
import time
from dataclasses import dataclass, field

HOST = "127.0.0.1"
PATIENCE = 8.0
"""seconds to wait for an answer"""
QUIET = 1.6
"""seconds without anything after which nothing more is expected; mon's loop turns once a second"""
AFTERTHOUGHT = 0.02
"""seconds within which a second answer to one command would follow"""
AFTER_REFUSAL = 0.2
"""the same after a refusal: mon answers some commands twice, with another turn of its loop between"""
CLOSED = "(closed)"
SILENCE = "(silence)"
_FINAL = re.compile(r"\d{3}(\s|$)")


@dataclass(slots=True)
class Connection:
    """One client's connection."""

    port: int
    source: str = ""
    _socket: socket.socket = field(init=False)
    _rest: bytes = b""
    _closed: bool = False

    def __post_init__(self) -> None:
        source = (self.source, 0) if self.source else None
        self._socket = socket.create_connection((HOST, self.port), PATIENCE, source)

    def close(self) -> None:
        """Close it."""
        self._socket.close()
        self._closed = True

    def ask(self, command: bytes) -> list[str]:
        """Send one command, return the lines of the answer."""
        lines = [] if self._send(command + b"\n") else [CLOSED]
        deadline = time.monotonic() + PATIENCE
        while not self._closed:
            lines += self._read(deadline - time.monotonic())
            if lines and _FINAL.match(lines[-1]):
                lines += self._read(AFTER_REFUSAL if lines[-1].startswith("5") else AFTERTHOUGHT)
                break
            if time.monotonic() >= deadline:
                lines.append(SILENCE)
                break
        return lines

    def send_raw(self, data: bytes) -> list[str]:
        """Send bytes, return all the lines that come until it is quiet."""
        lines = [] if self._send(data) else [CLOSED]
        while not self._closed and (more := self._read(QUIET)):
            lines += more
        return lines

    def await_close(self, limit: float) -> list[str]:
        """What comes until the peer closes."""
        deadline = time.monotonic() + limit
        lines: list[str] = []
        while not self._closed and (left := deadline - time.monotonic()) > 0:
            lines += self._read(left)
        return lines if self._closed else [*lines, "(open)"]

    def _send(self, data: bytes) -> bool:
        try:
            self._socket.sendall(data)
        except OSError:
            self._closed = True
            return False
        return True

    def _read(self, limit: float) -> list[str]:
        """The whole lines that come at once, after waiting for the first up to ``limit`` seconds."""
        if self._closed or not select.select([self._socket], [], [], max(limit, 0.0))[0]:
            return []
        try:
            data = self._socket.recv(1 << 20)
        except OSError:
            data = b""
        if not data:
            self._closed = True
            return [self._rest.decode("utf-8", "surrogateescape")] * bool(self._rest) + [CLOSED]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", "surrogateescape") for line in lines]


def send_packet(port: int, packet: bytes, source: str = "") -> None:
    """Send a packet to the trap port."""
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind((source or HOST, 0))
        udp.sendto(packet, (HOST, port))
