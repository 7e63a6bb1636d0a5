"""Whether a trap was seen before, and whether it is too old to believe. Time is handed in, in seconds."""

from __future__ import annotations

import re
from collections import OrderedDict

from pymon.server.limits import ServerLimits

_TIME = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


class DuplicateFilter:
    """Remembers datagrams for a moment (``duplicate_window``)."""

    def __init__(self, limits: ServerLimits | None = None) -> None:
        self._limits = limits or ServerLimits()
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def is_repeated(self, digest: bytes, now: float) -> bool:
        """Whether the same was seen a moment ago; it is remembered either way."""
        before = self._seen.pop(digest, None)
        self._seen[digest] = now
        if len(self._seen) > self._limits.remembered_datagrams:
            self._seen.popitem(last=False)
        return before is not None and now < before + self._limits.duplicate_window


class ReplayGuard:
    """Refuses traps without a time, too old ones, and those that came before (``trapmaxage``)."""

    def __init__(self, limits: ServerLimits | None = None) -> None:
        self._limits = limits or ServerLimits()
        self._kept: OrderedDict[bytes, float] = OrderedDict()
        self._forgotten_until = float("-inf")

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept)

    def refusal(self, digest: bytes, tsp: str, max_age: float, now: float) -> str:
        """Why a trap is refused, empty if it is not; then it is remembered.

        ``digest`` stands for the bytes of the datagram, ``tsp`` is when it was sent, ``now`` when it came, both in
        seconds since the epoch.
        """
        if not _TIME.fullmatch(tsp):
            return "it does not say when it was sent"
        sent = float(tsp)
        if sent < now - max_age:
            return f"it was sent {now - sent:.0f} s ago"
        if sent > now + min(self._limits.trap_clock_ahead, max_age):
            return f"it was sent {sent - now:.0f} s in the future"
        self._forget(now - max_age)
        if digest in self._kept or sent <= self._forgotten_until:
            return "it is replayed"
        self._kept[digest] = sent
        if len(self._kept) > self._limits.remembered_traps:
            _, oldest = self._kept.popitem(last=False)
            self._forgotten_until = max(self._forgotten_until, oldest)
        return ""

    def _forget(self, before: float) -> None:
        """Forget those that are refused for their age anyway."""
        while self._kept:
            digest, sent = next(iter(self._kept.items()))
            if sent >= before:
                return
            del self._kept[digest]
