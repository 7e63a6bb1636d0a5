"""Addresses and TCP connections that cannot block the event loop.

Address literals need no lookup. Names are looked up by the system's resolver in threads, one lookup for all who ask
for the same name at the same time, and a bounded number at once; a lookup that hangs hurts only who waits for it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from pymon.scarcity.lack import note_lack, queueing
from pymon.scarcity.symptoms import shortage_in
from pymon.scarcity.waiting import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    has_descriptors,
    is_worth_waiting,
    retry_until_possible,
    start_thread,
)

if TYPE_CHECKING:
    from aiohappyeyeballs import AddrInfoType

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family and a socket address of that family."""

FAMILY_NAMES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}

MAX_LOOKUPS = 128
"""lookups that run at the same time, those included that nobody waits for any more"""

HEAD_START = 0.25
"""seconds that a connection attempt has before the next address of the same host is tried beside it (RFC 8305)"""

_OF_A_LOOKUP = 8
"""descriptors that a lookup may need at the same time, with room for others: without them the resolver cannot read its
files or ask anybody, and says that there is no such name"""

_Answer = list[Address]


class NameNotFound(OSError):
    """A host name has no address; strerror says why, and there is no errno."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.strerror = why


class NoDescriptors(OSError):
    """A name could not be looked up for want of descriptors (EMFILE)."""

    def __init__(self) -> None:
        super().__init__(errno.EMFILE, os.strerror(errno.EMFILE))


class CannotConnect(OSError):
    """No connection came about; errno and strerror are those of the first address that failed."""


def literal(host: str, port: int = 0) -> Address | None:
    """The address that a text is, in any form the system takes (``127.1``, ``fe80::1%eth0``), else None."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return family, (host, port) if family == socket.AF_INET else (host, port, 0, 0)
    if not host or not (host[0].isdigit() or ":" in host):
        return None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return found[0][0], found[0][4]


async def addresses(host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> Sequence[Address]:
    """The addresses of a host, in the order in which to try them; raises NameNotFound with the resolver's words.

    ``family`` AF_INET or AF_INET6 leaves out those of the other.
    """
    known = literal(host, port)
    if known is not None:
        return _of_family((known,), family)
    loop = asyncio.get_running_loop()
    lookups = _LOOKUPS.get(loop)
    if lookups is None:
        lookups = _LOOKUPS[loop] = _Lookups(loop)
    return _of_family([(kind, (address[0], port, *address[2:])) for kind, address in await lookups.find(host)], family)


def _of_family(found: Sequence[Address], family: socket.AddressFamily) -> Sequence[Address]:
    if family == socket.AF_UNSPEC:
        return found
    kept = [address for address in found if address[0] == family]
    if not kept:
        raise NameNotFound(f"no {FAMILY_NAMES[family]} address")
    return kept


async def connect(host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC) -> socket.socket:
    """A connected non-blocking socket; raises NameNotFound, or the OSError of the first address that failed."""
    return await connect_any(await addresses(host, port, family))


async def connect_any(found: Sequence[Address]) -> socket.socket:
    """A non-blocking socket connected to one of these addresses, whichever answers; the earlier ones are favoured."""
    if len(found) == 1:
        return await _connect_to(found[0])
    return await _connect_to_first(found)


async def _connect_to(address: Address) -> socket.socket:
    connection = await retry_until_possible(lambda: socket.socket(address[0], socket.SOCK_STREAM), "open a socket")
    try:
        connection.setblocking(False)
        if not _connects_at_once(connection, address):
            await asyncio.get_running_loop().sock_connect(connection, address[1])
    except OSError as error:
        connection.close()
        if error.errno:  # asyncio puts the address where the system's words should be
            raise OSError(error.errno, os.strerror(error.errno)) from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _connects_at_once(connection: socket.socket, address: Address) -> bool:
    """Begin to connect, and look once more: a server on this machine has answered by then, and no wait is needed."""
    code = connection.connect_ex(address[1])
    if code == errno.EINPROGRESS:
        code = connection.connect_ex(address[1])
    if code in (0, errno.EISCONN):
        return True
    if code in (errno.EALREADY, errno.EINPROGRESS, errno.EINTR):
        return False
    raise OSError(code, os.strerror(code))


async def _connect_to_first(found: Sequence[Address]) -> socket.socket:
    """Connect to the first address that answers (RFC 8305): while one is silent, the next is tried as well.

    Raises the OSError of the first attempt that failed. What an address says counts more than what this machine lacks.
    """
    from aiohappyeyeballs import start_connection  # noqa: PLC0415  # a millisecond, for hosts of several addresses

    # the first attempt waits for a descriptor where the machine has none to spare
    first = await retry_until_possible(lambda: socket.socket(found[0][0], socket.SOCK_STREAM), "open a socket")
    connecting = _Connecting(asyncio.get_running_loop(), first)
    loop = cast(asyncio.AbstractEventLoop, connecting)
    infos = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in found]
    try:
        return await start_connection(
            infos, happy_eyeballs_delay=HEAD_START, loop=loop, socket_factory=connecting.open_socket
        )
    except OSError as error:
        failures = sorted(connecting.failures, key=lambda failure: bool(shortage_in(failure)))
        raise (failures[0] if failures else error) from error
    finally:
        connecting.close_unused()


