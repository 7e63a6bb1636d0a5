"""Conversations in lines, with listeners on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from pymon.plugin import CannotConnect, Host, ProtocolProblem
from pymon.plugin.conversation import LINE_LIMIT, QUOTED_LIMIT, REPLY_LIMIT, SHOWN_LIMIT, Conversation
from tests.monitors.servers import serving
from tests.servers.certificates import Authority

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort() if writer.is_closing() else writer.close()

    server = await asyncio.start_server(session, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def saying(data: bytes) -> Serve:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return serve


async def heard(data: bytes, listen: Callable[[Conversation], Awaitable[str]]) -> str:
    async with talking(saying(data)) as port, Host("127.0.0.1").converse(port) as talk:
        return await listen(talk)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"220 hello\r\n", "220 hello"),
        (b"220 hello\n", "220 hello"),
        (b"220 cut short", "220 cut short"),
        (b"\r\n", "\n"),
        (b"", ""),
        (b"caf\xe9 \x00\r\n", "caf\udce9 \x00"),
    ],
)
async def test_a_line(data: bytes, line: str) -> None:
    assert await heard(data, Conversation.line) == line


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"220-one\r\n220-two\r\n220 three\r\nmore\r\n", "220 three"),
        (b"220\r\n", "220"),
        (b"220-one\r\n  120 indented\r\n220 end\r\n", "220 end"),
        (b"220-one\r\n", ""),
    ],
)
async def test_a_reply(data: bytes, reply: str) -> None:
    assert await heard(data, Conversation.reply) == reply


async def test_lines_and_replies_are_bounded() -> None:
    with pytest.raises(ProtocolProblem, match=f"longer than {LINE_LIMIT} bytes"):
        await heard(b"2" * (2 * LINE_LIMIT), Conversation.line)
    with pytest.raises(ProtocolProblem, match=f"no reply within {REPLY_LIMIT} lines"):
        await heard(b"220-x\r\n" * (REPLY_LIMIT + 1), Conversation.reply)


async def test_what_was_said_is_written_down_without_secrets() -> None:
    got = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK ready\r\n")
        got.set_result(await reader.readline())

    host = Host("127.0.0.1")
    async with talking(serve) as port, host.converse(port) as talk:
        await talk.line()
        await talk.say("PASS geheim", shown="PASS ***")
        assert await got == b"PASS geheim\r\n"
    assert host.transcript == "    < +OK ready\r\n    > PASS ***\n"


async def test_start_tls_and_the_certificate() -> None:
    authority = Authority()
    pair = authority.issue("mail.test")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 go ahead\r\n")
        await writer.start_tls(pair.server_context())
        writer.write(b"250 in TLS\r\n")
        await writer.drain()

    async with talking(serve) as port, Host("127.0.0.1").converse(port, server_name="mail.test") as talk:
        assert talk.certificate is None
        await talk.say("STARTTLS")
        await talk.reply()
        await talk.start_tls(authority.client_context())
        assert await talk.reply() == "250 in TLS"
        assert talk.certificate is not None


async def test_what_is_said_in_the_clear_after_the_answer_to_starttls_is_refused() -> None:
    """A man in the middle could put words into the server's mouth (CVE-2011-0411 and its kin)."""
    async with (
        talking(saying(b"220 go ahead\r\n250 injected\r\n")) as port,
        Host("127.0.0.1").converse(port) as talk,
    ):
        await talk.reply()
        with pytest.raises(ProtocolProblem, match="in the clear"):
            await talk.start_tls(Authority().client_context())


async def test_a_wrong_name_is_refused_and_the_connection_closed() -> None:
    authority = Authority()
    async with talking(saying(b"hello\r\n"), authority.issue("other.test").server_context()) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            async with Host("127.0.0.1").converse(port, tls=authority.client_context(), server_name="mail.test"):
                pytest.fail("it was trusted")


async def test_nobody_listens() -> None:
    with pytest.raises(CannotConnect, match="Connection refused"):
        async with Host("127.0.0.1").converse(1):
            pytest.fail("something answered")


async def test_all_lines_of_a_reply() -> None:
    async with (
        talking(saying(b"250-mail.test\r\n250-STARTTLS\r\n250 HELP\r\n250-cut\r\n")) as port,
        Host("127.0.0.1").converse(port) as talk,
    ):
        assert await talk.reply_lines() == ["250-mail.test", "250-STARTTLS", "250 HELP"]
        assert await talk.reply_lines() == ["250-cut", ""]


async def test_bytes_among_lines() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"next 3\r\n" + await reader.readexactly(2) + b"\0end\r\nab")
        await writer.drain()

    host = Host("127.0.0.1")
    async with talking(echo) as port, host.converse(port) as talk:
        await talk.send(b"\r\n")
        assert await talk.line() == "next 3"
        assert await talk.exactly(3) == b"\r\n\0"
        assert await talk.line() == "end"
        with pytest.raises(ProtocolProblem, match="hung up after 2 of 5 bytes"):
            await talk.exactly(5)
    assert host.transcript == "    < next 3\r\n    < end\r\n"


async def test_a_secret_that_comes_back_is_not_shown() -> None:
    host = Host("127.0.0.1")
    async with talking(saying(b"500 what is PASS geheim?\r\n")) as port, host.converse(port) as talk:
        talk.conceal("geheim")
        talk.conceal("")
        said = await talk.reply()
        assert said == "500 what is PASS geheim?"
        assert talk.quote(said) == "500 what is PASS ***?"
    assert host.transcript == "    < 500 what is PASS ***?\r\n"


async def test_what_is_quoted_is_short_and_printable() -> None:
    async with talking(saying(b"hi\r\n")) as port, Host("127.0.0.1").converse(port) as talk:
        await talk.line()
        assert talk.quote(" 5\0 caf\udce9 \x1b[1m\r\n") == "5? caf? ?[1m"
        assert talk.quote("x" * 1000) == "x" * QUOTED_LIMIT + "…"


async def test_what_is_shown_is_bounded() -> None:
    host = Host("127.0.0.1")
    async with talking(saying((b"x" * 50_000 + b"\r\n") * 5)) as port, host.converse(port) as talk:
        for _ in range(5):
            assert len(await talk.line()) == 50_000
    assert SHOWN_LIMIT <= len(host.transcript) < SHOWN_LIMIT + 10
    assert host.transcript.endswith("x…\n")


@pytest.mark.parametrize("verify", [True, False])
async def test_connection_handshake_and_certificate_are_measured(verify: bool) -> None:
    authority = Authority()
    context = authority.client_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n")
        await reader.read()

    host = Host("127.0.0.1")
    server = authority.issue("127.0.0.1", days=30).server_context()
    async with serving(hello, tls=server) as port, host.converse(port, tls=context) as talk:
        assert await talk.line() == "hello"
    assert set(host.measured) == {"connect", "tls", "expiry"}
    assert host.measured["expiry"][0] == pytest.approx(30, abs=0.01)
    assert [unit for _, unit in host.measured.values()] == ["s", "s", "d"]
    assert 0 < host.measured["tls"][0] < 5
