"""Network namespaces of the guest: making them, working inside them, and their sysctls.

A namespace's name is that of its node (``client``, ``director``, ``www1`` …), as ``ip netns`` lists it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND_LIMIT = 120.0
"""Seconds for a command that does its work at once."""
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def ip_batch(commands: Iterable[str], node: str | None = None) -> None:
    """Run iproute2 commands in one process (each start costs 30 ms here), in a node or where we are."""
    argv = ["ip", *(["-n", node] if node else []), "-batch", "-"]
    subprocess.run(argv, input="\n".join(commands) + "\n", text=True, check=True, timeout=COMMAND_LIMIT)


def enter(node: str) -> None:
    """Move this thread, and what it starts from now on, into a node."""
    descriptor = os.open(f"/run/netns/{node}", os.O_RDONLY)
    try:
        _set(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def inside(node: str) -> Iterator[None]:
    """Be in a node for a while: sockets opened and programs started there belong to it."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(node)
        yield
    finally:
        _set(before)
        os.close(before)


def sysctl(**values: int) -> None:
    """Set sysctls of the namespace we are in: ``sysctl(net__ipv4__ip_forward=1)``."""
    for name, value in values.items():
        Path("/proc/sys", *name.split("__")).write_text(str(value), encoding="ascii")


def _set(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")
