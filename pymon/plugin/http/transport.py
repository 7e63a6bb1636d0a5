"""One HTTP request over one connection, behind httpx's transport interface.

A check asks once and hangs up. httpx's own client spends most of its time on what that has no use for: a pool, cookies,
redirects, authentication. Here asyncio connects, h11 speaks HTTP/1.1 with ``Connection: close`` (or h2 speaks HTTP/2),
and httpx's Request, Response and exceptions are the words used, so that httpx's client can be put on top.

Everything of httpx that pymon uses is in this module.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import h11
import httpx

from pymon.plugin import net
from pymon.plugin.http.http1 import (
    BODY_LIMIT,
    HEAD_LIMIT,
    INFORMATIONAL_LIMIT,
    Exchange,
    Http1Exchange,
    HttpAnswer,
    NoHttp,
)
from pymon.plugin.tls import tls_context, tls_problem
from pymon.text import decode, encode

__all__ = [
    "BODY_LIMIT",
    "Asked",
    "HttpAnswer",
    "OneShotTransport",
    "Proxy",
    "Request",
    "Response",
    "TransportError",
    "basic",
]

Request = httpx.Request
Response = httpx.Response
TransportError = httpx.TransportError

Connect = Callable[[str, int], Awaitable[socket.socket]]
"""Makes a connection to a host and port; raises OSError"""


class Proxy(NamedTuple):
    """An HTTP proxy, and what it is to be told as Proxy-Authorization (empty: nothing)."""

    host: str
    port: int
    authorization: str = ""


class Asked(NamedTuple):
    """An answer and how it came about: seconds to connect (through the proxy, if there is one), for the handshake
    of TLS, and from the request to the first byte. ``tls`` is None for a conversation in the clear."""

    answer: HttpAnswer
    connect: float
    handshake: float
    first_byte: float
    tls: ssl.SSLObject | None


class OneShotTransport(httpx.AsyncBaseTransport):
    """Opens a connection for each request and closes it after the answer; may be used by many tasks at once.

    A request is sent with its body. Request extensions: ``target`` (bytes: the request target as it is to be sent),
    ``connect_host`` (str: where to connect, if not the URL's host), ``sni_hostname`` (str: the name asked for and
    verified in TLS), ``read_limit`` (int: bytes of the body after which no more are waited for, BODY_LIMIT). Response
    extensions: ``head`` (bytes: status line and headers as they came, with the empty line) and ``body`` (bytes: what
    ``await response.aread()`` makes its content of, chunks put together, but any content encoding still on it).

    Raises httpx.ConnectError, httpx.ProxyError, httpx.ReadError, httpx.RemoteProtocolError, whose
    text is for the user. Time limits are the caller's (asyncio.timeout).
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        http2: bool = False,
        proxy: Proxy | None = None,
        tunnel: bool = False,
        connect: Connect = net.connect,
    ) -> None:
        """``tls`` is used for https URLs. ``http2`` alone is spoken: by prior knowledge for http URLs, else by ALPN.

        Through a ``proxy`` http URLs are asked for by absolute target, or, with ``tunnel`` or HTTP/2, by CONNECT, as
        https URLs always are. ``connect`` makes the connections to servers or the proxy.
        """
        self._tls = tls
        self._http2 = http2
        self._proxy = proxy
        self._tunnel = tunnel or http2
        self._connect = connect

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and wait for the whole answer (up to BODY_LIMIT)."""
        await request.aread()
        answer = (await self.ask(request)).answer
        return httpx.Response(
            answer.status,
            headers=list(answer.headers),
            stream=httpx.ByteStream(answer.body),
            request=request,
            extensions={
                "http_version": b"HTTP/" + answer.version.encode("ascii"),
                "reason_phrase": answer.reason,
                "head": answer.head,
                "body": answer.body,
            },
        )

    async def ask(self, request: httpx.Request) -> Asked:
        """The same in fewer steps, with what was measured on the way. The request's body must have been read."""
        destination = _destination(request)
        secure = destination.secure
        began = time.perf_counter()
        exchange = self._exchange(request, secure=secure)
        connection = await self._connection(request, destination, exchange)
        connected = time.perf_counter()
        try:
            if secure:
                handshake, tls = await self._over_tls(connection, exchange, request)
            elif isinstance(exchange, Http1Exchange) and not request.content:
                await _over_tcp(connection, exchange)
                handshake, tls = 0.0, None
            else:
                await _over_transport(connection, exchange)
                handshake, tls = 0.0, None
            answer = exchange.answer()
        except NoHttp as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        except OSError as error:
            raise httpx.ReadError(_words(error), request=request) from error
        return Asked(answer, connected - began, handshake, max(0.0, answer.first_byte - connected - handshake), tls)

    def _exchange(self, request: httpx.Request, *, secure: bool) -> Exchange:
        limit = request.extensions.get("read_limit", BODY_LIMIT)
        if self._http2:
            from pymon.plugin.http.http2 import Http2Exchange  # noqa: PLC0415  # only who wants it pays for h2

            target = request.extensions.get("target", request.url.raw_path)
            body = request.content
            return Http2Exchange(request.method, request.url.scheme, target, request.headers.raw, body, limit)
        if self._proxy is not None and not secure and not self._tunnel:
            return Http1Exchange(_absolute(request, self._proxy), request.content, limit)
        return Http1Exchange(_question(request), request.content, limit)

    async def _connection(self, request: httpx.Request, destination: _Destination, exchange: Exchange) -> socket.socket:
        """To the server, or to the proxy and through it."""
        host, port, secure = destination
        proxy = self._proxy
        to = "the proxy: " if proxy is not None else ""
        try:
            connection = await (self._connect(host, port) if proxy is None else self._connect(proxy.host, proxy.port))
        except net.NameNotFound as error:
            raise httpx.ConnectError(f"{to}name not found: {error}", request=request) from error
        except OSError as error:
            raise httpx.ConnectError(f"{to}could not connect: {_words(error)}", request=request) from error
        if proxy is None or not (secure or self._tunnel):
            return connection
        try:
            place = encode(f"{authority(host)}:{port}")
            exchange.early = await _open_tunnel(connection, place, proxy, more=self._http2 and not secure)
        except (NoHttp, OSError) as error:
            connection.close()
            raise httpx.ProxyError(f"the proxy: {_words(error)}", request=request) from error
        except BaseException:
            connection.close()
            raise
        return connection

    async def _over_tls(
        self, connection: socket.socket, exchange: Exchange, request: httpx.Request
    ) -> tuple[float, ssl.SSLObject]:
        name = request.extensions.get("sni_hostname") or _destination(request).host
        context = self._tls or tls_context(alpn=("h2",) if self._http2 else ())
        began = time.perf_counter()
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: exchange, sock=connection, ssl=context, server_hostname=name
            )
        except ssl.SSLCertVerificationError as error:
            raise httpx.ConnectError(f"certificate verify failed: {error.verify_message}", request=request) from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(tls_problem(error), request=request) from error
        except (OSError, ValueError) as error:  # ValueError: a name that no server can have
            raise httpx.ConnectError(f"TLS: {_words(error)}", request=request) from error
        try:
            took = time.perf_counter() - began
            tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
            if self._http2 and tls.selected_alpn_protocol() != "h2":
                raise httpx.ConnectError("the server does not agree to HTTP/2 (ALPN)", request=request)
            await exchange.finished
        finally:
            transport.abort()
            _forget(exchange)
        return took, tls


