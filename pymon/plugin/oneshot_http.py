"""One HTTP request over one connection, behind httpx's transport interface.

A check asks once and hangs up. httpx's own client spends most of its time on what that has no use for: a pool, cookies,
redirects, authentication. Here asyncio connects, h11 speaks HTTP/1.1 with ``Connection: close``, and httpx's Request
and Response are the words used, so that httpx.AsyncHTTPTransport can stand in where HTTP/2 or a proxy is wanted.

Everything of httpx that pymon uses is in this module.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

import h11
import httpx

from pymon.plugin import net

Request = httpx.Request
Response = httpx.Response
TransportError = httpx.TransportError

BODY_LIMIT = 4 << 20
"""bytes of a body that are read; what follows is not waited for"""

_HEAD_LIMIT = 64 * 1024
_CHUNK = 64 * 1024
_END = h11.EndOfMessage()


class OneShotTransport(httpx.AsyncBaseTransport):
    """Opens a connection for each request and closes it after the answer; may be used by many tasks at once.

    A request is sent with its body. Request extensions: ``target`` (bytes: the request target as it is to be sent),
    ``connect_host`` (str: where to connect, if not the URL's host), ``sni_hostname`` (str: the name asked for and
    verified in TLS). Response extensions: ``head`` (bytes: status line and headers as they came, with the empty line)
    and ``body`` (bytes: what ``await response.aread()`` makes its content of, chunks put together, but any content
    encoding still on it).

    Raises httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, whose text is for the user. Time limits are
    the caller's (asyncio.timeout).
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """``tls`` is used for https URLs."""
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and wait for the whole answer (up to BODY_LIMIT)."""
        exchange = _Exchange(request)
        connection = await _connect(request)
        if request.url.scheme == "https":
            await self._over_tls(connection, exchange)
        else:
            await _over_tcp(connection, exchange)
        return exchange.response()

    async def _over_tls(self, connection: socket.socket, exchange: _Exchange) -> None:
        request = exchange.request
        name = request.extensions.get("sni_hostname") or request.extensions.get("connect_host") or request.url.host
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_connection(
                lambda: exchange, sock=connection, ssl=self._tls or ssl.create_default_context(), server_hostname=name
            )
        except ssl.SSLCertVerificationError as error:
            raise httpx.ConnectError(f"certificate verify failed: {error.verify_message}", request=request) from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(f"TLS: {error.reason or error}", request=request) from error
        except OSError as error:
            raise httpx.ConnectError(f"TLS: {_words(error)}", request=request) from error
        try:
            await exchange.finished
        finally:
            transport.abort()


async def _connect(request: httpx.Request) -> socket.socket:
    host = request.extensions.get("connect_host") or request.url.host
    try:
        return await net.connect(host, request.url.port or (443 if request.url.scheme == "https" else 80))
    except net.NameNotFound as error:
        raise httpx.ConnectError(f"name not found: {error}", request=request) from error
    except OSError as error:
        raise httpx.ConnectError(f"could not connect: {_words(error)}", request=request) from error


async def _over_tcp(connection: socket.socket, exchange: _Exchange) -> None:
    """Without a transport: half the cost of a short conversation is to set one up."""
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(connection, exchange.to_send)
        loop.add_reader(connection.fileno(), exchange.read_from, connection)
        try:
            await exchange.finished
        finally:
            loop.remove_reader(connection.fileno())
    except OSError as error:
        raise httpx.WriteError(_words(error), request=exchange.request) from error
    finally:
        connection.close()


def _words(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _question(request: httpx.Request) -> h11.Request:
    """The request as h11 has it, made once for each request object: checking the headers takes its time."""
    question: h11.Request | None = request.extensions.get("h11")
    if question is None:
        target = request.extensions.get("target", request.url.raw_path)
        headers = [*request.headers.raw, (b"Connection", b"close")]
        try:
            question = h11.Request(method=request.method.encode(), target=target, headers=headers)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        request.extensions["h11"] = question
    return question


class _Exchange(asyncio.Protocol):
    """Sends the request when connected, collects the answer, and is ``finished`` when it is complete."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
        self.to_send = self._http.send(_question(request)) or b""
        if request.content:
            self.to_send += self._http.send(h11.Data(request.content)) or b""
        self._http.send(_END)
        self._head = bytearray()
        self._status: h11.Response | None = None
        self._body = bytearray()

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

    def response(self) -> httpx.Response:
        """The complete answer."""
        status = self._status
        if status is None:
            raise httpx.RemoteProtocolError("no answer", request=self.request)
        body = bytes(self._body)
        return httpx.Response(
            status.status_code,
            headers=status.headers.raw_items(),
            stream=httpx.ByteStream(body),
            request=self.request,
            extensions={
                "http_version": b"HTTP/" + status.http_version,
                "reason_phrase": status.reason,
                "head": _head_of(bytes(self._head)),
                "body": body,
            },
        )


def _head_of(received: bytes) -> bytes:
    """Up to and with the empty line, whatever line ends the server uses."""
    ends = [received.find(mark) + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if mark in received]
    return received[: min(ends)] if ends else received
