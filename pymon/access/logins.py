"""Logins: the ways of ``authtype`` in their order, off the event loop, few at once, and slower after failures.

Nothing here logs, raises or keeps a password.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pymon.access.limits import AccessLimits
from pymon.access.log_limit import LogLimit, more
from pymon.access.login_backoff import LoginBackoff, network
from pymon.access.pam import check_pam
from pymon.access.passwords import check_passwd, check_userfile
from pymon.errors import AuthenticationError
from pymon.model.request import Login
from pymon.model.settings import Settings

log = logging.getLogger("pymon.server")

ANY_NAME = "*"
"""among ``peer_users``: the peer may take any name"""
LOCAL = frozenset({"127.0.0.1", "::1"})
"""the addresses that ``trustlocal`` trusts; mon knows the first one only (U-LOCAL)"""


@dataclass(slots=True)
class _Queue:
    """The logins of one address: one at a time, so that many at once are no faster than one after the other.

    Names that have logged in from there before have each a queue of their own: no stranger's failures hold them up.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Authenticator:
    """Decides on logins by the settings in force, which ``settings`` gives."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        clock: Callable[[], float] = time.monotonic,
        limits: AccessLimits | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._limits = limits = limits or AccessLimits()
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="pymon-login")
        self._backoff = LoginBackoff(limits)
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._waiting = 0
        self._log_limit = LogLimit(limits=limits)

    def close(self) -> None:
        """Take no more logins; those that are looked at are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def admits(self, login: Login, peer: str, peer_users: frozenset[str] = frozenset()) -> bool:
        """Whether a client may be who it says.

        ``peer`` is its address, or ``unix``; ``peer_users`` are the users that the kernel vouches for (a Unix socket's
        peer): names, or ANY_NAME.

        An empty name is never accepted, an empty password only where none is looked at: from a peer that the kernel
        vouches for, and by ``trustlocal``.
        """
        if not login.user:
            return False
        if login.user in peer_users or ANY_NAME in peer_users:
            return True
        is_proven = self._backoff.is_proven(peer, login.user, self._clock())
        key = (network(peer), login.user if is_proven else "")
        queue = self._queues.setdefault(key, _Queue())
        if queue.waiting >= self._limits.waiting or self._waiting >= self._limits.waiting_all:
            self._warn("queue", "a login from %s is refused: too many are waiting", peer)
            return False
        queue.waiting += 1
        self._waiting += 1
        try:
            async with queue.turn:
                return await self._check_in_turn(login, peer)
        finally:
            self._waiting -= 1
            queue.waiting -= 1
            if not queue.waiting:
                self._queues.pop(key, None)

    async def _check_in_turn(self, login: Login, peer: str) -> bool:
        if wait := self._backoff.wait(peer, login.user, self._clock()):
            await asyncio.sleep(wait)
        accepted = await self._try_each(login, peer)
        if accepted:
            self._backoff.note_success(peer, login.user, self._clock())
            log.info("%s logged in from %s", login.user, peer)
            return True
        count = self._backoff.note_failure(peer, login.user, self._clock())
        next_wait = self._backoff.wait(peer, login.user, self._clock())
        waits = f"; the next one waits {next_wait:.0f} s" if next_wait else ""
        self._warn("failed", "failed login from %s (%d lately%s)", peer, count, waits)
        return False

    async def _try_each(self, login: Login, peer: str) -> bool:
        """Try each way in turn."""
        settings = self._settings()
        for name in settings.authtype:
            if name == "trustlocal":
                if peer in LOCAL:
                    return True
                continue
            check = _check(name, settings, login)
            if check is None:
                self._warn(f"unknown {name}", "authtype %s is not known and lets nobody in", name)
            elif login.password and await self._try(name, check):
                return True
        return False

    async def _try(self, name: str, check: Callable[[], bool]) -> bool:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, check)
        except AuthenticationError as error:
            self._warn(name, "a login cannot be looked at: %s", error)
        except RuntimeError:  # the threads were shut down
            log.debug("a login came while the server stopped")
        return False

    def _warn(self, kind: str, message: str, *facts: object) -> None:
        left_out = self._log_limit.admit(kind, self._clock())
        if left_out is not None:
            log.warning(f"{message}%s", *facts, more(left_out))


def _check(name: str, settings: Settings, login: Login) -> Callable[[], bool] | None:
    """How one authtype looks at a login, to be called in a thread; None if there is no such type."""
    user, password = login.user, login.password
    ways: dict[str, Callable[[], bool]] = {
        "getpwnam": lambda: check_passwd(user, password),
        "shadow": lambda: False,
        "userfile": lambda: check_userfile(settings.userfile, user, password),
        "pam": lambda: check_pam(settings.pamservice, user, password),
    }
    return ways.get(name)
