"""Whether the sender of a trap may send it: the trap section of auth.cf (spec: protocol, traps).

If any line has the host ``*``, only those lines count; else those of the sender's address. Of these a line for user
``*`` lets everything in; else the user that the trap names must be there, with a password that fits. What a packet
claims is never taken for a wildcard: ``usr=*`` is a user of that name, who does not exist.

What takes time (names of hosts, hashes) is looked up once and remembered, so that a flood of traps costs little.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum

from pymon.access import crypt
from pymon.model.auth import ANY_HOST, AuthRules, TrapSource
from pymon.server.limits import ServerLimits
from pymon.text import encode


class TrapRight(Enum):
    """The right of a sender, as far as it is known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """something has to be looked up first"""


@dataclass(frozen=True, slots=True)
class SenderClaim:
    """Who a trap says it is from; ``secret`` is its password."""

    address: str
    user: str
    secret: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"SenderClaim({self.address!r}, {self.user!r})"


class Lines:
    """The trap section, laid out for looking up senders; ``names`` are the hosts whose addresses have to be known."""

    def __init__(self, rules: AuthRules) -> None:
        self._anywhere = tuple(source for source in rules.traps if source.host == ANY_HOST)
        self._literal: dict[str, list[int]] = {}
        self._named: dict[str, list[int]] = {}
        self._sources = rules.traps
        for number, source in enumerate(() if self._anywhere else rules.traps):
            address = _literal(source.host)
            (self._named if address is None else self._literal).setdefault(address or source.host, []).append(number)
        self.names = frozenset(self._named)

    def of(self, address: str, addresses: Callable[[str], frozenset[str]]) -> tuple[TrapSource, ...]:
        """The lines that count for a sender, in their order; ``addresses`` gives those of a host's name."""
        if self._anywhere:
            return self._anywhere
        sender = _canonical(address)
        numbers = list(self._literal.get(sender, ()))
        for name, named in self._named.items():
            if sender in addresses(name):
                numbers += named
        return tuple(self._sources[number] for number in sorted(numbers))


def judge(claim: SenderClaim, sources: Iterable[TrapSource], fits: Callable[[str, str], TrapRight]) -> TrapRight:
    """Whether these lines admit a claim; ``fits`` says whether a password has a hash."""
    hashes: dict[str, str] = {}
    for source in sources:
        if source.user == ANY_HOST:
            return TrapRight.YES
        hashes[source.user] = source.password_hash
    hashed = hashes.get(claim.user)
    return TrapRight.NO if hashed is None else fits(claim.secret, hashed)


class TrapAuth:
    """Judges claims by the rules in force, at once where that is possible."""

    def __init__(
        self, threads: Executor, clock: Callable[[], float] = time.monotonic, limits: ServerLimits | None = None
    ) -> None:
        self._limits = limits or ServerLimits()
        self._threads = threads
        self._clock = clock
        self._rules = AuthRules()
        self._lines = Lines(self._rules)
        self._names: dict[str, tuple[frozenset[str], float]] = {}
        self._verdicts: OrderedDict[bytes, bool] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._lookups: dict[str, asyncio.Task[None]] = {}

    def judge_now(self, claim: SenderClaim, rules: AuthRules) -> TrapRight:
        """Judge a claim by what is known now."""
        lines = self._lines_of(rules)
        unknown = self._unknown_names(lines)
        verdict = judge(claim, lines.of(claim.address, self._addresses_of), self._recall)
        return TrapRight.UNKNOWN if verdict is TrapRight.NO and unknown else verdict

    async def find_out(self, claim: SenderClaim, rules: AuthRules) -> bool:
        """Whether a claim is admitted, after all lookups that this needs (bounded)."""
        lines = self._lines_of(rules)
        if unknown := self._unknown_names(lines):
            await asyncio.wait([self._lookup(name) for name in unknown], timeout=self._limits.name_lookup)
        missing: list[str] = []

        def fits(secret: str, hashed: str) -> TrapRight:
            verdict = self._recall(secret, hashed)
            if verdict is TrapRight.UNKNOWN:
                missing.append(hashed)
            return verdict

        verdict = judge(claim, lines.of(claim.address, self._addresses_of), fits)
        if verdict is TrapRight.UNKNOWN:
            loop = asyncio.get_running_loop()
            fitting = await loop.run_in_executor(self._threads, crypt.fits, claim.secret, missing[0])
            self._remember(claim.secret, missing[0], fitting)
            return fitting
        return verdict is TrapRight.YES

    def stop(self) -> None:
        """Cancel the lookups under way."""
        for task in self._lookups.values():
            task.cancel()

    def _recall(self, secret: str, hashed: str) -> TrapRight:
        verdict = self._verdicts.get(self._digest(secret, hashed))
        if verdict is None:
            return TrapRight.UNKNOWN if crypt.is_plausible(hashed) else TrapRight.NO
        return TrapRight.YES if verdict else TrapRight.NO

    def _remember(self, secret: str, hashed: str, fitting: bool) -> None:
        self._verdicts[self._digest(secret, hashed)] = fitting
        while len(self._verdicts) > self._limits.remembered_passwords:
            wrong = next((digest for digest, good in self._verdicts.items() if not good), None)
            self._verdicts.pop(wrong) if wrong is not None else self._verdicts.popitem(last=False)

    def _digest(self, secret: str, hashed: str) -> bytes:
        text = encode(f"{hashed}\n{secret}")
        return hmac.digest(self._key, text, hashlib.sha256)

    def _lines_of(self, rules: AuthRules) -> Lines:
        """The trap section in force, laid out once."""
        if rules is not self._rules:
            self._rules, self._lines = rules, Lines(rules)
        return self._lines

    def _unknown_names(self, lines: Lines) -> list[str]:
        """Names that were never looked up; those whose addresses are old are looked up again aside."""
        unknown = []
        for name in lines.names:
            if (known := self._names.get(name)) is None:
                unknown.append(name)
            elif self._clock() >= known[1] + self._limits.host_name_age:
                self._lookup(name)
        return unknown

    def _addresses_of(self, name: str) -> frozenset[str]:
        return self._names.get(name, (frozenset(), 0.0))[0]

    def _lookup(self, name: str) -> asyncio.Task[None]:
        task = self._lookups.get(name)
        if task is None:
            task = self._lookups[name] = asyncio.create_task(self._look_up(name), name=f"look up {name}")
            task.add_done_callback(lambda _task: self._lookups.pop(name, None))
        return task

    async def _look_up(self, name: str) -> None:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            addresses = self._addresses_of(name)  # the last ones known are better than none
        else:
            addresses = frozenset(_canonical(str(info[4][0])) for info in found)
        self._names[name] = (addresses, self._clock())


def _literal(host: str) -> str | None:
    """An address in its shortest form; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _canonical(address: str) -> str:
    return _literal(address.partition("%")[0]) or address
