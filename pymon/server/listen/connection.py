"""One client: its lines in, the answers out, in the order of the lines. What they mean is the commands' business.

No answer is sent before what it shows is on file, none is made faster than the checks allow (``fairness``), and none is
kept in memory for a client that does not read: a slice is made when the one before it went away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import chain

from pymon.access.logins import Authenticator
from pymon.engine.api import EngineAPI
from pymon.errors import ProtocolError
from pymon.model.request import Asker, Login, Outcome, Request
from pymon.protocol import wire
from pymon.redaction.command_words import mask_secrets
from pymon.server.commands.render_cache import StatusRenderer
from pymon.server.commands.reply import CommandReply, EngineRequest, Session
from pymon.server.commands.table import COMMANDS, UNAUTHORISED, answer, is_secret
from pymon.server.limits import ServerLimits
from pymon.server.listen.fairness import Turnstile, take_chunk
from pymon.text import encode

log = logging.getLogger("pymon.server")

TOO_LONG = "520 line too long"
FAILED = "520 command could not be executed, internal error"


@dataclass(frozen=True, slots=True)
class ServerContext:
    """What the connections of one server share."""

    engine: EngineAPI
    authenticator: Authenticator
    limits: ServerLimits
    turnstile: Turnstile
    statuses: StatusRenderer


class ServedConnection:
    """A conversation over a pair of streams, until either side ends it; ``session`` is what is known of the client."""

    def __init__(
        self, context: ServerContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: Session
    ) -> None:
        self.session = session
        self.is_busy = False
        """whether a command was begun and is not answered yet"""
        self.is_last = False
        """set from outside: whether the connection ends with the answer that is being made"""
        self._context = context
        self._limits = context.limits
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Converse until the connection is closed, for any reason."""
        try:
            await self._converse()
            await self._flush()
        except (ConnectionError, ssl.SSLError) as error:
            log.debug("client %s is gone: %s", self.session.peer, error)
        except TimeoutError:
            log.warning(
                "closing client %s: it did not read its answer for %g s", self.session.peer, self._limits.sending
            )
        finally:
            self._writer.transport.abort()

    async def _converse(self) -> None:
        lines = wire.LineReader()
        end = self._next_deadline()
        while data := await self._receive(end):
            try:
                commands, is_too_long = lines.feed(data), False
            except ProtocolError as error:
                commands, is_too_long = list(error.lines), True
            for line in commands:
                if not await self._execute(line):
                    return
            if commands:
                end = self._next_deadline()
            if is_too_long:
                log.warning("closing client %s: it sent a line of more than %d bytes", self.session.peer, wire.MAX_LINE)
                await self._refuse(TOO_LONG)
                return

    def _next_deadline(self) -> float:
        """Return the time by which the next command has to be complete: in ``cltimeout``, by the event loop's clock.

        Bytes without a line's end win no time, or else one byte now and then would keep a connection for ever.
        """
        return asyncio.get_running_loop().time() + self._context.engine.site.settings.cltimeout

    async def _receive(self, end: float) -> bytes:
        """Receive the client's next bytes; none if it has hung up, or sent nothing in time."""
        try:
            async with asyncio.timeout_at(end):
                return await self._reader.read(self._limits.read)
        except TimeoutError:
            data = await self._read_what_came()
            if not data:
                log.debug("closing client %s: nothing came from it", self.session.peer)
            return data

    async def _read_what_came(self) -> bytes:
        """Return what has arrived: after a hold-up the time may be over before the socket was read."""
        await asyncio.sleep(0)  # the event loop looks
        try:
            async with asyncio.timeout(0):
                return await self._reader.read(self._limits.read)
        except TimeoutError:
            return b""

    async def _execute(self, line: str) -> bool:
        """Answer a command; False if the connection is to be closed."""
        self.is_busy = True
        try:
            is_open = await self._answer(line)
        finally:
            self.is_busy = False
        return is_open

    async def _answer(self, line: str) -> bool:
        shown = _describe_command(line, self._limits.logged_command)
        if shown:
            facts = {"peer": self.session.peer, "user": self.session.user}
            log.info("client command %s", shown, extra={"event": "command", "facts": facts})
        try:
            reply = await self._reply(line)
        except Exception:
            log.exception("a client's command failed (a bug in pymon)")
            reply = CommandReply(FAILED)
        if reply.session is not None:
            self.session = reply.session
        if shown and reply.final == UNAUTHORISED.final:
            asker = Asker(self.session.user, self.session.peer)
            log.info("refused to %s: auth.cf does not allow it, or there is no such command", asker)
        await self._send(reply)
        if shown:
            log.debug("finished client command %s", shown)
        return not (reply.close or self.is_last)

    async def _reply(self, line: str) -> CommandReply:
        turnstile = self._context.turnstile
        async with turnstile.first() if len(line) <= self._limits.long_command else turnstile.rest():
            made = answer(line, self.session, self._context.engine.snapshot(), self._context.statuses)
        if not isinstance(made, EngineRequest):
            return made
        outcome = await self._perform(made.request)
        reply = made.reply(outcome)
        if not outcome.warning:
            return reply
        log.warning("%s: %s", _describe_command(line, self._limits.logged_command), outcome.warning)
        return replace(reply, lines=chain((f"warning: {outcome.warning}",), reply.lines))

    async def _perform(self, request: Request) -> Outcome:
        if isinstance(request, Login):
            peer, users = self.session.peer, self.session.peer_users
            return Outcome(ok=await self._context.authenticator.admits(request, peer, users))
        return await self._context.engine.perform(request, Asker(self.session.user, self.session.peer))

    async def _send(self, reply: CommandReply) -> None:
        """Send an answer slice by slice. Raises TimeoutError if the client does not read it."""
        enter = self._context.turnstile.first
        async with contextlib.aclosing(_parts(reply)) as parts:
            async for lines in parts:
                if not await self._send_part(lines, reply, enter):
                    return
                enter = self._context.turnstile.rest

    async def _send_part(
        self, lines: Iterator[bytes], reply: CommandReply, enter: Callable[[], AbstractAsyncContextManager[None]]
    ) -> bool:
        """Send some lines of an answer; False if they could not be made, and the answer has ended with that.

        ``enter`` is the entry to the turnstile for the first slice.
        """
        is_made = True
        is_complete = False
        while not is_complete:
            try:
                async with enter():
                    data, is_complete = take_chunk(lines, self._limits)
            except Exception:
                log.exception("an answer could not be made to its end (a bug in pymon)")
                data, is_made, is_complete = b"".join(_closing_line(reply, FAILED)), False, True
            await self._context.engine.settled()
            self._writer.write(data)
            async with asyncio.timeout(self._limits.sending):
                await self._writer.drain()
            enter = self._context.turnstile.rest
        return is_made

    async def _flush(self) -> None:
        """Send what was written, then close."""
        self._writer.close()
        async with asyncio.timeout(self._limits.sending):
            await self._writer.wait_closed()

    async def _refuse(self, final: str) -> None:
        """Say why, and take in what the client still sends, for otherwise the kernel might throw the reason away."""
        self._writer.write(encode(f"{final}\n"))
        if not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger):
                while await self._reader.read(self._limits.read):
                    pass


