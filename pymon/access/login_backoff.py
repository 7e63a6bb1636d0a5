"""How long a login has to wait after failed ones. Time is handed in.

Failures count twice: for the address that they come from, and for the name that was tried from there. The first FREE
cost nothing; each further one doubles the wait, up to LONGEST. An accepted login makes up for the failures of its own
name only, so that nobody buys guesses at one name with logins by another; FORGET without a failure ends it all. Who
has logged in lately does not wait for what others do at the same address.

Addresses and names are remembered in bounded number; of IPv6 the network (/64) counts, since one machine has a whole
one to itself.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

FREE = 3
"""failures that cost no wait"""
FIRST = 1.0
"""seconds of the first wait"""
LONGEST = 30.0
"""seconds of the longest wait"""
FORGET = 900.0
"""seconds after its last failure that an address or a name is forgotten"""
TRUST = 86400.0
"""seconds after a login that its name does not wait for others of the same address"""
MOST = 10_000
"""addresses that are remembered, names with failures, and names with a login; the oldest make room"""
NAME_LIMIT = 64
"""characters of a name that are remembered: it may be as long as a line"""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float


class _Memory(Generic[Key]):
    """Failures of the newest ``most`` keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def count(self, key: Key, now: float) -> int:
        failures = self._failures.get(key)
        return 0 if failures is None or now - failures.last >= FORGET else failures.count

    def wait(self, key: Key, now: float) -> float:
        count = self.count(key, now)
        if count < FREE:
            return 0.0
        penalty = min(FIRST * 2.0 ** min(count - FREE, 30), LONGEST)
        return max(0.0, penalty - (now - self._failures[key].last))

    def failed(self, key: Key, now: float) -> int:
        count = self.count(key, now) + 1
        self._failures[key] = _Failures(count, now)
        self._failures.move_to_end(key)
        if len(self._failures) > self._most:
            self._failures.popitem(last=False)
        return count

    def forgive(self, key: Key, count: int) -> None:
        """Take back some failures; the time of the last one stays."""
        if (failures := self._failures.get(key)) is None:
            return
        if count < failures.count:
            self._failures[key] = _Failures(failures.count - count, failures.last)
        else:
            del self._failures[key]


class LoginBackoff:
    """Remembers logins by address and name. ``now`` is in seconds of a clock that does not go back."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._addresses = _Memory[str](most)
        self._names = _Memory[tuple[str, str]](most)
        self._proven: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        """How many things are remembered: 3 * ``most`` at most."""
        return len(self._addresses) + len(self._names) + len(self._proven)

    def is_proven(self, address: str, user: str, now: float) -> bool:
        """Whether somebody of this name has lately logged in from there."""
        last = self._proven.get(_key(address, user))
        return last is not None and now - last < TRUST

    def wait(self, address: str, user: str, now: float) -> float:
        """Seconds from now until the next login by a name from an address may be looked at."""
        of_name = self._names.wait(_key(address, user), now)
        if self.is_proven(address, user, now):
            return of_name
        return max(of_name, self._addresses.wait(network(address), now))

    def failed(self, address: str, user: str, now: float) -> int:
        """Take note of a failed login; returns how many there were from that address."""
        self._names.failed(_key(address, user), now)
        return self._addresses.failed(network(address), now)

    def succeeded(self, address: str, user: str, now: float) -> None:
        """Take note of an accepted login: what failed by this name before is forgotten."""
        key = _key(address, user)
        count = self._names.count(key, now)
        self._names.forgive(key, count)
        self._addresses.forgive(network(address), count)
        self._proven[key] = now
        self._proven.move_to_end(key)
        if len(self._proven) > self._most:
            self._proven.popitem(last=False)


def _key(address: str, user: str) -> tuple[str, str]:
    return network(address), user[:NAME_LIMIT]


def network(address: str) -> str:
    """What counts as one sender: an IPv4 address, the /64 of an IPv6 one; other text stands for itself."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((int(ipaddress.IPv6Address(address.partition("%")[0])) >> 64 << 64, 64)))
    except ValueError:
        return address
