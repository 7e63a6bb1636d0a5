"""Each adversity is what its name says, as a client of lines sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl

import pytest

from tests.servers import datagrams
from tests.servers.adversity import ADVERSITIES, Adversity, Facing, Speech, facing, rows

SOON, SURE = 0.15, 5.0
"""Seconds: to wait for what does not come, and for what does."""
GREETING = Speech().greeting


async def first_line(enemy: Facing, *, tls: bool = False, word: bytes = b"", limit: float = SURE) -> bytes:
    """What a plain client gets: a line, or the reason why there is none."""
    async with asyncio.timeout(limit):
        context = ssl.create_default_context(cafile=enemy.trusted) if tls else None
        reader, writer = await asyncio.open_connection(
            enemy.host, enemy.port, ssl=context, server_hostname=enemy.name if tls else None
        )
        try:
            writer.write(word)
            return await reader.readline()
        finally:
            writer.transport.abort()


STREAMS: dict[str, type[Exception] | bytes | None] = {
    "refusal": ConnectionRefusedError,
    "silence": TimeoutError,
    "hangs up": b"",
    "hangs up later": b"22",
    "rubbish": None,
    "flood": ValueError,
    "drip": TimeoutError,
    "reset": ConnectionResetError,
    "reset later": ConnectionResetError,
    "plain text": ssl.SSLError,
    "no handshake": TimeoutError,
    "drip within TLS": TimeoutError,
    "wrong name": ssl.SSLCertVerificationError,
    "unknown authority": ssl.SSLCertVerificationError,
    "expired": ssl.SSLCertVerificationError,
    "not yet valid": ssl.SSLCertVerificationError,
    "no chain": ssl.SSLCertVerificationError,
}  # fmt: skip


@pytest.mark.parametrize(
    ("host", "client_first"), [(None, False), ("::1", True)], ids=["IPv4, server first", "IPv6, client first"]
)
@pytest.mark.parametrize("adversity", rows("tcp", "tls"))
async def test_streams(adversity: Adversity, client_first: bool, host: str | None) -> None:
    async with facing(adversity, Speech(client_first=client_first), host=host) as enemy:
        expected = STREAMS[adversity.name]
        word = b"hello\r\n" if client_first else b""
        if expected is None:
            assert len(set(await first_line(enemy, word=word))) == 255
        elif isinstance(expected, bytes):
            with contextlib.suppress(*([] if adversity.exact else [ConnectionResetError])):
                assert await first_line(enemy, word=word) == expected
        else:
            limit = SOON if expected is TimeoutError else SURE
            with pytest.raises(expected):
                await first_line(enemy, tls=adversity.kind == "tls", word=word, limit=limit)
        await asyncio.wait_for(enemy.left(), SURE)
        assert enemy.connections == (adversity.behave is not None)
        assert enemy.handshakes == 0
        assert adversity.name == "refusal" or (enemy.came and enemy.gone and enemy.came <= enemy.gone)


async def test_a_client_that_takes_any_certificate_is_noticed() -> None:
    async with facing(ADVERSITIES["expired"]) as enemy:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(enemy.host, enemy.port, ssl=context)
        assert await reader.readline() == GREETING
        assert enemy.handshakes == 1
        writer.close()
        await enemy.left()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, name: str) -> None:
    """The client's part of a handshake, and the wait for a line after it."""
    await writer.start_tls(context, server_hostname=name)
    await reader.readline()


async def test_a_certificate_after_a_dialogue_in_plain_text() -> None:
    async def lead_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        assert await reader.readline() == b"STARTTLS\r\n"
        writer.write(b"220 go ahead\r\n")
        await writer.drain()

    for name in ("wrong name", "plain text", "drip within TLS"):
        async with facing(ADVERSITIES[name], Speech(lead_in=lead_in)) as enemy:
            reader, writer = await asyncio.open_connection(enemy.host, enemy.port)
            assert await reader.readline() == GREETING
            writer.write(b"STARTTLS\r\n")
            assert await reader.readline() == b"220 go ahead\r\n"
            context = ssl.create_default_context(cafile=enemy.trusted)
            with pytest.raises((ssl.SSLError, TimeoutError)):
                await asyncio.wait_for(
                    begin(reader, writer, context, enemy.name), SURE if name != "drip within TLS" else SOON
                )
            writer.transport.abort()
            await enemy.left()
            assert enemy.handshakes == 0


DNS_QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01"
NTP_QUERY = b"\x23" + bytes(39) + os.urandom(8)


@pytest.mark.parametrize("host", [None, "::1"], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(
    ("query", "answer"), [(DNS_QUERY, datagrams.dns_answer), (NTP_QUERY, datagrams.ntp_answer)], ids=["DNS", "NTP"]
)
@pytest.mark.parametrize("adversity", rows("udp"))
async def test_datagrams(adversity: Adversity, query: bytes, answer: datagrams.Answer, host: str | None) -> None:
    loop = asyncio.get_running_loop()
    async with facing(adversity, Speech(answer=answer), host=host) as enemy:
        with socket.socket(socket.AF_INET6 if host else socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((enemy.host, enemy.port))
            client.send(query)
            right = answer(query)
            async with asyncio.timeout(SURE):
                match adversity.name:
                    case "port closed":
                        with pytest.raises(ConnectionRefusedError):
                            await loop.sock_recv(client, 512)
                    case "no answer":
                        with pytest.raises(TimeoutError):
                            await asyncio.wait_for(loop.sock_recv(client, 512), 0.05)
                    case _:
                        got = await loop.sock_recv(client, 512)
                        length = {"empty": 0, "truncated": len(right) // 2, "echo": len(query)}
                        assert len(got) == length.get(adversity.name, len(right))
                        assert (got == query) == (adversity.name == "echo")
                        assert got != right
        assert enemy.connections == (adversity.name != "port closed")
