"""Servers that misbehave, each in one way: what a monitor must call failed, within its time limit.

    @pytest.mark.parametrize("adversity", rows("tcp", "tls"))
    async def test_adversities(adversity: Adversity) -> None:
        async with facing(adversity, Speech(b"220 mail.test ESMTP\\r\\n")) as enemy: ...   # enemy.host, enemy.port

``tests.monitors.adversity.check_adversity`` does this with a monitor, both ways, and looks at all that is expected.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from _pytest.mark.structures import ParameterSet

from tests.addresses import own_address
from tests.servers import datagrams
from tests.servers.certificates import Authority, Pair
from tests.servers.datagrams import Answer

Kind = Literal["tcp", "tls", "udp"]
LeadIn = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""The dialogue in plain text that comes before a handshake (STARTTLS), as the server leads it."""

PAUSE = 0.3
"""Seconds between the bytes of a drip."""

RUBBISH = random.Random(1).randbytes(3000).replace(b"\n", b"\0")
"""Bytes of every value but the line end, the same in each run."""


PROMPT_LIMIT = 30.0
"""seconds that a client has where it can know at once: more than a busy machine makes of that"""


@dataclass(frozen=True, slots=True)
class Speech:
    """What a server of the kind would say, so that the misbehaviour begins where a client listens.

    ``greeting`` is the begin of what it says at first, in plain text or within TLS. ``client_first``: it hears
    something before (http). ``lead_in``: the dialogue before the handshake, for STARTTLS. ``answer``: the right answer
    to a datagram (``datagrams.dns_answer``, ``datagrams.ntp_answer``).
    """

    greeting: bytes = b"220 server.test ready\r\n"
    client_first: bool = False
    lead_in: LeadIn | None = None
    answer: Answer = datagrams.dns_answer


@dataclass(slots=True)
class Facing:
    """A misbehaving server, and what it has seen of its clients.

    ``limit`` is the time limit (seconds) to give the monitor, ``prompt`` whether it must know before. ``name`` is what
    the certificate should be for (as well as ``host``), ``trusted`` the PEM file of the authority that should have
    signed it. ``came`` and ``gone`` are the loop's time at which the first client came and the last connection ended
    (None: none did). ``handshakes`` counts clients that were content with a wrong certificate.
    """

    host: str
    limit: float
    prompt: bool
    trusted: Path
    name: str = "server.test"
    port: int = 0
    connections: int = 0
    handshakes: int = 0
    came: float | None = None
    gone: float | None = None
    _sessions: set[asyncio.Task[None]] = field(default_factory=set)

    async def left(self) -> None:
        """Return when every client that came has gone, by itself or because the server broke it off."""
        while self._sessions:
            await asyncio.wait(list(self._sessions))


