"""Questions and answers of one datagram each (DNS, NTP): over UDP, from nobody but the one who was asked."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from pymon.plugin.net import Address
from pymon.scarcity.waiting import retry_until_possible

T = TypeVar("T")

DATAGRAM_LIMIT = 65536
"""bytes of a datagram, more than any has"""

_SO_TIMESTAMPNS = 35
"""the socket option for the time at which the kernel took a datagram in (asm-generic/socket.h)"""

_TIMESPEC = struct.Struct("@ll")


class Datagram(NamedTuple):
    """An answer. ``sent`` is when the question left, ``received`` when the kernel had the answer.

    Both are by the system's clock, in seconds since the epoch.
    """

    data: bytes
    sent: float
    received: float


async def exchange(address: Address, data: bytes, accept: Callable[[Datagram], T | None]) -> T:
    """Send a datagram, and give what ``accept`` makes of an answer; those that it gives None for are passed over.

    Without a time limit. Raises OSError where the system or the other side refuses (port unreachable).
    """
    loop = asyncio.get_running_loop()
    connection = await retry_until_possible(lambda: socket.socket(address[0], socket.SOCK_DGRAM), "open a socket")
    with connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        connection.connect(address[1])  # the kernel then drops what others send, and tells of refusals
        sent = time.time()
        await loop.sock_sendall(connection, data)
        while True:
            await _readable(loop, connection)
            try:
                answer, received = _receive(connection)
            except (BlockingIOError, InterruptedError):
                continue  # its checksum was wrong
            accepted = accept(Datagram(answer, sent, received))
            if accepted is not None:
                return accepted


async def ask(
    found: Sequence[Address], data: bytes, accept: Callable[[Datagram], T | None], waits: Sequence[float]
) -> T:
    """As ``exchange``, sent once for each of ``waits`` (seconds), each time to the next of a host's addresses.

    An address that refuses gives way to the next at once. Raises OSError when all refuse, TimeoutError when no answer
    came.
    """
    for number, wait in enumerate(waits):
        first = number % len(found)
        failure: OSError | None = None
        for address in (*found[first:], *found[:first]):
            try:
                async with asyncio.timeout(wait) as patience:
                    return await exchange(address, data, accept)
            except OSError as error:
                if patience.expired():
                    break
                failure = failure or error
        else:
            raise failure or TimeoutError("no address")
    raise TimeoutError("no answer")


async def _readable(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


def _receive(connection: socket.socket) -> tuple[bytes, float]:
    """A datagram, and when it came: the loop may be late, the kernel is not."""
    data, notes, _, _ = connection.recvmsg(DATAGRAM_LIMIT, socket.CMSG_SPACE(_TIMESPEC.size))
    for level, kind, note in notes:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(note) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(note)
            return data, seconds + nanoseconds / 1e9
    return data, time.time()
