"""Accepts connections, and keeps count of them: who may come, how many at once, and that all end with the server."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import pwd
import resource
import socket
import ssl
import struct
import time
from collections.abc import Callable

from pymon.access.log_limit import LogLimit, more
from pymon.access.login_backoff import network
from pymon.access.logins import ANY_NAME
from pymon.server.commands.reply import Session
from pymon.server.limits import ServerLimits
from pymon.server.listen.connection import ServedConnection, ServerContext
from pymon.server.listen.connection_limit import ConnectionLimit

log = logging.getLogger("pymon.server")

LOCAL_PEER = "unix"
"""what stands for the address of a peer on the Unix socket"""

_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

TlsContext = Callable[[], ssl.SSLContext]


class Clients:
    """All connections of a server. ``is_welcome`` tells by the address who may connect."""

    def __init__(self, context: ServerContext, is_welcome: Callable[[str], bool]) -> None:
        self._context = context
        self._is_welcome = is_welcome
        limits = self._limits = context.limits
        most = _limit_to_descriptors(limits.connections)
        tls = min(limits.tls_connections, most)
        self._remote = ConnectionLimit(most, most // limits.share)
        self._tls = ConnectionLimit(tls, tls // limits.share)
        self._local = ConnectionLimit(limits.local_connections, limits.local_connections // limits.local_share)
        self._tasks: dict[asyncio.Task[None], ServedConnection | None] = {}
        self._log_limit = LogLimit()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._tasks)

    @property
    def connections(self) -> tuple[ServedConnection, ...]:
        """Those that are there, without those that are still being made."""
        return tuple(each for each in self._tasks.values() if each is not None)

    async def accept_from(self, listening: socket.socket, tls: TlsContext | None = None) -> None:
        """Accept connections until this is cancelled; with ``tls``, a handshake comes first."""
        burst = self._limits.burst if tls is None else self._limits.tls_burst
        while True:
            for _ in range(burst):
                try:
                    connection, address = await asyncio.get_running_loop().sock_accept(listening)
                except OSError as error:
                    await self._cannot_accept(error)
                    break
                self._admit(connection, address, tls)
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """End all: at once where nothing is asked, else when the answer is sent, within ``last_words``."""
        for task, connection in self._tasks.items():
            if connection is None or not connection.is_busy:
                task.cancel()
            else:
                connection.is_last = True
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=self._limits.last_words)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def expel(self) -> None:
        """Close the connections of those who are not welcome any more."""
        for task, connection in self._tasks.items():
            if connection is not None and not self._may_come(connection.session.peer):
                log.info("closing unwanted client: %s", connection.session.peer)
                task.cancel()

    def _may_come(self, peer: str) -> bool:
        return peer == LOCAL_PEER or self._is_welcome(peer)

    def _admit(self, accepted: socket.socket, address: object, tls: TlsContext | None) -> None:
        if accepted.family == socket.AF_UNIX:
            peer, limit, place = LOCAL_PEER, self._local, f"uid {_uid(accepted)}"
        else:
            peer = _address(address)
            limit, place = self._tls if tls else self._remote, network(peer)
        if not self._may_come(peer):
            self._log(logging.INFO, "unwanted", "closing unwanted client: %s", peer)
            accepted.close()
        elif refusal := limit.refusal(place):
            who = peer if place == peer else f"{peer} ({place})"
            self._log(logging.WARNING, f"full {id(limit)}", "closing client %s: %s, no more are accepted", who,
                       refusal)  # fmt: skip
            accepted.close()
        else:
            limit.enter(place)
            task = asyncio.create_task(self._serve(accepted, peer, tls), name=f"client {peer}")
            self._tasks[task] = None
            task.add_done_callback(lambda task: self._leave(task, limit, place))

    def _leave(self, task: asyncio.Task[None], limit: ConnectionLimit, place: str) -> None:
        limit.leave(place)
        self._tasks.pop(task)

    async def _serve(self, accepted: socket.socket, peer: str, tls: TlsContext | None) -> None:
        try:
            accepted.setblocking(False)
            session = await _local_session(accepted) if peer == LOCAL_PEER else Session(peer=peer)
            reader, writer = await _streams(accepted, tls() if tls else None, self._limits)
        except (OSError, asyncio.IncompleteReadError) as error:  # TLS errors and timeouts are OSErrors
            self._log(logging.INFO, "handshake", "client %s failed its handshake: %s", peer, error or "too slow")
            accepted.close()
            return
        except BaseException:
            accepted.close()
            raise
        connection = ServedConnection(self._context, reader, writer, session)
        task = asyncio.current_task()
        if task in self._tasks:
            self._tasks[task] = connection
        try:
            await connection.run()
        except Exception:
            log.exception("a client's connection failed (a bug in pymon)")

    async def _cannot_accept(self, error: OSError) -> None:
        if error.errno in _SCARCE:
            message = "clients have to wait: %s (%d are connected)"
            self._log(logging.ERROR, "scarce", message, error.strerror, len(self._tasks))
            await asyncio.sleep(self._limits.accept_pause)
        else:  # the connection broke before it was accepted
            log.debug("a client was gone at once: %s", error)

    def _log(self, level: int, kind: str, message: str, *facts: object) -> None:
        left_out = self._log_limit.admit(kind, time.monotonic())
        if left_out is not None:
            log.log(level, f"{message}%s", *facts, more(left_out))


async def _streams(
    accepted: socket.socket, tls: ssl.SSLContext | None, limits: ServerLimits
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limits.read)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, accepted, ssl=tls, ssl_handshake_timeout=limits.handshake if tls else None
    )
    transport.set_write_buffer_limits(high=limits.chunk)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _local_session(accepted: socket.socket) -> Session:
    """Who is at the other end of a Unix socket, as the kernel says: logged in from the start.

    It may take its own name without a password; root and the daemon's own user any name.
    """
    uid = _uid(accepted)
    try:
        user = (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError:
        user = ""
    if uid in (0, os.getuid()):
        return Session(peer=LOCAL_PEER, user=user, peer_users=frozenset({ANY_NAME}))
    return Session(peer=LOCAL_PEER, user=user, peer_users=frozenset({user} if user else ()))


def _uid(accepted: socket.socket) -> int:
    """Whose process connected to a Unix socket."""
    _, uid, _ = struct.unpack("3i", accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


def _address(address: object) -> str:
    """An address as clientallow sees it, without port and scope."""
    return str(address[0]).partition("%")[0] if isinstance(address, tuple) else ""


def _limit_to_descriptors(wanted: int) -> int:
    """How many connections the system's limit of open files leaves room for, ``wanted`` at most."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if allowed == resource.RLIM_INFINITY else min(wanted, allowed // 4)
