"""One HTTP exchange in either version, without a network: what came is given to it, what it says is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events
import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.plugin.http.http1 import BODY_LIMIT, INFORMATIONAL_LIMIT, STEP, Exchange, Http1Exchange, NoHttp
from pymon.plugin.http.http2 import Http2Exchange

HEADERS = [(b"Host", b"www.test"), (b"Connection", b"close"), (b"X-Y", b"z")]


class Wire(asyncio.WriteTransport):
    """Keeps what is written; ``unsent`` is what it says that waits."""

    def __init__(self, unsent: int = 0) -> None:
        super().__init__()
        self.written = bytearray()
        self._unsent = unsent

    def write(self, data: object) -> None:
        self.written += data  # type: ignore[arg-type]  # bytes of some kind, by the transport's contract

    def get_write_buffer_size(self) -> int:
        return self._unsent


def http1() -> Exchange:
    return Http1Exchange(h11.Request(method="GET", target="/", headers=HEADERS), b"", BODY_LIMIT)


def http2(body: bytes = b"", limit: int = BODY_LIMIT) -> Http2Exchange:
    return Http2Exchange("POST" if body else "GET", "https", b"/", HEADERS, body, limit)


def server() -> h2.connection.H2Connection:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
    connection.initiate_connection()
    return connection


def talk(exchange: Http2Exchange, connection: h2.connection.H2Connection, wire: Wire) -> list[h2.events.Event]:
    """Pass on what both have to say until neither has more; what the server heard."""
    heard: list[h2.events.Event] = []
    while True:
        to_client, to_server = connection.data_to_send(), bytes(wire.written)
        wire.written.clear()
        if not to_client and not to_server:
            return heard
        if to_server:
            events = connection.receive_data(to_server)
            heard += events
            for event in events:
                if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                    connection.acknowledge_received_data(event.flow_controlled_length, 1)
        for at in range(0, len(to_client), STEP):  # what is more is heard later
            exchange.data_received(to_client[at : at + STEP])


async def test_http2_asks_as_told() -> None:
    exchange, connection, wire = http2(), server(), Wire()
    exchange.connection_made(wire)
    request = next(event for event in talk(exchange, connection, wire) if isinstance(event, h2.events.RequestReceived))
    assert [tuple(field) for field in request.headers or ()] == [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"www.test"),
        (b":path", b"/"),
        (b"x-y", b"z"),
    ]


async def test_a_body_waits_for_room() -> None:
    """Windows of the connection and the stream, and the greatest frame, are kept to."""
    body = bytes(range(256)) * 1000
    exchange, connection, wire = http2(body), server(), Wire()
    exchange.connection_made(wire)
    heard = talk(exchange, connection, wire)
    assert b"".join(bytes(each.data or b"") for each in heard if isinstance(each, h2.events.DataReceived)) == body
    connection.send_headers(1, [(":status", "204")], end_stream=True)
    talk(exchange, connection, wire)
    assert exchange.finished.done()
    assert exchange.answer().status == 204


async def test_a_long_answer_is_read_up_to_the_limit() -> None:
    exchange, connection, wire = http2(limit=300_000), server(), Wire()
    exchange.connection_made(wire)
    talk(exchange, connection, wire)
    connection.send_headers(1, [(":status", "200"), ("a", "b")])
    for _ in range(30):
        connection.send_data(1, b"x" * 16_000)
        talk(exchange, connection, wire)
        if exchange.finished.done():
            break
    answer = exchange.answer()
    assert (answer.whole, answer.size) == (False, 304_000)
    assert answer.head == b"HTTP/2 200\r\na: b\r\n\r\n"


async def test_what_the_server_says_first_is_heard() -> None:
    """Behind a proxy it may come with the proxy's answer."""
    exchange, connection, wire = http2(), server(), Wire()
    exchange.early = connection.data_to_send()
    exchange.connection_made(wire)
    heard = talk(exchange, connection, wire)
    assert any(isinstance(event, h2.events.SettingsAcknowledged) for event in heard)


def refuse(connection: h2.connection.H2Connection) -> None:
    connection.close_connection(7, last_stream_id=0)


def reset(connection: h2.connection.H2Connection) -> None:
    connection.reset_stream(1, 11)


@pytest.mark.parametrize(
    ("does", "why"),
    [(refuse, "the server refused the request: REFUSED_STREAM"), (reset, "reset the stream: ENHANCE_YOUR_CALM")],
)
async def test_refusals(does: Callable[[h2.connection.H2Connection], None], why: str) -> None:
    exchange, connection, wire = http2(), server(), Wire()
    exchange.connection_made(wire)
    talk(exchange, connection, wire)
    does(connection)
    talk(exchange, connection, wire)
    with pytest.raises(NoHttp, match=why):
        await exchange.finished


