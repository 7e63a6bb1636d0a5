"""Takes traps in: datagrams → who may send them → are they fresh → whom are they for → the engine.

The order of the checks and the messages are mon's. Whatever comes, in whatever amount, is taken in small portions
between the checks; what is refused is counted, and logged a few times a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from socket import socket

from pymon.core.trap import Rejected
from pymon.errors import PacketError
from pymon.model.trap import Trap
from pymon.server.face import EngineFace
from pymon.server.freshness import Freshness, Recent
from pymon.server.loglimit import LogLimit, more
from pymon.server.pace import SLICE
from pymon.server.packet import MAX_PACKET, PACKET_VERSION, TrapPacket, parse_packet
from pymon.server.trapauth import Claim, TrapAuth, Verdict

log = logging.getLogger("pymon.server.traps")

BURST = 64
"""datagrams that are taken in one turn of the event loop"""
MOST_WAITING = 1024
"""traps that wait for a password or a name to be looked at; further ones are lost"""
MOST_WAITING_OF_ONE = 64
"""the same of one sender"""
LOGGED_TRAPS = 600
"""accepted traps that are logged in a minute"""

_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)", re.ASCII)


@dataclass(slots=True)
class TrapCounters:
    """How many traps came since the start, and what became of them; duplicates count as what they became, too."""

    received: int = 0
    accepted: int = 0
    malformed: int = 0
    unauthorised: int = 0
    refused: int = 0
    """of a protocol too old, without a status, or for an unknown group or service"""
    stale: int = 0
    """too old, without a time, or replayed (trapmaxage)"""
    duplicates: int = 0
    lost: int = 0
    """too many were waiting"""

    def __str__(self) -> str:
        """Such as ``3 received, 2 accepted``: those that are not zero."""
        counts = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


@dataclass(frozen=True, slots=True)
class _Waiting:
    packet: TrapPacket
    claim: Claim
    digest: bytes


class Traps:
    """Takes traps for one engine, from sockets that others have bound. To be used from one event loop only."""

    def __init__(
        self,
        engine: EngineFace,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock`` gives seconds since the epoch, ``ticks`` those of a clock that does not go back."""
        self.counters = TrapCounters()
        self._engine = engine
        self._clock = clock
        self._ticks = ticks
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="pymon-trap")
        self._auth = TrapAuth(self._threads, ticks)
        self._recent = Recent()
        self._freshness = Freshness()
        self._limit = LogLimit()
        self._accepted_limit = LogLimit(LOGGED_TRAPS)
        self._sockets: set[socket] = set()
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(MOST_WAITING)
        self._waiting: Counter[Claim | str] = Counter()
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look at traps that have to wait."""
        self._worker = asyncio.create_task(self._work(), name="traps")

    async def stop(self) -> None:
        """Take no more."""
        for each in list(self._sockets):
            self.forget(each)
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._auth.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.counters.received:
            log.info("traps: %s", self.counters)

    def receive_from(self, bound: socket) -> None:
        """Take traps from a UDP socket, until ``forget``."""
        self._sockets.add(bound)
        asyncio.get_running_loop().add_reader(bound, self._drain, bound)

    def forget(self, bound: socket) -> None:
        """Take no more from a socket; closing it is the caller's."""
        self._sockets.discard(bound)
        asyncio.get_running_loop().remove_reader(bound)

    def _drain(self, bound: socket) -> None:
        """Take what is there, but not so much that others wait for it."""
        end = self._ticks() + SLICE
        for _ in range(BURST):
            try:
                data, address = bound.recvfrom(MAX_PACKET + 1)
            except OSError as error:
                if not isinstance(error, BlockingIOError):
                    log.debug("cannot receive a trap: %s", error)
                return
            self.take(data, str(address[0]).partition("%")[0])
            if self._ticks() >= end:
                return

    def take(self, data: bytes, address: str) -> None:
        """Take a datagram from an address. Never raises."""
        self.counters.received += 1
        try:
            self._take(data, address)
        except Exception:
            self._tell(logging.ERROR, "bug", "a trap from %s failed (a bug in pymon)", address, exc_info=True)

    def _take(self, data: bytes, address: str) -> None:
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if self._recent.is_repeated(address.encode() + digest, self._ticks()):
            self.counters.duplicates += 1
            log.debug("a trap from %s came twice", address)
        try:
            packet = parse_packet(data)
        except PacketError as error:
            self.counters.malformed += 1
            self._tell(logging.WARNING, "malformed", "malformed trap from %s: %s", address, error)
            return
        for note in packet.notes:
            self._tell(logging.WARNING, "note", "a line of a trap from %s is not of the form tag=value: %d characters",
                       address, len(note))  # fmt: skip
        claim = Claim(address, packet.usr, packet.pas)
        verdict = self._auth.known(claim, self._engine.auth)
        if verdict is Verdict.UNKNOWN or (verdict is Verdict.YES and self._waiting[claim]):
            self._wait(_Waiting(packet, claim, digest))
        else:
            self._conclude(packet, address, digest, is_admitted=verdict is Verdict.YES)

    def _wait(self, waiting: _Waiting) -> None:
        """Let a trap wait for its turn, after those that came before it."""
        address = waiting.claim.address
        if self._waiting[address] >= MOST_WAITING_OF_ONE or self._queue.full():
            self.counters.lost += 1
            self._tell(logging.WARNING, "lost", "a trap from %s is lost: too many wait to be authenticated", address)
            return
        self._waiting[address] += 1
        self._waiting[waiting.claim] += 1
        self._queue.put_nowait(waiting)

    async def _work(self) -> None:
        while True:
            waiting = await self._queue.get()
            claim = waiting.claim
            try:
                is_admitted = await self._auth.find_out(claim, self._engine.auth)
                self._conclude(waiting.packet, claim.address, waiting.digest, is_admitted=is_admitted)
            except Exception:
                self._tell(logging.ERROR, "bug", "a trap from %s failed (a bug in pymon)", claim.address, exc_info=True)
            for key in (claim.address, claim):
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    del self._waiting[key]

    def _conclude(self, packet: TrapPacket, address: str, digest: bytes, *, is_admitted: bool) -> None:
        """All but authentication, in mon's order, and then the trap itself."""
        if not is_admitted:
            self.counters.unauthorised += 1
            self._tell(logging.WARNING, "unauthorised", "received unauthenticated trap from %s", address)
            return
        reason = _defect(packet)
        if reason:
            self._refuse(address, reason)
            return
        max_age = self._engine.site.settings.trapmaxage
        stale = self._freshness.refusal(digest, packet.tsp, max_age, self._clock()) if max_age else ""
        if stale:
            self.counters.stale += 1
            self._tell(logging.WARNING, "stale", "trap from %s refused: %s", address, stale)
            return
        addressee = self._engine.route_trap(packet.grp, packet.svc)
        if isinstance(addressee, Rejected):
            self._refuse(address, addressee.reason)
            return
        self.counters.accepted += 1
        left_out = self._accepted_limit.admit("accepted", self._ticks())
        if left_out is not None:
            log.info("trap %s %s from %s for %s %s, status %s%s", packet.typ, packet.spc, address, packet.grp,
                     packet.svc, packet.sta, more(left_out))  # fmt: skip
        trap = Trap(packet.sta or "", packet.sum, packet.dtl, addressee.intended)
        self._engine.take_trap(addressee.key, trap)

    def _refuse(self, address: str, reason: str) -> None:
        self.counters.refused += 1
        self._tell(logging.WARNING, "refused", "trap from %s refused: %s", address, reason)

    def _tell(self, level: int, kind: str, message: str, *facts: object, exc_info: bool = False) -> None:
        left_out = self._limit.admit(kind, self._ticks())
        if left_out is not None:
            log.log(level, f"{message}%s", *facts, more(left_out), exc_info=exc_info)


def _defect(packet: TrapPacket) -> str:
    """What makes a trap useless, whoever sent it; empty if nothing does."""
    match = _NUMBER.match(packet.pro)
    version = 0.0
    if match is not None:
        with contextlib.suppress(ValueError, OverflowError):
            version = float(match[1])
    if version < float(PACKET_VERSION):
        return f"cannot handle traps from version less than {PACKET_VERSION}"
    return "" if packet.sta is not None else "no sta (status) in it"
