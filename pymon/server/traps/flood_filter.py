"""Which datagrams of a flood are not even parsed, so that those of proven senders are read in time.

Where more came from a sender (or from all) than can be looked at, one in ``sifted`` of the rest is taken, by chance.
Not sifted is what begins like a trap that was rightful before: the lines that name the sender, its user and password
are the same in all its traps. Beginnings are kept as keyed digests, for there are passwords in them. Time is handed in.
"""

from __future__ import annotations

import functools
import hashlib
import random
import secrets
from collections import OrderedDict

from pymon.access.login_backoff import network
from pymon.server.limits import ServerLimits

LINES = 3
"""lines that a trap begins with: pro, usr, pas"""
HEAD = 512
"""bytes in which these are looked for"""


class FloodFilter:
    """Remembers which senders send too much, and how rightful traps begin."""

    def __init__(self, rng: random.Random | None = None, limits: ServerLimits | None = None) -> None:
        self._limits = limits or ServerLimits()
        self._rng = rng or random.Random()  # noqa: S311  # which of a flood is dropped, is no secret
        self._key = secrets.token_bytes(32)
        self._crowds: OrderedDict[str, float] = OrderedDict()
        self._everybody = float("-inf")
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def note_flood(self, address: str, now: float) -> None:
        """Note that more came from this address than can be looked at."""
        key = sender(address)
        self._crowds[key] = now
        self._crowds.move_to_end(key)
        if len(self._crowds) > self._limits.remembered_senders:
            self._crowds.popitem(last=False)

    def note_flood_of_all(self, now: float) -> None:
        """Note that more came than can be looked at, but from so many addresses that no single one sent too much."""
        self._everybody = now

    def remember_rightful(self, data: bytes, address: str) -> None:
        """Remember how this datagram begins: its sender may send it."""
        digest = self._digest(data, address)
        self._good[digest] = None
        self._good.move_to_end(digest)
        if len(self._good) > self._limits.remembered_senders:
            self._good.popitem(last=False)

    def is_dropped(self, data: bytes, address: str, now: float) -> bool:
        """Whether a datagram is dropped as part of a flood."""
        since = max(self._everybody, self._crowds.get(sender(address), self._everybody))
        if now >= since + self._limits.crowded or self._digest(data, address) in self._good:
            return False
        return self._rng.randrange(self._limits.sifted) > 0

    def _digest(self, data: bytes, address: str) -> bytes:
        head = b"\n".join(data[:HEAD].split(b"\n", LINES)[:LINES])
        return hashlib.blake2b(address.encode() + b"\n" + head, digest_size=16, key=self._key).digest()


@functools.lru_cache(maxsize=4096)
def sender(address: str) -> str:
    """Who counts as one sender (of IPv6 a whole network)."""
    return network(address)