async def test_a_server_that_does_not_read_what_it_provokes() -> None:
    exchange, connection, wire = http2(), server(), Wire(unsent=2 << 20)
    exchange.connection_made(wire)
    connection.ping(b"12345678")
    exchange.data_received(connection.data_to_send())
    with pytest.raises(NoHttp, match="does not read"):
        await exchange.finished


async def test_a_head_without_end() -> None:
    exchange, connection, wire = http2(), server(), Wire()
    exchange.connection_made(wire)
    talk(exchange, connection, wire)
    connection.send_headers(1, [(":status", "200"), *((f"h{n}", "x" * 100) for n in range(2000))])
    talk(exchange, connection, wire)
    with pytest.raises(NoHttp, match="no HTTP/2 answer: "):
        await exchange.finished


class Source(Wire, asyncio.Transport):
    """A wire that can be told to wait; nothing more comes meanwhile."""

    paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def rounds(exchange: Exchange) -> int:
    """How many times others have had their turn when the exchange is at its end."""
    count = 0
    while not exchange.finished.done():
        await asyncio.sleep(0)
        count += 1
    return count


@pytest.mark.parametrize("ending", ["0\r\n\r\n", "", "reset"])
async def test_small_chunks_do_not_hold_up_the_loop(ending: str) -> None:
    """TLS hands over 256 KiB at once, and may say at once that it was all."""
    head, chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 40_000
    exchange, source = http1(), Source()
    exchange.connection_made(source)
    exchange.data_received(head + chunks)
    assert source.paused
    assert not exchange.finished.done()
    if ending == "reset":
        exchange.connection_lost(ConnectionResetError("reset"))
    else:
        exchange.data_received(ending.encode())
        exchange.eof_received()
        exchange.connection_lost(None)
    assert await rounds(exchange) >= len(chunks) // STEP
    match ending:
        case "":
            assert isinstance(exchange.finished.exception(), NoHttp)
        case "reset":
            assert isinstance(exchange.finished.exception(), ConnectionResetError)
        case _:
            assert exchange.finished.exception() is None
            assert (exchange.answer().size, exchange.answer().head) == (40_000, head)


async def test_reading_goes_on_when_all_was_heard() -> None:
    exchange, source = http1(), Source()
    exchange.connection_made(source)
    exchange.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 19_999)
    assert source.paused
    for _ in range(3):
        await asyncio.sleep(0)
    assert not source.paused
    exchange.data_received(b"x")
    assert exchange.finished.done()
    assert exchange.answer().size == 20_000


async def test_who_gives_up_does_not_hear_the_rest() -> None:
    exchange, source = http1(), Source()
    exchange.connection_made(source)
    exchange.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 15_000)
    exchange.finished.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert source.paused


@pytest.mark.parametrize(("count", "well"), [(INFORMATIONAL_LIMIT, True), (INFORMATIONAL_LIMIT + 1, False)])
async def test_informational_answers_are_passed_over_but_not_for_ever(count: int, well: bool) -> None:
    exchange = http1()
    exchange.connection_made(Wire())
    exchange.data_received(b"HTTP/1.1 103 E\r\nA: b\r\n\r\n" * count + b"HTTP/1.1 204 N\r\n\r\n")
    if well:
        assert (exchange.answer().status, exchange.answer().head) == (204, b"HTTP/1.1 204 N\r\n\r\n")
    else:
        with pytest.raises(NoHttp, match="more than 20 of status 1xx"):
            await exchange.finished


@pytest.mark.parametrize("frame", [b"\0\0\0\x04\0\0\0\0\0", b"\0\0\0\0\0\0\0\0\x01"], ids=["settings", "no data"])
async def test_frames_that_bring_nothing_are_not_heard_for_ever(frame: bytes) -> None:
    exchange, connection, source = http2(), server(), Source()
    exchange.connection_made(source)
    talk(exchange, connection, source)
    connection.send_headers(1, [(":status", "200")])
    talk(exchange, connection, source)
    exchange.data_received(frame * 29_000)
    assert source.paused
    with pytest.raises(NoHttp, match="too many frames that bring nothing"):
        await exchange.finished


@given(
    st.booleans(),
    st.lists(
        st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"Content-Length: 3\r\n", b"\r\n", b"abc", server().data_to_send()])
        | st.binary(max_size=30),
        max_size=8,
    ),
)
@settings(deadline=None)
def test_whatever_comes_ends_in_an_answer_or_a_reason(second: bool, pieces: list[bytes]) -> None:
    async def run() -> None:
        exchange = http2() if second else http1()
        exchange.connection_made(Wire())
        for piece in pieces:
            exchange.data_received(piece)
        exchange.eof_received()
        exchange.connection_lost(None)
        assert exchange.finished.done()
        if exchange.finished.exception() is None:
            assert exchange.answer().status >= 200
        else:
            assert isinstance(exchange.finished.exception(), NoHttp | OSError)

    asyncio.run(run())
