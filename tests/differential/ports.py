"""Ports for many daemons at once: none of those that the system hands out to connections, and none twice."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, COUNT = 10240, 22000
"""below what Linux uses for outgoing connections (32768 and up)"""

_numbers = itertools.count(os.getpid() * 61)


def own_port(host: str = "127.0.0.1") -> int:
    """A port that is free for TCP and UDP, and that no other daemon of this process has been given."""
    while True:
        port = FIRST + next(_numbers) % COUNT
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((host, port))
                udp.bind((host, port))
            except OSError:
                continue
            return port
