"""One HTTP/2 request and its answer (RFC 9113), over a connection that somebody else made."""

from __future__ import annotations

import asyncio
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from pymon.plugin.http.http1 import Exchange, Headers, HttpAnswer, NoHttp

_STREAM = 1
_UNSENT_LIMIT = 1 << 20
"""bytes that may wait to be sent: a server that makes us answer and does not read is no server"""

_IDLE_LIMIT = 1000
"""frames heard that bring nothing of the answer: settings, pings, data of no length"""

_OF_CONNECTION = frozenset({b"host", b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"te"})
"""headers that HTTP/2 has no room for (RFC 9113, 8.2.2), and Host, which it calls :authority"""


class Http2Exchange(Exchange):
    """Begins HTTP/2 with prior knowledge (RFC 9113, 3.3) when connected, asks, and collects the answer."""

    def __init__(self, method: str, scheme: str, target: bytes, headers: Headers, body: bytes, read_limit: int) -> None:
        """``headers`` as of HTTP/1.1, Host among them."""
        super().__init__(read_limit)
        own = [(name.lower(), value) for name, value in headers]
        authority = next((value for name, value in own if name == b"host"), b"")
        self._question = [
            (b":method", method.encode("ascii")),
            (b":scheme", scheme.encode("ascii")),
            (b":authority", authority),
            (b":path", target),
            *((name, value) for name, value in own if name not in _OF_CONNECTION),
        ]
        self._unsent = body
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self._transport: asyncio.WriteTransport | None = None
        self._headers: Headers = ()
        self._status = 0
        self._idle = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
        try:
            self._http.initiate_connection()
            self._http.send_headers(_STREAM, self._question, end_stream=not self._unsent)
            self._send_body()
        except h2.exceptions.ProtocolError as error:
            self._fail(NoHttp(f"the request cannot be asked in HTTP/2: {error}"))
        self._flush()
        if self.early:
            self.data_received(self.early)

    def _hear(self, data: bytes) -> None:
        if not self._first_byte:
            self._first_byte = time.perf_counter()
            if data.startswith(b"HTTP/"):
                self._fail(NoHttp("no HTTP/2 answer: the server speaks an earlier HTTP"))
        if self.finished.done():
            return
        try:
            for event in self._http.receive_data(data):
                self._heed(event)
            self._send_body()
        except h2.exceptions.ProtocolError as error:
            self._fail(NoHttp(f"no HTTP/2 answer: {str(error) or type(error).__name__}"))
        self._flush()

    def _heed(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            fields = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
            self._status = int(dict(fields).get(b":status", b"0"))
            self._headers = [(name, value) for name, value in fields if not name.startswith(b":")]
        elif isinstance(event, h2.events.DataReceived):
            self._take(event.data or b"")
            self._idle += not event.data
            if not self.finished.done() and event.flow_controlled_length:
                self._http.acknowledge_received_data(event.flow_controlled_length, _STREAM)
        elif isinstance(event, h2.events.StreamEnded):
            self._finish(whole=True)
        elif isinstance(event, h2.events.StreamReset):
            self._fail(NoHttp(f"the server reset the stream: {_name(event.error_code)}"))
        elif isinstance(event, h2.events.ConnectionTerminated) and (event.last_stream_id or 0) < _STREAM:
            self._fail(NoHttp(f"the server refused the request: {_name(event.error_code)}"))
        else:
            self._idle += 1
        if self._idle > _IDLE_LIMIT:
            self._fail(NoHttp("no HTTP/2 answer: too many frames that bring nothing of it"))

    def _send_body(self) -> None:
        """As much of it as the server takes for now."""
        while self._unsent and not self.finished.done():
            room = min(self._http.local_flow_control_window(_STREAM), self._http.max_outbound_frame_size)
            if room <= 0:
                return
            piece, self._unsent = self._unsent[:room], self._unsent[room:]
            self._http.send_data(_STREAM, piece, end_stream=not self._unsent)

    def _flush(self) -> None:
        if self._transport is None:
            return
        self._transport.write(self._http.data_to_send())
        if self._transport.get_write_buffer_size() > _UNSENT_LIMIT + len(self._unsent):
            self._fail(NoHttp("the server does not read what it makes its client send"))

    def answer(self) -> HttpAnswer:
        """The answer, once ``finished``."""
        head = b"".join(b"%s: %s\r\n" % field for field in self._headers)
        return HttpAnswer(
            self._status,
            b"",
            "2",
            b"HTTP/2 %d\r\n%s\r\n" % (self._status, head),
            self._headers,
            bytes(self._body),
            self._size,
            self._whole,
            self._first_byte,
        )


def _name(code: object) -> str:
    """An error's name in RFC 9113."""
    return code.name if isinstance(code, h2.errors.ErrorCodes) else str(code)
