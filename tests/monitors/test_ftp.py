"""ftp.monitor."""

from __future__ import annotations

import asyncio

import aioftp
import pytest

from tests.monitors.servers import Check, Handler, hang_up, reset, rubbish, serving, silent
from tests.ports import free_port

RULER = "=" * 78


def ftp(greeting: bytes, farewell: bytes = b"221 Bye\r\n") -> Handler:
    """Greet, hear a line, take leave."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.readline()
        writer.write(farewell)
        await writer.drain()

    return handler


async def test_a_real_server(check: Check) -> None:
    server = aioftp.Server()
    await server.start("127.0.0.1", 0)
    try:
        port = server.address[1]
        result = await check("ftp.monitor", "-p", str(port), "127.0.0.1")
    finally:
        await server.close()
    assert result.exitval == 0
    assert result.output.startswith(f"\n\n127.0.0.1 succeeded\ndetail for 127.0.0.1\n{RULER}\n    < 220 welcome\r\n")
    assert "    > quit\n    < 221 bye\r\n" in result.output


async def test_good_and_bad_hosts(check: Check) -> None:
    async with serving(ftp(b"220-one\r\n two\r\n220 three\r\n")) as port:
        result = await check("ftp.monitor", "-p", str(port), "127.0.0.2", "127.0.0.1")
    assert result.exitval == 1
    assert result.output == (
        "127.0.0.2\n"
        f"127.0.0.2 failed with error connect: Connection refused\ndetail for 127.0.0.2\n{RULER}\nno detail\n\n"
        "\n"
        f"127.0.0.1 succeeded\ndetail for 127.0.0.1\n{RULER}\n"
        "    < 220-one\r\n    <  two\r\n    < 220 three\r\n    > quit\n    < 221 Bye\r\n\n"
    )


async def test_ipv6(check_inside: Check) -> None:
    async with serving(ftp(b"220 x\r\n"), "::1") as port:
        assert (await check_inside("ftp.monitor", "-p", str(port), "::1")).exitval == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "error", "dialogue"),
    [
        (silent, "timeout", "no detail\n"),
        (rubbish, "did not receive 220 greeting", "    < \0\udcff rubbish\r\n    < \udc80more\r\n"),
        (ftp(b"421 busy\r\n"), "did not receive 220 greeting", "    < 421 busy\r\n"),
        (
            ftp(b"220 x\r\n", b"500 what\r\n"),
            "FTP server error after quit",
            "    < 220 x\r\n    > quit\n    < 500 what\r\n",
        ),
        (ftp(b"220 x"), "timeout", "no detail\n"),
        (ftp(b"220-x\r\n"), "timeout", "    < 220-x\r\n"),
        (ftp(b"220-x\r\n" * 500), "no reply within 200 lines", "    < 220-x\r\n" * 200),
        (ftp(b"2" * 100_000), "a line is longer than 65536 bytes", "no detail\n"),
    ],
    ids=["silent", "rubbish", "busy", "no farewell", "no line", "no last line", "endless lines", "endless line"],
)
async def test_servers_that_fail(check_inside: Check, handler: Handler, error: str, dialogue: str) -> None:
    """M-ftp-1: where mon's waits for the limit, or says "Connection refused", ours says what was wrong."""
    async with serving(handler) as port:
        result = await check_inside("ftp.monitor", "-t", "0.3", "-p", str(port), "127.0.0.1")
    assert result.exitval == 1
    assert result.output == (
        f"127.0.0.1\n127.0.0.1 failed with error {error}\ndetail for 127.0.0.1\n{RULER}\n{dialogue}\n\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("handler", [reset, hang_up], ids=["reset", "hang up"])
async def test_connections_that_break(check_inside: Check, handler: Handler) -> None:
    async with serving(handler) as port:
        result = await check_inside("ftp.monitor", "-t", "0.3", "-p", str(port), "127.0.0.1")
    assert result.exitval == 1
    assert result.output.startswith("127.0.0.1\n127.0.0.1 failed with error ")


async def test_a_server_that_leaves_without_a_word_is_well(check_inside: Check) -> None:
    async with serving(ftp(b"220 x\r\n", b"")) as port:
        assert (await check_inside("ftp.monitor", "-p", str(port), "127.0.0.1")).exitval == 0


async def test_a_slow_server_within_the_limit(check_inside: Check) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"220 x\r\n":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.005)
        await reader.readline()
        writer.write(b"221 x\r\n")

    async with serving(drip) as port:
        assert (await check_inside("ftp.monitor", "-t", "5", "-p", str(port), "127.0.0.1")).exitval == 0


async def test_name_not_found(check_inside: Check) -> None:
    result = await check_inside("ftp.monitor", "-p", str(free_port()), "no-such-host.invalid")
    assert result.exitval == 1
    assert "no-such-host.invalid failed with error gethostbyname failure\n" in result.output