def basic(user: str, password: str) -> str:
    """What stands in Authorization for a user and a password (RFC 7617)."""
    return "Basic " + base64.b64encode(encode(f"{user}:{password}")).decode("ascii")


async def _over_tcp(connection: socket.socket, exchange: Http1Exchange) -> None:
    """Without a transport: half the cost of a short conversation is to set one up."""
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(connection, exchange.to_send)
        loop.add_reader(connection.fileno(), exchange.read_from, connection)
        try:
            await exchange.finished
        finally:
            loop.remove_reader(connection.fileno())
    finally:
        connection.close()


async def _over_transport(connection: socket.socket, exchange: Exchange) -> None:
    """For one that may have to read before all of it is sent."""
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: exchange, sock=connection)
    try:
        await exchange.finished
    finally:
        transport.abort()
        _forget(exchange)


def _forget(exchange: Exchange) -> None:
    """Its outcome, if nobody waited for it, is of no interest any more."""
    if not exchange.finished.cancel() and not exchange.finished.cancelled():
        exchange.finished.exception()


async def _open_tunnel(connection: socket.socket, place: bytes, proxy: Proxy, *, more: bool) -> bytes:
    """Have the proxy connect to a host:port (RFC 9110, 9.3.6); raises NoHttp where it does not.

    Returns what came behind the proxy's answer; only with ``more`` that may be anything: from a server that speaks
    first, as one of HTTP/2 does.
    """
    loop = asyncio.get_running_loop()
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    try:
        question = h11.Request(method="CONNECT", target=place, headers=[(b"Host", place), *_credentials(proxy)])
        to_send = http.send(question) or b""
        http.send(h11.EndOfMessage())
        await loop.sock_sendall(connection, to_send)
        informational = 0
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await loop.sock_recv(connection, 4096))
            elif isinstance(event, h11.Response):
                break
            elif not isinstance(event, h11.InformationalResponse):
                raise NoHttp("hung up")
            else:
                informational += 1
                if informational > INFORMATIONAL_LIMIT:
                    raise NoHttp(f"more than {INFORMATIONAL_LIMIT} answers of status 1xx")
    except h11.RemoteProtocolError as error:
        raise NoHttp(f"no HTTP answer: {error}") from error
    except h11.LocalProtocolError as error:
        raise NoHttp(str(error)) from error
    if not 200 <= event.status_code < 300:
        raise NoHttp(f"{event.status_code} {decode(event.reason)}".rstrip())
    early: bytes = http.trailing_data[0]
    if early and not more:
        raise NoHttp("said more than its answer")
    return early


