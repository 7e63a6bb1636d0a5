"""Traps that wait for a password to be looked at: whose turn it is, and who has to go when there are too many.

Senders take turns, so that it does not matter to one how many another sends. Those who have proved themselves (their
password was right lately) have a line of their own, which strangers do not enter, and which strangers do not wait for.
Addresses of UDP can be forged: where too many wait of one sender, any of them may have to go, for nobody knows which
are the forged ones. Traps of one claim wait together, and stay in their order. Pure but for the dice.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pymon.server.traps.authorization import SenderClaim

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many traps may wait, in each line."""

    most: int = 1024
    """traps that wait, of all senders"""
    of_sender: int = 64
    """traps of one sender that wait"""
    looked_at: int = 8
    """senders of whom the one with most has to give way, when there are ``most``"""
    few: int = 4
    """traps of each sender, on an average, that are nobody's flood"""


@dataclass(slots=True)
class _Sender(Generic[T]):
    key: Hashable
    claims: dict[SenderClaim, deque[T]] = field(default_factory=dict)
    count: int = 0


class TrapQueue(Generic[T]):
    """One line. A claim whose turn it is keeps its place until ``release``: what comes meanwhile waits with it."""

    def __init__(self, limits: QueueLimits | None = None, rng: random.Random | None = None) -> None:
        self._limits = limits or QueueLimits()
        self._rng = rng or random.Random()  # noqa: S311  # which of a flood is dropped, is no secret
        self._senders: dict[Hashable, _Sender[T]] = {}
        self._turns: deque[_Sender[T]] = deque()
        self._waits_with: dict[SenderClaim, _Sender[T]] = {}
        self._at_work: dict[SenderClaim, deque[T]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many wait; those whose turn it is not counted."""
        return self._count

    def __contains__(self, claim: SenderClaim) -> bool:
        """Whether traps of this claim wait, or are being looked at."""
        return claim in self._at_work or claim in self._waits_with

    @property
    def is_scattered(self) -> bool:
        """Whether it is full, and of so many senders that no single one is to blame."""
        return self._count >= self._limits.most and len(self._senders) > self._limits.most // self._limits.few

    @property
    def is_busy(self) -> bool:
        """Whether any wait, or are being looked at."""
        return bool(self._count or self._at_work)

    def put(self, key: Hashable, claim: SenderClaim, trap: T) -> int:
        """Let a trap of a sender wait; gives how many others (or itself) had to go for it."""
        if (at_work := self._at_work.get(claim)) is not None:
            if len(at_work) >= self._limits.of_sender:
                return 1
            at_work.append(trap)
            return 0
        sender = self._waits_with.get(claim) or self._senders.get(key)
        if sender is None:
            sender = self._senders[key] = _Sender(key)
            self._turns.append(sender)
        self._waits_with[claim] = sender
        sender.claims.setdefault(claim, deque()).append(trap)
        sender.count += 1
        self._count += 1
        if sender.count > self._limits.of_sender:
            return self._drop_one(sender)
        if self._count > self._limits.most:
            seen = (self._turns[self._rng.randrange(len(self._turns))] for _ in range(self._limits.looked_at))
            return self._drop_one(max(seen, key=lambda each: each.count))
        return 0

    def take(self) -> tuple[SenderClaim, deque[T]] | None:
        """Take the claim whose turn it is, with traps to pop from the left until ``release``; None if nobody waits."""
        if not self._turns:
            return None
        sender = self._turns.popleft()
        claim = next(iter(sender.claims))
        traps = sender.claims.pop(claim)
        del self._waits_with[claim]
        sender.count -= len(traps)
        self._count -= len(traps)
        if sender.claims:
            self._turns.append(sender)
        else:
            del self._senders[sender.key]
        self._at_work[claim] = traps
        return claim, traps

    def release(self, claim: SenderClaim) -> None:
        """Forget a claim that was looked at, and of which no trap is left."""
        del self._at_work[claim]

    def _drop_one(self, sender: _Sender[T]) -> int:
        claims = list(sender.claims)
        claim = claims[self._rng.randrange(len(claims))]
        traps = sender.claims[claim]
        traps.popleft()
        sender.count -= 1
        self._count -= 1
        if not traps:
            del sender.claims[claim], self._waits_with[claim]
            if not sender.claims:
                self._turns.remove(sender)
                del self._senders[sender.key]
        return 1
