"""A real server's web server: answers each request with its name, and counts who asked."""

from __future__ import annotations

import mmap
import os
import signal
import socket
import struct
from dataclasses import dataclass, field

from tests.e2e.lab import process
from tests.e2e.lab.topology import CLIENT

_COUNTS = struct.Struct("QQ")
REQUEST_LIMIT = 10.0
"""Seconds that a request may take to arrive."""


@dataclass(slots=True)
class WebServer:
    """The web server of one real server; it can die, come back, and hang (accept, but never answer)."""

    name: str
    counts: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, _COUNTS.size))
    pid: int | None = None

    def start(self) -> None:
        """Listen on port 80 of all addresses; when this returns, connections are accepted."""
        ready, tell = os.pipe()
        self.pid = process.start_in(self.name, lambda: self._serve(tell))
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)

    def kill(self) -> None:
        """Die at once, as a crash does: the kernel refuses connections from now on."""
        if self.pid is not None:
            process.kill(self.pid)
            self.pid = None

    def hang(self) -> None:
        """Stop answering while the kernel goes on accepting."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after ``hang``."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGCONT)

    @property
    def from_client(self) -> int:
        """Requests answered for the client, over all lives of the server."""
        return int(_COUNTS.unpack_from(self.counts)[0])

    @property
    def from_others(self) -> int:
        """Requests answered for anyone else, which is the director's checks."""
        return int(_COUNTS.unpack_from(self.counts)[1])

    def _serve(self, tell: int) -> None:
        body = f"{self.name}\n".encode()
        answer = (
            f"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        ).encode()
        with socket.create_server(("", 80), backlog=128) as listener:
            os.close(tell)
            while True:
                connection, peer = listener.accept()
                with connection:
                    connection.settimeout(REQUEST_LIMIT)
                    try:
                        request = _request(connection)
                        if request:
                            self._count(peer[0])
                            connection.sendall(answer if request.startswith(b"HEAD") else answer + body)
                    except OSError:
                        continue

    def _count(self, peer: str) -> None:
        client, others = _COUNTS.unpack_from(self.counts)
        _COUNTS.pack_into(self.counts, 0, client + (peer == CLIENT), others + (peer != CLIENT))


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more:
            return b""
        data += more
    return data
