"""One HTTP request over one connection, behind httpx's transport interface.

A check asks once and hangs up. httpx's own client spends most of its time on what that has no use for: a pool, cookies,
redirects, authentication. Here asyncio connects, h11 speaks HTTP/1.1 with ``Connection: close``, and httpx's Request
and Response are the words used, so that httpx.AsyncHTTPTransport can stand in where HTTP/2 or a proxy is wanted.

Everything of httpx that pymon uses is in this module.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import h11
import httpx

from pymon.monitor import net

Request = httpx.Request
Response = httpx.Response
TransportError = httpx.TransportError

BODY_LIMIT = 4 << 20
"""bytes of a body that are read; what follows is not waited for"""

_HEAD_LIMIT = 64 * 1024


class OneShotTransport(httpx.AsyncBaseTransport):
    """Opens a connection for each request and closes it after the answer; may be used by many tasks at once.

    Request extensions: ``target`` (bytes: the request target as it is to be sent), ``connect_host`` (str: where to
    connect, if not the URL's host), ``sni_hostname`` (str: the name asked for and verified in TLS). Response
    extension: ``head`` (bytes: status line and headers as they came, with the empty line).

    Raises httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, whose text is for the user. Time limits are
    the caller's (asyncio.timeout).
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """``tls`` is used for https URLs."""
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and wait for the whole answer (up to BODY_LIMIT)."""
        loop = asyncio.get_running_loop()
        exchange = _Exchange(loop, _wire_format(request), request.method.encode())
        transport = await self._open(loop, request, exchange)
        try:
            await exchange.finished
        finally:
            transport.abort()
        return exchange.response(request)

    async def _open(
        self, loop: asyncio.AbstractEventLoop, request: httpx.Request, exchange: _Exchange
    ) -> asyncio.Transport:
        secure = request.url.scheme == "https"
        host = request.extensions.get("connect_host") or request.url.host
        port = request.url.port or (443 if secure else 80)
        options: dict[str, Any] = {}
        if secure:
            options = {"ssl": self._tls or True, "server_hostname": request.extensions.get("sni_hostname") or host}
        try:
            connection = await net.connect(host, port)
            transport, _ = await loop.create_connection(lambda: exchange, sock=connection, **options)
        except ssl.SSLCertVerificationError as error:
            raise httpx.ConnectError(f"certificate verify failed: {error.verify_message}", request=request) from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(f"TLS: {error.reason or error}", request=request) from error
        except net.NameNotFound as error:
            raise httpx.ConnectError(f"name not found: {error}", request=request) from error
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise httpx.ConnectError(f"could not connect: {reason}", request=request) from error
        return transport


def _wire_format(request: httpx.Request) -> tuple[bytes, h11.Connection]:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
    target = request.extensions.get("target", request.url.raw_path)
    headers = [*request.headers.raw, (b"Connection", b"close")]
    try:
        data = connection.send(h11.Request(method=request.method.encode(), target=target, headers=headers)) or b""
        data += connection.send(h11.EndOfMessage()) or b""
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error
    return data, connection


class _Exchange(asyncio.Protocol):
    """Sends the request when connected, collects the answer, and is ``finished`` when it is complete."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wire: tuple[bytes, h11.Connection], method: bytes) -> None:
        self.finished: asyncio.Future[None] = loop.create_future()
        self._to_send, self._http = wire
        self._method = method
        self._head = bytearray()
        self._status: h11.Response | None = None
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self._to_send)

    def data_received(self, data: bytes) -> None:
        """Take in a piece of the answer."""
        if self._status is None:
            self._head += data
        self._advance(data)

    def eof_received(self) -> None:
        """The server has said all."""
        self._advance(b"")
        self._fail(httpx.RemoteProtocolError("the server hung up before its answer was complete"))

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        reason = getattr(error, "strerror", None) or str(error or "connection closed")
        self._fail(httpx.ReadError(reason))

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
                    self._body += event.data
                    if len(self._body) >= BODY_LIMIT:
                        self.finished.set_result(None)
                elif isinstance(event, h11.EndOfMessage):
                    self.finished.set_result(None)
                elif not isinstance(event, h11.InformationalResponse):
                    return
                else:
                    self._drop_informational_head()
        except h11.RemoteProtocolError as error:
            self._fail(httpx.RemoteProtocolError(f"no HTTP answer: {error}"))

    def _drop_informational_head(self) -> None:
        _, separator, rest = bytes(self._head).partition(b"\r\n\r\n")
        if separator:
            self._head = bytearray(rest)

    def _fail(self, error: httpx.TransportError) -> None:
        if not self.finished.done():
            self.finished.set_exception(error)

    def response(self, request: httpx.Request) -> httpx.Response:
        """The complete answer."""
        status = self._status
        if status is None:
            raise httpx.RemoteProtocolError("no answer", request=request)
        return httpx.Response(
            status.status_code,
            headers=status.headers.raw_items(),
            content=bytes(self._body),
            request=request,
            extensions={
                "http_version": b"HTTP/" + status.http_version,
                "reason_phrase": status.reason,
                "head": _head_of(bytes(self._head)),
            },
        )


def _head_of(received: bytes) -> bytes:
    """Up to and with the empty line, whatever line ends the server uses."""
    ends = [received.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if mark in received]
    return received[: min(ends)] if ends else received
