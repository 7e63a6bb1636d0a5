"""Takes traps in: datagrams → who may send them → are they fresh → whom are they for → the engine.

The order of the checks and the messages are mon's. Traps of any content and number are taken in small portions
between the checks; what is refused is counted, and logged a few times a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from socket import SOL_SOCKET, socket

from pymon.access.log_limit import LogLimit, more
from pymon.access.login_backoff import LoginBackoff
from pymon.core.traps import Rejected
from pymon.engine.api import EngineAPI
from pymon.errors import PacketError
from pymon.model.trap import Trap
from pymon.protocol.trap_packet import MAX_PACKET, PACKET_VERSION, TrapPacket, parse_packet
from pymon.server.limits import ServerLimits
from pymon.server.traps.authorization import SenderClaim, TrapAuth, TrapRight
from pymon.server.traps.flood_filter import FloodFilter, sender
from pymon.server.traps.password_queue import TrapQueue
from pymon.server.traps.replay import DuplicateFilter, ReplayGuard

log = logging.getLogger("pymon.server.traps.receiver")

SO_MEMINFO, MEMINFO_WORDS, MEMINFO_DROPS = 55, 9, 8
"""of <asm-generic/socket.h> and <linux/sock_diag.h>: the option, the words of its answer, the word of the drops"""

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
    overflowed: int = 0
    """dropped by the kernel, which had no room left; these are not among those received"""

    def __str__(self) -> str:
        """Such as ``3 received, 2 accepted``: those that are not zero."""
        counts = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


@dataclass(frozen=True, slots=True)
class _Waiting:
    packet: TrapPacket
    claim: SenderClaim
    data: bytes
    digest: bytes


@dataclass(slots=True)
class _Line:
    """A line of traps that wait for their passwords, with whom to call when one comes."""

    name: str
    queue: TrapQueue[_Waiting]
    came: asyncio.Event


class Traps:
    """Takes traps for one engine, from sockets that others have bound. To be used from one event loop only."""

    def __init__(
        self,
        engine: EngineAPI,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        limits: ServerLimits | None = None,
    ) -> None:
        """``clock`` gives seconds since the epoch, ``ticks`` those of a clock that does not go back."""
        self.counters = TrapCounters()
        self._limits = limits = limits or ServerLimits()
        self._engine = engine
        self._clock = clock
        self._ticks = ticks
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pymon-trap")
        self._auth = TrapAuth(self._threads, ticks, limits)
        self._recent = DuplicateFilter(limits)
        self._freshness = ReplayGuard(limits)
        self._limit = LogLimit()
        self._accepted_limit = LogLimit(limits.logged_traps)
        self._sockets: set[socket] = set()
        self._proven = _Line("proven", TrapQueue(), asyncio.Event())
        self._strangers = _Line("strangers", TrapQueue(), asyncio.Event())
        self._trust = LoginBackoff()
        self._thinning = FloodFilter(limits=limits)
        self._drops: dict[socket, int] = {}
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look at traps that have to wait."""
        for line in (self._proven, self._strangers):
            self._workers.append(asyncio.create_task(self._work(line), name=f"traps of {line.name}"))

    async def stop(self) -> None:
        """Take no more."""
        for each in list(self._sockets):
            self.forget(each)
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._auth.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.counters.received:
            log.info("traps: %s", self.counters)

    def receive_from(self, bound: socket) -> None:
        """Take traps from a UDP socket, until ``forget``."""
        self._sockets.add(bound)
        self._drops[bound] = count_kernel_drops(bound)
        asyncio.get_running_loop().add_reader(bound, self._drain, bound)

    def forget(self, bound: socket) -> None:
        """Take no more from a socket; closing it is the caller's."""
        self._sockets.discard(bound)
        self._drops.pop(bound, None)
        asyncio.get_running_loop().remove_reader(bound)

    def _drain(self, bound: socket) -> None:
        """Take what is there, but not so much that others wait for it."""
        end = self._ticks() + self._limits.chunk_seconds
        self._look_for_overflow(bound)
        for _ in range(self._limits.trap_burst):
            try:
                data, address = bound.recvfrom(MAX_PACKET + 1)
            except OSError as error:
                if not isinstance(error, BlockingIOError):
                    log.debug("cannot receive a trap: %s", error)
                return
            self.take(data, str(address[0]).partition("%")[0])
            if self._ticks() >= end:
                return

    def _look_for_overflow(self, bound: socket) -> None:
        """See whether the kernel had to drop datagrams since the last look."""
        drops = count_kernel_drops(bound)
        overflowed = (drops - self._drops.get(bound, drops)) % 2**32
        if overflowed:
            self._drops[bound] = drops
            self.counters.overflowed += overflowed
            self._log(logging.WARNING, "overflow", "the kernel dropped %d datagrams for traps: they came faster than "
                       "they were read", overflowed)  # fmt: skip
            self._engine.note_lost_traps()

    def take(self, data: bytes, address: str) -> None:
        """Take a datagram from an address. Never raises."""
        self.counters.received += 1
        try:
            self._take(data, address)
        except Exception:
            self._log(logging.ERROR, "bug", "a trap from %s failed (a bug in pymon)", address, exc_info=True)

    def _take(self, data: bytes, address: str) -> None:
        if self._thinning.is_dropped(data, address, self._ticks()):
            self._count_lost(1, address)
            return
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if self._recent.is_repeated(address.encode() + digest, self._ticks()):
            self.counters.duplicates += 1
            log.debug("a trap from %s came twice", address)
        try:
            packet = parse_packet(data)
        except PacketError as error:
            self.counters.malformed += 1
            self._log(logging.WARNING, "malformed", "malformed trap from %s: %s", address, error)
            return
        for note in packet.notes:
            self._log(logging.WARNING, "note", "a line of a trap from %s is not of the form tag=value: %d characters",
                       address, len(note))  # fmt: skip
        claim = SenderClaim(address, packet.usr, packet.pas)
        verdict = self._auth.judge_now(claim, self._engine.auth)
        if verdict is TrapRight.UNKNOWN or (verdict is TrapRight.YES and self._is_waiting(claim)):
            self._wait(_Waiting(packet, claim, data, digest))
        else:
            if verdict is TrapRight.YES:
                self._thinning.remember_rightful(data, address)
            self._conclude(packet, claim, digest, is_admitted=verdict is TrapRight.YES)

    def _wait(self, waiting: _Waiting) -> None:
        """Let a trap wait for its turn, after those of its sender that came before it."""
        claim = waiting.claim
        who = sender(claim.address)
        is_proven = self._trust.is_proven(claim.address, claim.user, self._ticks())
        line = self._proven if is_proven and claim not in self._strangers.queue else self._strangers
        lost = line.queue.put((who, claim.user) if is_proven else who, claim, waiting)
        line.came.set()
        if lost:
            self._thinning.note_flood(claim.address, self._ticks())
            if line.queue.is_scattered:
                self._thinning.note_flood_of_all(self._ticks())
            self._count_lost(lost, claim.address)

    def _count_lost(self, count: int, address: str) -> None:
        """Count traps as lost; ``address`` is that of one of them, if it is known."""
        self.counters.lost += count
        self._log(logging.WARNING, "lost", "traps are lost, some of them from %s: too many wait to be "
                   "authenticated", address)  # fmt: skip
        self._engine.note_lost_traps()

    def _is_waiting(self, claim: SenderClaim) -> bool:
        return claim in self._proven.queue or claim in self._strangers.queue

    @property
    def is_busy(self) -> bool:
        """Whether traps wait for their passwords, or are being looked at."""
        return any(line.queue.is_busy for line in (self._proven, self._strangers))

    async def _work(self, line: _Line) -> None:
        while True:
            if (turn := line.queue.take()) is None:
                line.came.clear()
                await line.came.wait()
                continue
            claim, traps = turn
            is_admitted = False
            try:
                is_admitted = await self._auth.find_out(claim, self._engine.auth)
            except Exception:
                self._log(logging.ERROR, "bug", "a trap from %s failed (a bug in pymon)", claim.address, exc_info=True)
            if is_admitted and claim.user and traps:
                self._trust.note_success(claim.address, claim.user, self._ticks())
                self._thinning.remember_rightful(traps[0].data, claim.address)
            while traps:
                self._conclude_waiting(traps.popleft(), is_admitted=is_admitted)
            line.queue.release(claim)

    def _conclude_waiting(self, waiting: _Waiting, *, is_admitted: bool) -> None:
        address = waiting.claim.address
        try:
            self._conclude(waiting.packet, waiting.claim, waiting.digest, is_admitted=is_admitted)
        except Exception:
            self._log(logging.ERROR, "bug", "a trap from %s failed (a bug in pymon)", address, exc_info=True)

    def _conclude(self, packet: TrapPacket, claim: SenderClaim, digest: bytes, *, is_admitted: bool) -> None:
        """All but authentication, in mon's order, and then the trap itself."""
        address = claim.address
        if not is_admitted:
            self.counters.unauthorised += 1
            self._log(logging.WARNING, "unauthorised", "received unauthenticated trap from %s", address)
            return
        reason = _find_defect(packet)
        if reason:
            self._refuse(address, reason)
            return
        max_age = self._engine.site.settings.trapmaxage
        stale = self._freshness.refusal(digest, packet.tsp, max_age, self._clock()) if max_age else ""
        if stale:
            self.counters.stale += 1
            self._log(logging.WARNING, "stale", "trap from %s refused: %s", address, stale)
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
        self._log(logging.WARNING, "refused", "trap from %s refused: %s", address, reason)

    def _log(self, level: int, kind: str, message: str, *facts: object, exc_info: bool = False) -> None:
        left_out = self._limit.admit(kind, self._ticks())
        if left_out is not None:
            log.log(level, f"{message}%s", *facts, more(left_out), exc_info=exc_info)


def _find_defect(packet: TrapPacket) -> str:
    """Find what makes a trap useless, from any sender; empty if it is usable."""
    match = _NUMBER.match(packet.pro)
    version = 0.0
    if match is not None:
        with contextlib.suppress(ValueError, OverflowError):
            version = float(match[1])
    if version < float(PACKET_VERSION):
        return f"cannot handle traps from version less than {PACKET_VERSION}"
    return "" if packet.sta is not None else "no sta (status) in it"


def count_kernel_drops(bound: socket) -> int:
    """Count the datagrams that the kernel has dropped because a socket had no room for them (modulo 2**32).

    0 where the kernel does not tell (before Linux 4.12).
    """
    try:
        told = bound.getsockopt(SOL_SOCKET, SO_MEMINFO, 4 * MEMINFO_WORDS)
    except OSError:
        return 0
    words = struct.unpack(f"={len(told) // 4}I", told)
    return int(words[MEMINFO_DROPS]) if len(words) > MEMINFO_DROPS else 0