class _Destination(NamedTuple):
    """Where to connect, were there no proxy."""

    host: str
    port: int
    secure: bool


def _destination(request: httpx.Request) -> _Destination:
    """Found out once for each request object."""
    known: _Destination | None = request.extensions.get("destination")
    if known is None:
        secure = request.url.scheme == "https"
        host = request.extensions.get("connect_host") or request.url.host
        known = _Destination(host, request.url.port or (443 if secure else 80), secure)
        request.extensions["destination"] = known
    return known


def authority(host: str) -> str:
    """As a host stands in a URL: an IPv6 address in brackets and without its zone, a name in ASCII (IDNA)."""
    if ":" in host:
        return f"[{host.partition('%')[0]}]"
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _credentials(proxy: Proxy) -> list[tuple[bytes, bytes]]:
    return [(b"Proxy-Authorization", proxy.authorization.encode("ascii"))] if proxy.authorization else []


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return tls_problem(error)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _question(request: httpx.Request) -> h11.Request:
    """The request as h11 has it, made once for each request object: checking the headers takes its time."""
    question: h11.Request | None = request.extensions.get("h11")
    if question is None:
        question = _h11_request(request, _target(request), [*request.headers.raw, (b"Connection", b"close")])
        request.extensions["h11"] = question
    return question


def _absolute(request: httpx.Request, proxy: Proxy) -> h11.Request:
    """The request as a proxy wants it (RFC 9112, 3.2.2)."""
    host, port, _ = _destination(request)
    place = authority(host) if port == 80 else f"{authority(host)}:{port}"
    headers = [*request.headers.raw, (b"Connection", b"close"), *_credentials(proxy)]
    target = _target(request)
    slash = b"" if target.startswith(b"/") else b"/"  # or it would go on in the name of the host
    whole = b"http://" + encode(place) + slash + target
    return _h11_request(request, whole, headers)


def _target(request: httpx.Request) -> bytes:
    target: bytes = request.extensions.get("target", request.url.raw_path)
    return target


def _h11_request(request: httpx.Request, target: bytes, headers: list[tuple[bytes, bytes]]) -> h11.Request:
    try:
        return h11.Request(method=request.method.encode(), target=target, headers=headers)
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error
