"""One host of a run, as a probe sees it: its name, how to reach it, and what was measured of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

from pymon.plugin import net
from pymon.plugin.conversation import LINE_LIMIT, Conversation


class Host:
    """One host of a run.

    ``name`` is as the arguments have it. ``family`` is AF_INET or AF_INET6 where only that one is to be used, else
    AF_UNSPEC. ``environ`` is the environment of the run (``MON_…``). Connections favour the earlier of the host's
    addresses and try the next one when it takes too long.
    """

    __slots__ = ("_found", "_said", "environ", "family", "measured", "name")

    def __init__(
        self,
        name: str,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.family = family
        self.environ: Mapping[str, str] = {} if environ is None else environ
        self.measured: dict[str, tuple[float, str]] = {}
        self._found: Sequence[net.Address] = ()
        self._said: list[str] = []

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The first of its addresses, as text. Only after it was looked up, which a Monitor sees to."""
        if not self._found:
            raise RuntimeError(f"{self.name} was not looked up: await host.addresses() first")
        return str(self._found[0][1][0])

    @property
    def transcript(self) -> str:
        """What was said and heard in its conversations so far, a line each: ``    < 220 …``, ``    > QUIT``."""
        return "".join(self._said)

    async def addresses(self, port: int = 0) -> Sequence[net.Address]:
        """Its addresses with that port, in the order in which to try them; raises NameNotFound."""
        if not self._found:
            self._found = await net.addresses(self.name, 0, self.family)
        if not port:
            return self._found
        return [(family, (address[0], port, *address[2:])) for family, address in self._found]

    async def connect(self, port: int) -> socket.socket:
        """A connected non-blocking socket, for you to close; raises NameNotFound or CannotConnect."""
        found = await self.addresses(port)
        try:
            return await net.connect_any(found)
        except OSError as error:
            raise net.CannotConnect(error.errno, error.strerror or str(error)) from error

    @asynccontextmanager
    async def converse(
        self, port: int, *, tls: ssl.SSLContext | None = None, server_name: str = ""
    ) -> AsyncIterator[Conversation]:
        """A conversation in lines over TCP, with TLS from the start if there is ``tls``; closed at the end.

        ``server_name`` is the name asked for and verified in TLS (default: the host's). How many seconds it took to
        ``connect`` is measured. Raises OSError.
        """
        began = time.perf_counter()
        connection = await self.connect(port)
        self.measure("connect", time.perf_counter() - began, "s")
        try:
            reader, writer = await asyncio.open_connection(sock=connection, limit=LINE_LIMIT)
        except BaseException:
            connection.close()
            raise
        conversation = Conversation(
            reader, writer, server_name=server_name or self.name, transcript=self._said, measure=self.measure
        )
        try:
            if tls is not None:
                await conversation.start_tls(tls)
            yield conversation
        finally:
            conversation.abort()

    def measure(self, name: str, value: float, unit: str = "") -> None:
        """Keep a figure: ``s`` (seconds), ``%``, ``B`` (bytes), ``d`` (days), or nothing for a mere number."""
        self.measured[name] = (float(value), unit)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure how many seconds what is done inside takes, unless it raises."""
        began = time.perf_counter()
        yield
        self.measure(name, time.perf_counter() - began, "s")