@dataclass(slots=True)
class Talk:
    """One connection to a misbehaving server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    speech: Speech
    facing: Facing
    authority: Authority

    async def hear(self) -> None:
        """Let the client have its first word, where it has that."""
        if self.speech.client_first:
            await self.reader.read(65536)

    async def hold(self) -> None:
        """Stay until the client hangs up."""
        while await self.reader.read(65536):
            pass

    async def say(self, data: bytes) -> None:
        """Send this."""
        self.writer.write(data)
        await self.writer.drain()

    async def shake_hands(self, pair: Pair) -> None:
        """Go through a handshake with this certificate, and on as a server does that has one."""
        if self.speech.lead_in is not None:
            await self.speech.lead_in(self.reader, self.writer)
        await self.writer.start_tls(pair.server_context())
        self.facing.handshakes += 1
        await self.hear()
        await self.say(self.speech.greeting)
        await self.hold()

    def reset(self) -> None:
        """Break the connection off with a reset."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Talk], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Adversity:
    """One way to misbehave; a monitor calls the host failed, within its time limit.

    ``prompt``: the client can know at once, so it must not wait for its limit. ``exact``: each run goes the same way,
    so what the client prints is the same (without: a client may meet the end of the connection at different points).
    ``busy``: keeps both sides busy, so that others had better not be faced at the same time.
    ``behave`` is for connections (None: the port is closed), ``spoil`` for datagrams: what is sent instead of the right
    answer.
    """

    name: str
    kind: Kind
    about: str
    prompt: bool
    exact: bool = True
    busy: bool = False
    behave: Behaviour | None = None
    spoil: datagrams.Spoil | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing listens."""
        return self.behave is None and self.spoil is None

    @property
    def limit(self) -> float:
        """The time limit (seconds) for a client: short where it must run out, long where it must not."""
        return PROMPT_LIMIT if self.prompt else 0.5


async def _silence(talk: Talk) -> None:
    await talk.hold()


async def _hang_up(_talk: Talk) -> None:
    pass


async def _hang_up_later(talk: Talk) -> None:
    await talk.hear()
    await talk.say(talk.speech.greeting[:2])


async def _reset(talk: Talk) -> None:
    talk.reset()


async def _reset_later(talk: Talk) -> None:
    await talk.hear()
    await talk.say(talk.speech.greeting[:2])
    talk.reset()


async def _rubbish(talk: Talk) -> None:
    await talk.hear()
    await talk.say(RUBBISH)
    talk.writer.write_eof()
    await talk.hold()


async def _flood(talk: Talk) -> None:
    async def pour() -> None:
        await talk.say(talk.speech.greeting.rstrip(b"\r\n"))
        while True:
            await talk.say(b"x" * 65536)

    await talk.hear()
    await _until_gone(talk, pour())


async def _drip(talk: Talk) -> None:
    async def drop() -> None:
        for byte in talk.speech.greeting.rstrip(b"\r\n"):
            await talk.say(bytes([byte]))
            await asyncio.sleep(PAUSE)
        while True:
            await talk.say(b"x")
            await asyncio.sleep(PAUSE)

    await talk.hear()
    await _until_gone(talk, drop())


async def _until_gone(talk: Talk, doing: Awaitable[None]) -> None:
    """Do this until the client hangs up."""
    task = asyncio.ensure_future(doing)
    try:
        await talk.hold()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _plain_text(talk: Talk) -> None:
    if talk.speech.lead_in is not None:
        await talk.speech.lead_in(talk.reader, talk.writer)
    await talk.reader.read(65536)  # the client's hello
    await talk.say(talk.speech.greeting)
    talk.writer.write_eof()
    await talk.hold()


async def _unfinished_handshake(talk: Talk) -> None:
    if talk.speech.lead_in is not None:
        await talk.speech.lead_in(talk.reader, talk.writer)
    await talk.hold()


async def _drip_within_tls(talk: Talk) -> None:
    if talk.speech.lead_in is not None:
        await talk.speech.lead_in(talk.reader, talk.writer)
    await talk.writer.start_tls(talk.authority.issue(talk.facing.name, talk.facing.host).server_context())
    await _drip(talk)


async def _wrong_name(talk: Talk) -> None:
    await talk.shake_hands(talk.authority.issue("other.test"))


async def _unknown_authority(talk: Talk) -> None:
    await talk.shake_hands(Authority("stranger").issue(talk.facing.name, talk.facing.host))


async def _expired(talk: Talk) -> None:
    await talk.shake_hands(talk.authority.issue(talk.facing.name, talk.facing.host, days=-1))


async def _early(talk: Talk) -> None:
    await talk.shake_hands(talk.authority.issue(talk.facing.name, talk.facing.host, since=1))


async def _no_chain(talk: Talk) -> None:
    pair = talk.authority.intermediate().issue(talk.facing.name, talk.facing.host)
    await talk.shake_hands(pair.alone())


ADVERSITIES: dict[str, Adversity] = {
    row.name: row
    for row in (
        Adversity("refusal", "tcp", "the port is closed", prompt=True),
        Adversity("silence", "tcp", "accepts, and says nothing", prompt=False, behave=_silence),
        Adversity("hangs up", "tcp", "hangs up at once", prompt=True, exact=False, behave=_hang_up),
        Adversity("hangs up later", "tcp", "hangs up within its first line", prompt=True, behave=_hang_up_later),
        Adversity("reset", "tcp", "resets the connection at once", prompt=True, exact=False, behave=_reset),
        Adversity(
            "reset later", "tcp", "resets it within its first line", prompt=True, exact=False, behave=_reset_later
        ),
        Adversity("rubbish", "tcp", "says bytes of every value, no line end", prompt=True, behave=_rubbish),
        Adversity(
            "flood", "tcp", "begins rightly, and sends without end or line end", prompt=False, busy=True, behave=_flood
        ),
        Adversity("drip", "tcp", "begins rightly, a byte at a time, for ever", prompt=False, behave=_drip),
        Adversity("plain text", "tls", "speaks plain text where TLS should be", prompt=True, behave=_plain_text),
        Adversity("no handshake", "tls", "never answers the hello", prompt=False, behave=_unfinished_handshake),
        Adversity("drip within TLS", "tls", "as drip, after the handshake", prompt=False, behave=_drip_within_tls),
        Adversity("wrong name", "tls", "has another's certificate", prompt=True, behave=_wrong_name),
        Adversity("unknown authority", "tls", "has one of a stranger", prompt=True, behave=_unknown_authority),
        Adversity("expired", "tls", "has one that was valid until yesterday", prompt=True, behave=_expired),
        Adversity("not yet valid", "tls", "has one that is valid from tomorrow", prompt=True, behave=_early),
        Adversity("no chain", "tls", "does not send the intermediate", prompt=True, behave=_no_chain),
        Adversity("port closed", "udp", "ICMP refuses", prompt=True),
        Adversity("no answer", "udp", "hears, and says nothing", prompt=False, spoil=datagrams.nothing),
        Adversity("noise", "udp", "answers with bytes of no meaning", prompt=False, spoil=datagrams.noise),
        Adversity("empty", "udp", "answers with an empty datagram", prompt=False, spoil=datagrams.empty),
        Adversity("wrong id", "udp", "answers another query", prompt=False, spoil=datagrams.wrong_id),
        Adversity("truncated", "udp", "answers with the half of it", prompt=False, spoil=datagrams.truncated),
        Adversity("echo", "udp", "sends the query back", prompt=False, spoil=datagrams.echo),
    )
}
"""Every way of misbehaving, by name. In rows that are not ``prompt`` a client may know before its limit."""


def rows(*kinds: Kind, without: tuple[str, ...] = ()) -> list[ParameterSet]:
    """The table's rows of these kinds, for ``pytest.mark.parametrize``, less those named."""
    return [
        pytest.param(row, id=row.name) for row in ADVERSITIES.values() if row.kind in kinds and row.name not in without
    ]


