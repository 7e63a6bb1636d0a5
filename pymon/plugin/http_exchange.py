"""One HTTP/1.1 request and its answer, over a connection that somebody else made."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

import h11

BODY_LIMIT = 4 << 20
"""bytes of a body that are kept; unless the size of it matters, what follows is not waited for"""

HEAD_LIMIT = 64 * 1024
"""bytes of status line and headers that are waited for"""

_CHUNK = 64 * 1024
_END = h11.EndOfMessage()

Headers = Sequence[tuple[bytes, bytes]]


class NoHttp(Exception):
    """What came is no answer in HTTP; the text is for the user."""


class Answer(NamedTuple):
    """What a server answered.

    ``version`` is "1.0", "1.1" or "2". ``head`` is the status line and the headers as they came, with the empty line
    (of HTTP/2, what they would be in HTTP/1.1); ``headers`` has their names in lower case. ``body`` is what came of
    it, chunks put together, but any content encoding still on it, at most about BODY_LIMIT; ``size`` the bytes that
    came of it, and ``whole`` whether these are all. ``first_byte`` is when (time.perf_counter) the first byte came.
    """

    status: int
    reason: bytes
    version: str
    head: bytes
    headers: Headers
    body: bytes
    size: int
    whole: bool
    first_byte: float


class Exchange(asyncio.Protocol):
    """What both versions have in common: ``finished`` when the answer is complete, or fails with NoHttp or OSError.

    ``early`` is what the server said before this was connected.
    """

    def __init__(self, read_limit: int) -> None:
        """``read_limit``: bytes of the body after which no more are waited for."""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.early = b""
        self._read_limit = read_limit
        self._body = bytearray()
        self._size = 0
        self._whole = False
        self._first_byte = 0.0

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._fail(error if isinstance(error, OSError) else OSError(str(error or "connection closed")))

    def _take(self, data: bytes | bytearray) -> None:
        """A piece of the body."""
        self._size += len(data)
        if len(self._body) < BODY_LIMIT:
            self._body += data
        if self._size >= self._read_limit:
            self._finish(whole=False)

    def _finish(self, *, whole: bool) -> None:
        if not self.finished.done():
            self._whole = whole
            self.finished.set_result(None)

    def _hung_up(self) -> None:
        self._fail(NoHttp("no HTTP answer: the server hung up before it was complete"))

    def _fail(self, error: Exception) -> None:
        if not self.finished.done():
            self.finished.set_exception(error)

    def answer(self) -> Answer:
        """The answer, once ``finished``."""
        raise NotImplementedError


class Http1Exchange(Exchange):
    """Sends the request when connected, and collects the answer."""

    def __init__(self, question: h11.Request, body: bytes, read_limit: int) -> None:
        """``body`` is what the Content-Length of ``question`` says."""
        super().__init__(read_limit)
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self.to_send = self._http.send(question) or b""
        if body:
            self.to_send += self._http.send(h11.Data(data=body)) or b""
        self._http.send(_END)
        self._head = bytearray()
        self._status: h11.Response | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self.to_send)

    def read_from(self, connection: socket.socket) -> None:
        """Take in what has come on a socket."""
        try:
            data = connection.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.connection_lost(error)
            return
        if data:
            self.data_received(data)
        else:
            self.eof_received()

    def data_received(self, data: bytes) -> None:
        """Take in a piece of the answer."""
        if self._status is None:
            self._first_byte = self._first_byte or time.perf_counter()
            self._head += data
        self._advance(data)

    def eof_received(self) -> None:
        """The server has said all."""
        self._advance(b"")
        self._hung_up()

    def _advance(self, data: bytes) -> None:
        if self.finished.done():
            return
        try:
            self._http.receive_data(data)
            while not self.finished.done():
                event = self._http.next_event()
                if isinstance(event, h11.Response):
                    self._status = event
                elif isinstance(event, h11.Data):
                    self._take(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._finish(whole=True)
                elif not isinstance(event, h11.InformationalResponse):
                    return
                else:
                    self._drop_informational_head()
        except h11.RemoteProtocolError as error:
            if not data:
                self._hung_up()
            self._fail(NoHttp(f"no HTTP answer: {error}"))

    def _drop_informational_head(self) -> None:
        _, separator, rest = bytes(self._head).partition(b"\r\n\r\n")
        if separator:
            self._head = bytearray(rest)

    def answer(self) -> Answer:
        """The answer, once ``finished``."""
        status = self._status
        if status is None:
            raise NoHttp("no answer")
        return Answer(
            status.status_code,
            status.reason,
            status.http_version.decode("ascii"),
            _head_of(bytes(self._head)),
            status.headers,
            bytes(self._body),
            self._size,
            self._whole,
            self._first_byte,
        )


def _head_of(received: bytes) -> bytes:
    """Up to and with the empty line, whatever line ends the server uses."""
    ends = [received.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if mark in received]
    return received[: min(ends)] if ends else received