def _describe_command(line: str, most: int) -> str:
    """What the log says of a command, of ``most`` characters at most: nothing of a login, and no text of what is not a
    command, which may be a stray password."""
    if is_secret(line):
        return ""
    word = line.split(maxsplit=1)[:1]
    if not word or word[0].lower() not in COMMANDS:
        return f"(unknown, {len(line)} characters)"
    shown = mask_secrets(line[:most])
    return f'"{shown}"' if len(line) <= most else f'"{shown}…" of {len(line)} characters'


async def _parts(reply: CommandReply) -> AsyncGenerator[Iterator[bytes], None]:
    """The answer as bytes: its lines, then those of its pages, then the final line."""
    if reply.pages is None:
        yield chain(_encode(reply.lines, reply), _closing_line(reply, reply.final))
        return
    yield _encode(reply.lines, reply)
    final = reply.final
    try:
        async for page in reply.pages:
            yield _encode(page, reply)
    except OSError as error:
        log.error("an answer ends early: %s: %s", error.filename, error.strerror)
        final = FAILED
    yield _closing_line(reply, final)


def _encode(lines: Iterable[str], reply: CommandReply) -> Iterator[bytes]:
    """Lines of an answer as bytes, made one by one; those of one long line without the line ends between them."""
    end = "" if reply.is_one_line else "\n"
    for line in lines:
        yield encode(f"{line}{end}")


def _closing_line(reply: CommandReply, final: str) -> Iterator[bytes]:
    if reply.is_one_line:
        yield b"\n"
    yield encode(f"{final}\n")
