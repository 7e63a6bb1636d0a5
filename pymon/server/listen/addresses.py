"""Where the server listens: places by the settings, and the sockets that are bound there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pymon.errors import ServerError
from pymon.model.settings import Settings
from pymon.protocol.wire import DEFAULT_PORT

ANY = "*"
"""in serverbind and trapbind: every address, of IPv4 and IPv6"""
LOOPBACK = Settings().serverbind
"""where clients are listened for, unless the file says otherwise; not every machine has all of it"""
BACKLOG = 1024
"""connections that the kernel keeps for the server to accept"""
RECEIVE_BUFFER = 4 * 2**20
"""bytes of datagrams that the kernel is asked to keep; it may allow less to who is not root"""
SO_RCVBUFFORCE = 33
"""of <asm-generic/socket.h>; needs CAP_NET_ADMIN"""
_NO_SUCH_FAMILY = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


class ListenerKind(StrEnum):
    """What a place is for."""

    CLIENTS = "clients"
    TLS = "clients over TLS"
    LOCAL = "clients on this machine"
    TRAPS = "traps"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """One thing to listen on: an address or name with a port, or for LOCAL a path with its mode.

    ``may_be_missing``: it is one of several that nobody asked for by name, and not every machine has it.
    """

    kind: ListenerKind
    host: str
    port: int = 0
    mode: int = 0
    may_be_missing: bool = False

    def __str__(self) -> str:
        """For people, such as ``127.0.0.1 port 2583 (TCP)``."""
        if self.kind is ListenerKind.LOCAL:
            return self.host
        return f"{self.host} port {self.port} ({'UDP' if self.kind is ListenerKind.TRAPS else 'TCP'})"


def places(settings: Settings) -> tuple[ListenAddress, ...]:
    """Every place that the settings ask for."""
    port = settings.serverport or DEFAULT_PORT
    hosts, is_default = (settings.serverbind or LOOPBACK), is_closed_to_others(settings)
    made = [*_each(ListenerKind.CLIENTS, hosts, port, is_default)]
    if settings.servertls is not None:
        made += _each(ListenerKind.TLS, hosts, settings.servertls, is_default)
    if settings.serversocket:
        made.append(ListenAddress(ListenerKind.LOCAL, settings.serversocket, mode=settings.serversocketmode))
    made += _each(ListenerKind.TRAPS, settings.trapbind or (ANY,), settings.trapport or DEFAULT_PORT, False)
    return tuple(dict.fromkeys(made))


def is_closed_to_others(settings: Settings) -> bool:
    """Whether clients are awaited where they are without ``serverbind``: on loopback only, where mon awaits all."""
    return settings.serverbind in ((), LOOPBACK)


def _each(kind: ListenerKind, hosts: tuple[str, ...], port: int, is_default: bool) -> Iterator[ListenAddress]:
    for host in hosts:
        if host == ANY:
            yield ListenAddress(kind, "0.0.0.0", port)  # noqa: S104  # asked for, or mon's way for traps
            yield ListenAddress(kind, "::", port, may_be_missing=True)
        else:
            yield ListenAddress(kind, host, port, may_be_missing=is_default and ":" in host)


def open_sockets(place: ListenAddress) -> list[socket.socket]:
    """Bind (and for all but traps listen) at a place; a name may stand for several addresses. Looks up names: blocks.

    Returns no sockets if the address does not exist and may be missing. Raises ServerError, which names the place, if
    it cannot be bound.
    """
    if place.kind is ListenerKind.LOCAL:
        return [_open_local(Path(place.host), place.mode)]
    kind = socket.SOCK_DGRAM if place.kind is ListenerKind.TRAPS else socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(place.host, place.port, type=kind, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ServerError(f"cannot listen on {place}: no such address ({_reason(error)})") from error
    opened: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((info[0], info[4]) for info in found):
            opened.append(_open(family, kind, address))
    except OSError as error:
        for each in opened:
            each.close()
        if place.may_be_missing and error.errno in _NO_SUCH_FAMILY:
            return []
        raise ServerError(f"cannot listen on {place}: {_reason(error)}") from error
    return opened


def _open(family: int, kind: socket.SocketKind, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _ask_for_room(made)
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _ask_for_room(made: socket.socket) -> None:
    """Have the kernel keep RECEIVE_BUFFER bytes of datagrams, beyond what it allows to everybody if this is root."""
    try:
        made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except OSError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _open_local(path: Path, mode: int) -> socket.socket:
    """Listen on a Unix socket, which appears with its mode, and in place of one that nobody listens on any more."""
    _refuse_if_taken(path)
    temporary = path.with_name(f".{secrets.token_hex(4)}")  # short: the whole path may have 107 bytes
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.bind(str(temporary))
        # Nobody can connect before listen(): so no moment has another mode than the one that is wanted.
        temporary.chmod(mode)
        made.listen(BACKLOG)
        temporary.replace(path)
    except OSError as error:
        made.close()
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise ServerError(f"cannot listen on the socket {path}: {_reason(error)}") from error
    return made


def _refuse_if_taken(path: Path) -> None:
    """Raise ServerError if something else is there: a file that is no socket, or a socket that is listened on."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ServerError(f"cannot listen on the socket {path}: {_reason(error)}") from error
    if not stat.S_ISSOCK(found.st_mode):
        raise ServerError(f"cannot listen on the socket {path}: there is a file that is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
        except OSError as error:
            raise ServerError(f"cannot listen on the socket {path}: {_reason(error)}") from error
    raise ServerError(f"cannot listen on the socket {path}: another process listens on it")


def remove_local(path: Path, identity: tuple[int, int]) -> None:
    """Remove a Unix socket, if it is still the one that was made (device and inode)."""
    with contextlib.suppress(OSError):
        found = path.lstat()
        if (found.st_dev, found.st_ino) == identity:
            path.unlink()


def identity_of(path: Path) -> tuple[int, int]:
    """Device and inode of a file; zeros if it is gone."""
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "it is in use by another process"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
