"""Ports for servers and daemons under test that nobody else has: no other test run, no daemon, no client's connection.

A port is free for TCP and UDP on every address when it is given, and stays this process's own until it ends: a lock
on its byte of a file that all test runs of a user share says so, and goes with the process. It lies below the ports
that the system gives to clients. So it also refuses connections for as long as nobody here listens on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

FIRST = 10240
FIXED = frozenset({18080})
"""Ports that pymon itself names, as its demo does: nobody is given these, they are waited for with ``fixed_port``."""
CLIENTS_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_END = 32768
"""Where Linux's ports for clients begin, unless it was told otherwise."""
_taken: set[int] = set()
_STRIDE = 61
"""Processes that were started one after the other begin to look this many ports apart."""


def free_port(*hosts: str) -> int:
    """A port of this process's own; free on these addresses too, which may lie beyond this machine's usual ones.

    OSError if there is none.
    """
    end = _end()
    for step in range(end - FIRST):
        port = FIRST + (os.getpid() * _STRIDE + len(_taken) + step) % (end - FIRST)
        if port not in _taken and port not in FIXED and _lock(port):
            _taken.add(port)
            if all(_is_free(host, port) for host in (*_every_address(), *hosts)):
                return port
    raise OSError(f"no port below {end} is free on {' and '.join(hosts) or 'every address'}")


@contextlib.contextmanager
def fixed_port(port: int) -> Iterator[int]:
    """One of ``FIXED`` for this test run alone: it waits until no other run has it."""
    if port not in FIXED:
        raise ValueError(f"{port} is given out by free_port: name it in FIXED")
    fcntl.lockf(_locks(), fcntl.LOCK_EX, 1, port)
    try:
        yield port
    finally:
        fcntl.lockf(_locks(), fcntl.LOCK_UN, 1, port)


def _end() -> int:
    """The first port above ours: where the system's ports for clients begin, if that leaves enough below."""
    with contextlib.suppress(OSError, ValueError):
        first = int(CLIENTS_PORTS.read_text(encoding="ascii").split()[0])
        return first if first > FIRST + 1000 else _USUAL_END
    return _USUAL_END


@functools.cache
def _locks() -> int:
    path = Path(tempfile.gettempdir(), f"pymon-test-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _lock(port: int) -> bool:
    """True where no other process has this port; it is ours then, until this process ends."""
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@functools.cache
def _every_address() -> tuple[str, ...]:
    """The addresses that stand for all: of IPv4, and of IPv6 where the machine has that."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return ("0.0.0.0", "::")
    return ("0.0.0.0",)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            probe = stack.enter_context(socket.socket(family, kind))
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
