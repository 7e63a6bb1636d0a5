"""A blocking connection: the conversation's steps over a socket, with a limit on the time of each."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from pymon.client.address import ServerAddress, connection_failure
from pymon.client.endpoint import CHUNK, Endpoint
from pymon.client.performer import Performer
from pymon.client.protocol import ClientCommand, Reply, Steps
from pymon.errors import ClientError, ConnectionLost, HostNotFound, NotConnected, ServerTimeout

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
_Place = str | tuple[str | int | bytes, ...]


class Connection(Endpoint, Performer):
    """One connection to a server; not for several threads at once.

    It is made as ``Endpoint`` says. As a context manager it connects, and quits at the end.

    All raise ClientError: NotConnected, ConnectionFailed, ConnectionLost, ServerTimeout, BadAnswer, CommandFailed.
    """

    _socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            self.quit()
        else:
            self.close()

    @property
    def connected(self) -> bool:
        """Whether commands can be sent."""
        return self._socket is not None and self._conversation.is_open

    def connect(self) -> None:
        """Connect, compare protocol versions, and log in if there is a user name. A connection that is open
        is closed first.

        Raises ConnectionFailed, ProtocolMismatch, AuthenticationFailed.
        """
        self.close()
        deadline = time.monotonic() + self.timeout
        self._socket = _connect(self.address, self._tls, deadline)
        try:
            self._drive(self._greeting(), deadline)
        except (ClientError, ValueError):  # refused, or no login that can be sent
            self.close()
            raise

    def close(self) -> None:
        """Close the connection without a word."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def quit(self) -> None:
        """Say goodbye and close; a server that is gone already is no error."""
        if self.connected:
            with suppress(ClientError):  # closed is what was wanted
                self._drive(self._conversation.say_goodbye())
        self.close()

    def ask(self, line: str) -> Reply:
        """Send a command line as it is, and give the answer, also one of 5xx."""
        return self._drive(self._conversation.ask(line))

    def perform(self, command: ClientCommand[T]) -> T:
        """Perform a command, such as ``Methods`` makes."""
        return self._drive(self._conversation.perform(command))

    def _drive(self, steps: Steps[T], deadline: float | None = None) -> T:
        if self._socket is None:
            raise NotConnected("not connected")
        until = time.monotonic() + self.timeout if deadline is None else deadline
        try:
            to_send = next(steps)
            while True:
                to_send = steps.send(_transfer(self._socket, to_send, until))
        except StopIteration as end:
            result: T = end.value
            return result
        except TimeoutError:
            raise ServerTimeout(f"no answer from {self.address} within {self.timeout:g} seconds") from None
        except OSError as error:
            raise ConnectionLost(f"the connection to {self.address} broke: {error.strerror or error}") from error
        finally:
            if not self._conversation.is_open:
                self.close()


def _connect(address: ServerAddress, tls: ssl.SSLContext | bool, deadline: float) -> socket.socket:
    """A connected socket, of the first of the host's addresses that takes the connection."""
    try:
        places = _places(address)
    except (OSError, UnicodeError) as error:
        raise HostNotFound(f"cannot find {address.host}: {getattr(error, 'strerror', None) or error}") from error
    failure: OSError | None = None
    for family, place in places:
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # a kernel without IPv6, whose hosts file has ::1
            failure = error
            continue
        try:
            _limit(connection, deadline)
            connection.connect(place)
            return _wrap_in_tls(connection, address, tls, deadline)
        except OSError as error:
            connection.close()
            failure = error
    raise connection_failure(address, failure) from failure


def _places(address: ServerAddress) -> list[tuple[socket.AddressFamily, _Place]]:
    """Where to connect to, in the order to try. Raises OSError, and UnicodeError for what is no host name."""
    if address.path:
        return [(socket.AF_UNIX, address.path)]
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return [(family, place) for family, _, _, _, place in found]


def _wrap_in_tls(
    connection: socket.socket, address: ServerAddress, tls: ssl.SSLContext | bool, deadline: float
) -> socket.socket:
    if tls is False:
        return connection
    if tls is True:
        import ssl  # noqa: PLC0415  # costs as much as all the rest

        tls = ssl.create_default_context()
    _limit(connection, deadline)
    return tls.wrap_socket(connection, server_hostname=address.host)


def _transfer(connection: socket.socket, data: bytes, deadline: float) -> bytes:
    """Send what there is to send, then receive. Raises TimeoutError, OSError."""
    if data:
        _limit(connection, deadline)
        connection.sendall(data)
    _limit(connection, deadline)
    return connection.recv(CHUNK)


def _limit(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
