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

STEP = 8 * 1024
"""bytes that are taken in at a time: of chunks or frames of no size these are thousands, and others have their turn"""

INFORMATIONAL_LIMIT = 20
"""answers of status 1xx that are heard before the one that counts"""

_END = h11.EndOfMessage()

Headers = Sequence[tuple[bytes, bytes]]


class NoHttp(Exception):
    """What came is no answer in HTTP; the text is for the user."""


class HttpAnswer(NamedTuple):
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
        self._reading: asyncio.ReadTransport | None = None
        self._waiting = bytearray()
        self._ends: list[Exception] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reading may begin."""
        if isinstance(transport, asyncio.ReadTransport):
            self._reading = transport

    def data_received(self, data: bytes) -> None:
        """Take in a piece of the answer, a STEP in each round of the event loop: TLS hands over 256 KiB at a time."""
        if self._waiting:
            self._waiting += data
            return
        self._hear(data[:STEP])
        if len(data) > STEP and not self.finished.done():
            self._waiting += data[STEP:]
            if self._reading is not None:
                self._reading.pause_reading()
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self.finished.done():
            return
        piece = bytes(self._waiting[:STEP])
        del self._waiting[:STEP]
        self._hear(piece)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._go_on)
        elif self._ends:
            self._end(self._ends[0])
        elif self._reading is not None:
            self._reading.resume_reading()

    def _hear(self, data: bytes) -> None:
        """Heed so much of the answer."""
        raise NotImplementedError

    def eof_received(self) -> None:
        """The server has said all."""
        self._end(EOFError())

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._end(error if isinstance(error, OSError) else OSError(str(error or "connection closed")))

    def _end(self, reason: Exception) -> None:
        """Nothing comes any more, but what waits is heard before."""
        if self._waiting:
            self._ends.append(reason)
        elif isinstance(reason, EOFError):
            self._said_all()
        else:
            self._fail(reason)

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

    def _said_all(self) -> None:
        self._hung_up()

    def _hung_up(self) -> None:
        self._fail(NoHttp("no HTTP answer: the server hung up before it was complete"))

    def _fail(self, error: Exception) -> None:
        if not self.finished.done():
            self.finished.set_exception(error)

    def answer(self) -> HttpAnswer:
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
        self._informational = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self.to_send)

    def read_from(self, connection: socket.socket) -> None:
        """Take in what has come on a socket."""
        try:
            data = connection.recv(STEP)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.connection_lost(error)
            return
        if data:
            self.data_received(data)
        else:
            self.eof_received()

    def _hear(self, data: bytes) -> None:
        if self._status is None:
            self._first_byte = self._first_byte or time.perf_counter()
            self._head += data
        self._advance(data)

    def _said_all(self) -> None:
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
                    self._pass_over_informational()
        except h11.RemoteProtocolError as error:
            if not data:
                self._hung_up()
            self._fail(NoHttp(f"no HTTP answer: {error}"))

    def _pass_over_informational(self) -> None:
        self._informational += 1
        if self._informational > INFORMATIONAL_LIMIT:
            self._fail(NoHttp(f"no HTTP answer: more than {INFORMATIONAL_LIMIT} of status 1xx before it"))
        del self._head[: _length_of_head(self._head)]

    def answer(self) -> HttpAnswer:
        """The answer, once ``finished``."""
        status = self._status
        if status is None:
            raise NoHttp("no answer")
        return HttpAnswer(
            status.status_code,
            status.reason,
            status.http_version.decode("ascii"),
            bytes(self._head[: _length_of_head(self._head)]),
            status.headers,
            bytes(self._body),
            self._size,
            self._whole,
            self._first_byte,
        )


def _length_of_head(received: bytearray) -> int:
    """Up to and with the empty line, whatever line ends the server uses."""
    ends = [received.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if mark in received]
    return min(ends, default=len(received))