def rows_together(*kinds: Kind, without: tuple[str, ...] = ()) -> list[ParameterSet]:
    """The same rows as tuples: those in which a client can but wait for its limit make one, as they can be faced at the
    same time, and each other one stands alone."""
    chosen = [row for row in ADVERSITIES.values() if row.kind in kinds and row.name not in without]
    waiting = tuple(row for row in chosen if not row.prompt and not row.busy)
    sets = [waiting, *((row,) for row in chosen if row not in waiting)]
    return [pytest.param(each, id=", ".join(row.name for row in each)) for each in sets if each]


@contextlib.asynccontextmanager
async def facing(
    adversity: Adversity, speech: Speech | None = None, *, host: str | None = None
) -> AsyncIterator[Facing]:
    """A server that misbehaves this way, on a loopback address of its own or on ``host`` (``"::1"``)."""
    own = host or own_address()
    said = speech or Speech()
    authority = Authority()
    with tempfile.TemporaryDirectory() as folder:
        trusted = authority.write(Path(folder) / "authority.pem")
        enemy = Facing(own, adversity.limit, adversity.prompt, trusted)
        if adversity.behave is not None:
            server = _streams(adversity.behave, said, enemy, authority)
        elif adversity.spoil is not None:
            server = _datagrams(adversity.spoil, said.answer, enemy)
        else:
            server = _closed(socket.SOCK_DGRAM if adversity.kind == "udp" else socket.SOCK_STREAM, enemy)
        async with server:
            yield enemy


@contextlib.asynccontextmanager
async def _streams(behave: Behaviour, speech: Speech, enemy: Facing, authority: Authority) -> AsyncIterator[None]:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        enemy._sessions.add(task)
        enemy.connections += 1
        enemy.came = enemy.came or loop.time()
        try:
            with contextlib.suppress(OSError):  # which ssl.SSLError is, too
                await behave(Talk(reader, writer, speech, enemy, authority))
        finally:
            enemy.gone = loop.time()
            enemy._sessions.discard(task)
            writer.close() if writer.can_write_eof() else writer.transport.abort()

    server = await asyncio.start_server(meet, enemy.host, 0)
    enemy.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        await asyncio.sleep(0)  # a connection of the last moment gets its task
        server.close()
        sessions = list(enemy._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _datagrams(spoil: datagrams.Spoil, answer: Answer, enemy: Facing) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in enemy.host else socket.AF_INET, socket.SOCK_DGRAM) as server:

        def meet() -> None:
            query, client = server.recvfrom(65536)
            enemy.connections += 1
            enemy.came = enemy.came or loop.time()
            spoilt = spoil(query, answer(query))
            if spoilt is not None:
                server.sendto(spoilt, client)

        server.setblocking(False)
        server.bind((enemy.host, 0))
        enemy.port = server.getsockname()[1]
        loop.add_reader(server, meet)  # not a transport, which would not send an empty datagram
        try:
            yield
        finally:
            loop.remove_reader(server)


@contextlib.asynccontextmanager
async def _closed(kind: socket.SocketKind, enemy: Facing) -> AsyncIterator[None]:
    """A port that refuses, and that nobody else can take meanwhile."""
    with socket.socket(socket.AF_INET6 if ":" in enemy.host else socket.AF_INET, kind) as keeper:
        keeper.bind((enemy.host, 0))
        enemy.port = keeper.getsockname()[1]
        if kind == socket.SOCK_DGRAM:
            keeper.connect(keeper.getsockname())  # hears but itself
        yield
