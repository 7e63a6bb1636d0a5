"""The asyncio client: the conversation's steps over streams."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pymon.client.address import connection_failure
from pymon.client.endpoint import CHUNK, Endpoint
from pymon.client.methods import Methods
from pymon.client.performer import AsyncPerformer
from pymon.client.protocol import ClientCommand, Reply, Steps
from pymon.errors import ClientError, ConnectionFailed, ConnectionLost, HostNotFound, NotConnected, ServerTimeout

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

T = TypeVar("T")


class AsyncClient(Endpoint, AsyncPerformer, Methods):
    """``Client`` for asyncio: the same arguments, methods and errors, and every method that asks is awaited.

    Tasks may share one: their commands are sent one after the other.

    async with AsyncClient("mon.example.org") as mon:
        for status in await mon.list_failures():
            print(status.group, status.service, status.last_summary)
    """

    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @cached_property
    def _turn(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.quit()
        else:
            self.close()

    @property
    def connected(self) -> bool:
        """Whether commands can be sent."""
        return self._streams is not None

    async def connect(self) -> None:
        """Connect, compare protocol versions, and log in if there is a user name. A connection that is open
        is closed first.

        Raises ConnectionFailed, ProtocolMismatch, AuthenticationFailed.
        """
        async with self._turn:
            self.close()
            try:
                async with asyncio.timeout(self.timeout):
                    self._streams = await self.open_streams()
            except TimeoutError:
                raise ConnectionFailed(f"cannot connect to {self.address}: no answer in time") from None
            try:
                await self._drive(self._greeting())
            except (ClientError, ValueError):  # refused, or no login that can be sent
                self.close()
                raise

    def close(self) -> None:
        """Close the connection without a word."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def quit(self) -> None:
        """Say goodbye and close; a server that is gone already is no error."""
        async with self._turn:
            streams = self._streams
            if streams is None:
                return
            with suppress(ClientError):  # closed is what was wanted
                await self._drive(self._conversation.say_goodbye())
            self.close()
            with suppress(OSError):  # the server was quicker, or too slow
                async with asyncio.timeout(self.timeout):
                    await streams[1].wait_closed()

    async def ask(self, line: str) -> Reply:
        """Send a command line as it is, and give the answer, also one of 5xx."""
        async with self._turn:
            return await self._drive(self._conversation.ask(line))

    async def perform(self, command: ClientCommand[T]) -> T:
        """Perform a command, such as ``Methods`` makes."""
        async with self._turn:
            return await self._drive(self._conversation.perform(command))

    async def open_streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams of a new connection; for those to override who have their own way to connect.

        Raises ConnectionFailed.
        """
        tls = self._tls or None
        try:
            if self.address.path:
                name = self.address.host if tls else None
                return await asyncio.open_unix_connection(self.address.path, ssl=tls, server_hostname=name)
            return await asyncio.open_connection(self.address.host, self.address.port, ssl=tls)
        except (socket.gaierror, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise HostNotFound(f"cannot find {self.address.host}: {reason}") from error
        except OSError as error:
            raise connection_failure(self.address, error) from error

    async def _drive(self, steps: Steps[T]) -> T:
        if self._streams is None:
            raise NotConnected("not connected")
        try:
            async with asyncio.timeout(self.timeout):
                to_send = next(steps)
                while True:
                    to_send = steps.send(await _transfer(*self._streams, to_send))
        except StopIteration as end:
            result: T = end.value
            return result
        except TimeoutError:
            raise ServerTimeout(f"no answer from {self.address} within {self.timeout:g} seconds") from None
        except OSError as error:
            raise ConnectionLost(f"the connection to {self.address} broke: {error.strerror or error}") from error
        finally:
            if not self._conversation.is_open:
                self.close()


async def _transfer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    """Send what there is to send, then receive. Raises OSError."""
    if data:
        writer.write(data)
        await writer.drain()
    return await reader.read(CHUNK)
