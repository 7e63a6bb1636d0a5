"""Where a real server listens: an address of its own, and one port that is free there and on ``::1``."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from dataclasses import dataclass

from tests.addresses import own_address

_FIRST, _PORTS = 10_000, 22_000
"""Below the ports that the system gives to clients, so that none of those is taken in between."""
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Place:
    """An IPv4 address in 127.0.0.0/8, the IPv6 address ``::1``, and the port on both of them."""

    host: str
    host6: str
    port: int
    addresses: tuple[str, ...]
    """Where to listen: both, or ``host`` alone."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A running server: where it listens (``host6`` is ``::1``), and its process."""

    host: str
    host6: str
    port: int
    pid: int


def place(port: int | None = None, host: str | None = None) -> Place:
    """A place that nobody has; on ``host`` if a certificate for that was made before (``tests.addresses.own_address``).

    With ``port`` (53, say) it is on the IPv4 address only, as ``::1`` is everybody's.
    """
    own = host or own_address()
    if port is not None:
        return Place(own, "::1", port, (own,))
    return Place(own, "::1", free_port(own, "::1"), (own, "::1"))


def free_port(*hosts: str) -> int:
    """A port that is free on these addresses, for TCP and for UDP; OSError if there is none (no IPv6, say)."""
    for _ in range(_PORTS):
        port = _FIRST + (os.getpid() * 41 + next(_numbers)) % _PORTS
        if all(_is_free(host, port) for host in hosts):
            return port
    raise OSError(f"no port is free on {' and '.join(hosts)}")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            probe = stack.enter_context(socket.socket(family, kind))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
