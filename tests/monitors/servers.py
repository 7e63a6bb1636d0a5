"""Servers on loopback that behave well or badly, and the two ways of running a monitor against them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from pymon.contract.invocation import Invocation
from pymon.model.result import CheckResult
from pymon.runner.plugin_runner import PluginRunner
from pymon.runner.registry import load

MONITORS = Path(__file__).parents[2] / "monitors"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Check = Callable[..., Awaitable[CheckResult]]
"""``await check("tcp.monitor", "-p", "80", "host")``"""


@contextlib.asynccontextmanager
async def serving(handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free port, which is what this yields."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await _turns()  # a client may have come and gone before the server has seen it
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _turns()


async def _turns() -> None:
    """Let what is ready be done: connections accepted, transports closed."""
    for _ in range(5):
        await asyncio.sleep(0)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, and never answer."""
    while await reader.read(1000):
        pass
    await asyncio.sleep(60)


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the connection off as soon as there is one."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    await asyncio.sleep(0)


async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Hear something, close the connection politely, and say nothing."""
    await reader.read(65536)


async def rubbish(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what is no protocol."""
    writer.write(b"\x00\xff rubbish\r\n\x80more\r\n")
    await writer.drain()


def saying(*answers: bytes, pause: float = 0.0) -> Handler:
    """Hear something, up to an empty line if it has lines; then say these things with pauses between them."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = await reader.read(65536)
        while heard[:1].isalpha() and b"\r\n\r\n" not in heard:  # Debian's monitor sends a line at a time
            heard += await reader.read(65536)
        for answer in answers:
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


class Runs:
    """Runs pymon's own monitors, inside this process or as processes."""

    def __init__(self, inprocess: bool) -> None:
        self.inprocess = inprocess
        self._runner = PluginRunner()

    async def __call__(self, name: str, *arguments: str, time_limit: float = 20.0, **environ: str) -> CheckResult:
        """One run of a monitor."""
        path = MONITORS / name
        file = load(name, str(path))
        assert file.plugin is not None, file.problem
        invocation = Invocation(str(path), arguments, {**os.environ, **environ})
        self._runner.start()
        try:
            return await self._runner.run(
                file, invocation, time_limit=time_limit, inprocess=self.inprocess, measures=True
            )
        finally:
            self._runner.stop()
