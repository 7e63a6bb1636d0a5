"""The server as a whole: what it listens on, by the settings in force, and what stands behind it.

``bind`` before the engine starts, so that a port that is taken keeps the daemon from starting; ``start`` when the
engine runs; ``stop`` before it stops. A reload changes the places that changed, and leaves the others alone.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import socket

from pymon.access.logins import Authenticator
from pymon.config.clientallow import compile_pattern, is_allowed
from pymon.engine.api import EngineAPI
from pymon.errors import ServerError
from pymon.model.settings import Settings
from pymon.server.commands.render_cache import StatusRenderer
from pymon.server.limits import ServerLimits
from pymon.server.listen.addresses import (
    ListenAddress,
    ListenerKind,
    identity_of,
    is_closed_to_others,
    open_sockets,
    places,
    remove_local,
)
from pymon.server.listen.clients import Clients
from pymon.server.listen.connection import ServerContext
from pymon.server.listen.fairness import Turnstile
from pymon.server.listen.tls import tls_context
from pymon.server.traps.receiver import Traps

log = logging.getLogger("pymon.server")


@dataclass(slots=True)
class _Post:
    """A place that is listened on: its sockets, and the tasks that serve them."""

    sockets: list[socket]
    identity: tuple[int, int] = (0, 0)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Server:
    """Answers clients and takes traps for one engine. To be used from its event loop only.

    It is attached to a daemon (``pymon.engine.attachments``), which does not begin without it.
    """

    name = "server"
    is_vital = True

    def __init__(self, engine: EngineAPI, limits: ServerLimits | None = None) -> None:
        self._engine = engine
        limits = limits or ServerLimits()
        self._authenticator = Authenticator(lambda: engine.site.settings)
        context = ServerContext(engine, self._authenticator, limits, Turnstile(), StatusRenderer(limits))
        self.clients = Clients(context, self._is_welcome)
        self.traps = Traps(engine, limits=limits)
        self._posts: dict[ListenAddress, _Post] = {}
        self._tls: ssl.SSLContext | None = None
        self._allowed = _patterns(engine.site.settings)
        self._is_started = False
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def bind(self) -> None:
        """Listen on every address of the settings. If one cannot be bound, raises ServerError and listens on none."""
        settings = self._engine.site.settings
        try:
            if settings.servertls is not None:
                self._tls = await asyncio.to_thread(tls_context, settings)
            for place in places(settings):
                await self._open(place)
        except BaseException:
            await self.stop()
            raise
        if is_closed_to_others(settings):
            log.info("only clients on this machine can connect, unlike with mon: serverbind = * lets others in")

    async def start(self) -> None:
        """Serve."""
        self._is_started = True
        for place, post in self._posts.items():
            self._serve(place, post)
        self.traps.start()
        self._engine.observe_reloads(self._on_reload)

    async def reconfigure(self) -> None:
        """Take over the settings of another configuration. The log names each address that cannot be bound."""
        async with self._changing:
            await self._reconfigure()

    def _on_reload(self, _settings: Settings) -> None:
        task = asyncio.create_task(self.reconfigure(), name="reconfigure the server")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_report_end)

    async def _reconfigure(self) -> None:
        settings = self._engine.site.settings
        self._allowed = _patterns(settings)
        self.clients.expel()
        try:
            self._tls = None if settings.servertls is None else await asyncio.to_thread(tls_context, settings)
        except ServerError as error:
            log.error("%s; %s", error, "the old certificate stays in use" if self._tls else "TLS is off")
        wanted = [place for place in places(settings) if place.kind is not ListenerKind.TLS or self._tls is not None]
        obsolete = [place for place in self._posts if place not in wanted]
        for place in obsolete:
            await self._close(place)
        refused = {place.kind for place in wanted if place not in self._posts and not await self._is_open(place)}
        for place in obsolete:
            # A mistyped port must not leave the daemon without any until somebody notices.
            if place.kind in refused and all(post.kind is not place.kind for post in self._posts):
                log.error("%s: this address stays in use", place)
                await self._is_open(place)

    async def _is_open(self, place: ListenAddress) -> bool:
        """Listen on an address. If it cannot be bound, this is logged."""
        try:
            await self._open(place)
        except ServerError as error:
            log.error("%s", error)
            return False
        return True

    async def wait_until_reconfigured(self) -> None:
        """Wait until the changes of the last reload are in force."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Stop listening, send the answers that are under way, and end all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for place in list(self._posts):
            await self._close(place)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self.clients.stop()
        await self.traps.stop()
        self._authenticator.close()

    def addresses(self, kind: ListenerKind) -> list[object]:
        """Where it listens for one kind of thing: what ``getsockname`` says."""
        return [
            each.getsockname() for place, post in self._posts.items() if place.kind is kind for each in post.sockets
        ]

    async def _open(self, place: ListenAddress) -> None:
        opening = asyncio.get_running_loop().run_in_executor(None, open_sockets, place)
        try:
            post = _Post(await asyncio.shield(opening))
        except asyncio.CancelledError:  # the thread goes on: it may wait for a name server
            opening.add_done_callback(partial(_abandon, place))
            raise
        if place.kind is ListenerKind.LOCAL:
            post.identity = identity_of(Path(place.host))
        self._posts[place] = post
        if not post.sockets:
            log.info("not listening on %s: this machine has no such address", place)
        for each in post.sockets:
            log.info("listening for %s on %s", place.kind.value, _where(place, each))
        if self._is_started:
            self._serve(place, post)

    def _serve(self, place: ListenAddress, post: _Post) -> None:
        for each in post.sockets:
            if place.kind is ListenerKind.TRAPS:
                self.traps.receive_from(each)
                continue
            tls = self._load_tls if place.kind is ListenerKind.TLS else None
            task = asyncio.create_task(self.clients.accept_from(each, tls), name=f"accept {place}")
            task.add_done_callback(_report_end)
            post.tasks.append(task)

    async def _close(self, place: ListenAddress) -> None:
        """Stop listening on an address. It is completed even if the caller is cancelled."""
        closing = asyncio.create_task(self._end(place, self._posts.pop(place)), name=f"close {place}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    async def _end(self, place: ListenAddress, post: _Post) -> None:
        for task in post.tasks:
            task.cancel()
        await asyncio.gather(*post.tasks, return_exceptions=True)
        for each in post.sockets:
            if place.kind is ListenerKind.TRAPS:
                self.traps.forget(each)
            each.close()
        if place.kind is ListenerKind.LOCAL:
            await asyncio.to_thread(remove_local, Path(place.host), post.identity)
        if self._is_started:
            log.info("stopped listening on %s", place)

    def _load_tls(self) -> ssl.SSLContext:
        if self._tls is None:
            raise ConnectionAbortedError("TLS is off now")
        return self._tls

    def _is_welcome(self, address: str) -> bool:
        return self._allowed is None or is_allowed(address, self._allowed)


def _patterns(settings: Settings) -> list[re.Pattern[str]] | None:
    """clientallow, compiled; None lets everybody in."""
    return [compile_pattern(pattern) for pattern in settings.clientallow] or None


def _where(place: ListenAddress, each: socket) -> str:
    if place.kind is ListenerKind.LOCAL:
        return place.host
    address = each.getsockname()
    return str(ListenAddress(place.kind, address[0], address[1]))


def _abandon(place: ListenAddress, opening: asyncio.Future[list[socket]]) -> None:
    """Close the sockets that were opened for a server that has stopped meanwhile."""
    if opening.cancelled() or opening.exception() is not None:
        return
    for each in opening.result():
        each.close()
    if place.kind is ListenerKind.LOCAL:
        remove_local(Path(place.host), identity_of(Path(place.host)))


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed (a bug in pymon)", task.get_name(), exc_info=error)