class _Connecting:
    """What aiohappyeyeballs uses of an event loop, and the failures of its attempts, which it tells in one text."""

    def __init__(self, loop: asyncio.AbstractEventLoop, first: socket.socket) -> None:
        self._loop = loop
        self._first: socket.socket | None = first
        self.failures: list[OSError] = []

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        """A socket for one attempt, the first of which has its own; OSError where the machine has none left."""
        first, self._first = self._first, None
        if first is not None:
            return first
        try:
            return socket.socket(*info[:3])
        except OSError as error:
            self.failures.append(error)
            raise

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect; OSError with the system's words, where asyncio's have the address."""
        try:
            await self._loop.sock_connect(sock, address)
        except OSError as error:
            failure = OSError(error.errno, os.strerror(error.errno)) if error.errno else error
            self.failures.append(failure)
            raise failure from error

    def close_unused(self) -> None:
        """Close the first attempt's socket where there was no attempt."""
        if self._first is not None:
            self._first.close()


class _Lookups:
    """The lookups under way on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._under_way: dict[str, asyncio.Future[_Answer]] = {}
        self._free = asyncio.Semaphore(MAX_LOOKUPS)

    async def find(self, host: str) -> _Answer:
        """Look a name up, or wait for the lookup of it that is under way; again while that lacks descriptors."""
        pause = FIRST_PAUSE
        while True:
            answer = self._under_way.get(host) or await self._in_turn(host)
            try:
                return await asyncio.shield(answer)
            except NoDescriptors as error:
                note_lack(f"could not look {host} up: {error.strerror}")
                if not is_worth_waiting():
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _in_turn(self, host: str) -> asyncio.Future[_Answer]:
        """A lookup, begun when there are not too many. Its place is free again when it has ended, not when its asker
        goes: a thread that hangs takes one."""
        with queueing():
            await self._free.acquire()
        try:
            return await retry_until_possible(lambda: self._begin(host), f"look {host} up")
        except BaseException:
            self._free.release()
            raise

    def _begin(self, host: str) -> asyncio.Future[_Answer]:
        if (known := self._under_way.get(host)) is not None:  # begun by another asker meanwhile
            self._free.release()
            return known
        answer: asyncio.Future[_Answer] = self._loop.create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # the asker may have gone
        # a thread of its own and a daemon: one that hangs must keep neither a pool nor the program's end waiting
        start_thread(threading.Thread(target=self._look_up, args=(host, answer), name=f"lookup {host}", daemon=True))
        self._under_way[host] = answer  # the thread takes it out by way of the event loop, so not before this
        return answer

    def _look_up(self, host: str, answer: asyncio.Future[_Answer]) -> None:
        found: _Answer = []
        error: Exception | None = None
        try:
            is_short = not has_descriptors(_OF_A_LOOKUP)
            results = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys((family, address) for family, _, _, _, address in results))
        except OSError as failed:
            error = NameNotFound(failed.strerror or str(failed))
            if is_short or shortage_in(failed) or not has_descriptors(_OF_A_LOOKUP):
                error = NoDescriptors()
        except UnicodeError:
            error = NameNotFound("not a valid host name")
        try:
            self._loop.call_soon_threadsafe(self._finish, host, answer, found, error)
        except RuntimeError:
            return  # the event loop is closed: nobody waits any more

    def _finish(self, host: str, answer: asyncio.Future[_Answer], found: _Answer, error: Exception | None) -> None:
        self._free.release()
        del self._under_way[host]
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found)


_LOOKUPS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lookups] = WeakKeyDictionary()
