"""A web server in the test's own loop that answers as told, and remembers what it was asked.

async with website({"/": Page(b"hello", delay=0.5)}, certificate=pair, clients=authority, host=address) as site:
    ...  # site.url + "/", site.requests[0].headers["host"]
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import h11

from tests.servers.certificates import Authority, Pair
from tests.servers.place import place


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: it begins ``delay`` seconds after the request."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: the names of its headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Website:
    """Where it listens, and every request so far. ``url`` is by address (IPv4), ``url6`` by ``[::1]``."""

    host: str
    host6: str
    port: int
    url: str
    url6: str
    requests: list[Asked]


Pages = Mapping[str, Page] | Callable[[Asked], Page]
"""The pages by target (all else is 404), or what makes them."""


@contextlib.asynccontextmanager
async def website(
    pages: Pages, *, certificate: Pair | None = None, clients: Authority | None = None, host: str | None = None
) -> AsyncIterator[Website]:
    """Serve these pages; by HTTPS with a certificate, and with ``clients`` only to who shows one of that authority."""
    own = place(host=host)
    scheme = "http" if certificate is None else "https"
    url, url6 = (f"{scheme}://{name}:{own.port}" for name in (own.host, f"[{own.host6}]"))
    site = Website(own.host, own.host6, own.port, url, url6, [])
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, ssl.SSLError, h11.RemoteProtocolError, EOFError):
                await _exchange(reader, writer, pages, site.requests)
        finally:
            tasks.discard(task)
            writer.close()

    context = certificate.server_context(clients=clients) if certificate is not None else None
    server = await asyncio.start_server(serve, list(own.addresses), own.port, ssl=context)
    try:
        yield site
    finally:
        server.close()
        left = list(tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Pages, requests: list[Asked]
) -> None:
    """Hear a request, answer it, and close."""
    connection = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        else:
            return
    assert head is not None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    asked = Asked(head.method.decode(), head.target.decode("latin-1"), headers, body)
    requests.append(asked)
    page = pages(asked) if callable(pages) else pages.get(asked.target, Page(b"no such page\n", 404))
    await asyncio.sleep(page.delay)
    await _answer(connection, writer, page, head_only=asked.method == "HEAD")


async def _answer(connection: h11.Connection, writer: asyncio.StreamWriter, page: Page, *, head_only: bool) -> None:
    names = {name.lower() for name in page.headers}
    fields = [*page.headers.items(), ("Connection", "close")]
    if not names & {"content-length", "transfer-encoding"}:
        fields.append(("Content-Length", str(len(page.body))))
    reason = http.HTTPStatus(page.status).phrase if page.status in set(http.HTTPStatus) else ""
    writer.write(connection.send(h11.Response(status_code=page.status, headers=fields, reason=reason)) or b"")
    if not head_only:
        writer.write(connection.send(h11.Data(data=page.body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
