"""The HTTP server that checks are measured against: ``python -m bench.server`` prints its port and serves.

Every request is answered with 200 and a short page; ``GET /count`` tells how many others there were.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 51))
"""where it listens: a thousand checks a second of one address would run out of ports within half a minute, since the
kernel keeps each for a minute after its end, and then time the search for a free one"""


class _Page(asyncio.Protocol):
    """Answers one request and closes."""

    requests = 0

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" not in self._received or self._transport is None:
            return
        if self._received.startswith(b"GET /count "):
            body = b"%d\n" % _Page.requests
        else:
            _Page.requests += 1
            body = b"hello\n"
        head = b"HTTP/1.0 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, by its port on 127.0.0.1."""

    port: int

    def count(self) -> int:
        """How many requests it has answered."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count") as reply:
            return int(reply.read())


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """The server in a process of its own, so that its work is not counted as anybody else's."""
    process = subprocess.Popen([sys.executable, "-m", "bench.server"], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the server has no standard output")
        yield Server(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Page, ADDRESSES[0], 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    others = await loop.create_server(_Page, ADDRESSES[1:], port, backlog=1024)
    print(port, flush=True)
    async with others:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
