"""The transport by itself, and in httpx's own client."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from pymon.plugin.http.transport import BODY_LIMIT, OneShotTransport, Request
from tests.monitors.servers import hang_up, reset, saying, serving
from tests.ports import free_port
from tests.servers.website import Page, website

HELLO = b"HTTP/1.1 200 Fine\r\nX-Camel: y\r\nContent-Length: 5\r\n\r\nhello"


async def fetch(port: int, method: str = "GET", **options: object) -> httpx.Response:
    """Ask a server on loopback."""
    request = Request(method, f"http://127.0.0.1:{port}/", extensions=dict(options))
    answer = await OneShotTransport().handle_async_request(request)
    await answer.aread()
    assert answer.extensions["body"] == answer.content
    return answer


async def test_answer() -> None:
    async with serving(saying(HELLO)) as port:
        answer = await fetch(port)
    assert (answer.status_code, answer.reason_phrase, answer.http_version) == (200, "Fine", "HTTP/1.1")
    assert (answer.headers["x-camel"], answer.content) == ("y", b"hello")
    assert answer.extensions["head"] == HELLO[:-5]


async def test_httpx_client_can_use_it() -> None:
    async with serving(saying(HELLO)) as port, httpx.AsyncClient(transport=OneShotTransport()) as client:
        first, second = await asyncio.gather(*(client.get(f"http://localhost:{port}/{n}") for n in range(2)))
    assert first.text == second.text == "hello"


async def test_an_answer_to_head_has_no_body() -> None:
    async with serving(saying(HELLO[:-5], pause=30)) as port:
        assert (await fetch(port, "HEAD")).content == b""


async def test_a_request_is_sent_with_its_body() -> None:
    body = b"x" * 300_000
    async with website({"/": Page(b"taken")}) as site:
        request = Request("POST", f"{site.url}/", content=body)
        assert (await OneShotTransport().handle_async_request(request)).status_code == 200
    assert (site.requests[0].method, site.requests[0].body == body) == ("POST", True)


async def test_a_body_is_cut_at_the_limit() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_LIMIT + 100_000), pause=30)) as port:
        assert BODY_LIMIT <= len((await fetch(port)).content) <= BODY_LIMIT + 100_000


async def test_errors() -> None:
    with pytest.raises(httpx.ConnectError, match="could not connect: Connection refused"):
        await fetch(free_port())
    with pytest.raises(httpx.ConnectError, match="name not found: "):
        await fetch(80, connect_host="no-such-host.invalid")
    with pytest.raises(httpx.LocalProtocolError, match="Illegal target"):
        await fetch(80, target=b"/ /")
    async with serving(hang_up) as port:
        with pytest.raises(httpx.RemoteProtocolError):
            await fetch(port)
    async with serving(reset) as port:
        with pytest.raises((httpx.ReadError, httpx.ConnectError), match="reset"):
            await fetch(port)


async def test_giving_up_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def noticing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        closed.set()

    async with serving(noticing) as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await fetch(port)
        await asyncio.wait_for(closed.wait(), 5)
