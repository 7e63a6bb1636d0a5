"""Small servers on loopback whose port refuses connections until they are opened."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Talk = Callable[[socket.socket], None]
"""What a server says on one connection."""


class Server:
    """Owns a port of 127.0.0.1 from the start; connections are refused until ``open``."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Its TCP port."""
        return int(self._socket.getsockname()[1])

    def open(self) -> None:
        """Begin to serve, in a thread."""
        self._socket.listen(64)
        self._thread = threading.Thread(target=self._serve, name=f"server {self.port}")
        self._thread.start()

    def close(self) -> None:
        """Stop serving and give the port back."""
        if self._thread is not None:
            # Shutting a listening socket down ends the accept that waits on it.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self._talk(connection)


@contextlib.contextmanager
def serving(talk: Talk) -> Iterator[Server]:
    """A server that is closed at the end."""
    server = Server(talk)
    try:
        yield server
    finally:
        server.close()


def http(connection: socket.socket) -> None:
    """Answer any request with 200."""
    request = b""
    while b"\r\n\r\n" not in request and (more := connection.recv(4096)):
        request += more
    body = b"hello\n"
    connection.sendall(
        b"HTTP/1.0 200 OK\r\nServer: small\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )


def ftp(connection: socket.socket) -> None:
    """Greet, and say goodbye when asked to."""
    connection.sendall(b"220 ready\r\n")
    if connection.recv(4096):
        connection.sendall(b"221 goodbye\r\n")


def tcp(connection: socket.socket) -> None:
    """Accept, and wait for the other side to go."""
    connection.recv(1)
