"""A server on a real engine, inside the test's own event loop; clients reach it through real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.engine.engine import Engine
from pymon.server.limits import ServerLimits
from pymon.server.listen.addresses import ListenerKind
from pymon.server.server import Server
from pymon.store.store import Store
from tests.addresses import own_address
from tests.ports import free_port

SITE = """
hostgroup g www1 www2

watch g
 service s
  traptimeout 1h
  period p: wd {Sun-Sat}
 service t
  traptimeout 1h
  period wd {Sun-Sat}
"""
AUTH = "command section\nlist: all\nservertime: all\nterm: all\nreset: all\nack: AUTH_ANY\ndisable: root, ann\n"


class Client:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: str | bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def line(self) -> str:
        """The next line, without its end; empty if the server has closed."""
        async with asyncio.timeout(10):
            return (await self.reader.readline()).decode().removesuffix("\n")

    async def answer(self) -> list[str]:
        """The lines up to a closing one."""
        lines = [await self.line()]
        while lines[-1] and not (lines[-1][:3].isdigit() and lines[-1][3:4] == " "):
            lines.append(await self.line())
        return lines

    async def ask(self, command: str) -> list[str]:
        """Send a command and get its answer."""
        await self.send(f"{command}\n")
        return await self.answer()

    async def rest(self) -> bytes:
        """All until the server closes."""
        async with asyncio.timeout(10):
            return await self.reader.read()

    async def close(self) -> None:
        """Close it."""
        self.writer.transport.abort()


class Live:
    """A running server, its engine, and the file that they were made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = own_address()
        self.port = free_port()
        self.file = folder / "mon.cf"
        self.engine: Engine
        self.server: Server
        self._clients: list[Client] = []
        for name in ("mon.d", "alert.d", "state", "log"):
            (folder / name).mkdir(exist_ok=True)

    def configure(self, settings: str = "", site: str = SITE, auth: str = AUTH) -> None:
        """Write mon.cf and auth.cf; ``settings`` are further global lines."""
        here = self.folder
        for name in ("serverport", "trapport"):
            if name not in settings:
                settings = f"{name} = {self.port}\n{settings}"
        (here / "auth.cf").write_text(auth)
        self.file.write_text(
            f"cfbasedir = {here}\nmondir = {here}/mon.d\nalertdir = {here}/alert.d\nstatedir = {here}/state\n"
            f"logdir = {here}/log\nauthfile = {here}/auth.cf\nserverbind = {self.address}\ntrapbind = {self.address}\n"
            f"{settings}\n{site}"
        )

    async def start(
        self,
        settings: str = "",
        site: str = SITE,
        auth: str = AUTH,
        record: Store | None = None,
        limits: ServerLimits | None = None,
    ) -> None:
        """Begin to watch and to serve; without a ``record`` nothing is kept on file."""
        self.configure(settings, site, auth)
        loaded = load(self.file)
        self.engine = Engine(
            loaded.site,
            environ=dict(os.environ),
            auth=loaded.auth,
            load=lambda: load(self.file),
            record=record,
            stopped=True,
        )
        self.server = Server(self.engine, limits)
        await self.server.bind()
        await self.engine.start()
        await self.server.start()

    async def reload(self, settings: str = "", site: str = SITE, auth: str = AUTH) -> None:
        """Take over another configuration, and wait until the server has, too."""
        self.configure(settings, site, auth)
        await self.engine.reload()
        await self.server.wait_until_reconfigured()

    async def stop(self) -> None:
        """End both, as the daemon does."""
        for client in self._clients:
            await client.close()
        await self.server.stop()
        await self.engine.stop()

    async def connect(self, port: int | None = None, source: str = "") -> Client:
        """A connection over TCP, from a certain address of this machine if need be."""
        local = (source, 0) if source else None
        return self._kept(*await asyncio.open_connection(self.address, port or self.port, local_addr=local))

    async def connect_tls(self, port: int, context: ssl.SSLContext, name: str) -> Client:
        """A connection over TLS to a server of this name."""
        return self._kept(*await asyncio.open_connection(self.address, port, ssl=context, server_hostname=name))

    async def connect_local(self, path: Path) -> Client:
        """A connection to the Unix socket."""
        return self._kept(*await asyncio.open_unix_connection(path))

    def _kept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Client:
        client = Client(reader, writer)
        self._clients.append(client)
        return client

    def send_trap(self, data: bytes, port: int | None = None) -> None:
        """Send a datagram."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(data, (self.address, port or self.port))

    def ports(self, kind: ListenerKind) -> list[object]:
        """Where the server listens."""
        return self.server.addresses(kind)


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A server that is not started yet."""
    made = Live(tmp_path)
    yield made
    if hasattr(made, "server"):
        await made.stop()
