"""How long a login has to wait after failed ones. Time is handed in.

Failures count twice: for the address that they come from, and for the name that was tried from there. The first ones
cost nothing; each further one doubles the wait, up to a longest one. An accepted login makes up for the failures of its
own name only, so that nobody buys guesses at one name with logins by another; some time without a failure ends it all.
A user who has logged in lately does not wait for what others do at the same address.

Addresses and names are remembered in bounded number; of IPv6 the network (/64) counts, since one machine has a whole
one to itself.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pymon.access.limits import AccessLimits

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float


class _Memory(Generic[Key]):
    """Failures of the newest keys."""

    def __init__(self, limits: AccessLimits) -> None:
        self._limits = limits
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def count(self, key: Key, now: float) -> int:
        failures = self._failures.get(key)
        return 0 if failures is None or now - failures.last >= self._limits.failures_remembered else failures.count

    def wait(self, key: Key, now: float) -> float:
        count = self.count(key, now)
        limits, beyond = self._limits, count - self._limits.free_failures
        if beyond < 0:
            return 0.0
        penalty = min(limits.first_wait * 2.0 ** min(beyond, 30), limits.longest_wait)
        return max(0.0, penalty - (now - self._failures[key].last))

    def note_failure(self, key: Key, now: float) -> int:
        count = self.count(key, now) + 1
        self._failures[key] = _Failures(count, now)
        self._failures.move_to_end(key)
        if len(self._failures) > self._limits.remembered:
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

    def __init__(self, limits: AccessLimits | None = None) -> None:
        self._limits = limits or AccessLimits()
        self._addresses = _Memory[str](self._limits)
        self._names = _Memory[tuple[str, str]](self._limits)
        self._proven: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        """How many things are remembered: three times ``remembered`` at most."""
        return len(self._addresses) + len(self._names) + len(self._proven)

    def is_proven(self, address: str, user: str, now: float) -> bool:
        """Whether somebody of this name has lately logged in from there."""
        last = self._proven.get(self._key(address, user))
        return last is not None and now - last < self._limits.trusted

    def wait(self, address: str, user: str, now: float) -> float:
        """Seconds from now until the next login by a name from an address may be looked at."""
        of_name = self._names.wait(self._key(address, user), now)
        if self.is_proven(address, user, now):
            return of_name
        return max(of_name, self._addresses.wait(network(address), now))

    def note_failure(self, address: str, user: str, now: float) -> int:
        """Take note of a failed login; returns how many there were from that address."""
        self._names.note_failure(self._key(address, user), now)
        return self._addresses.note_failure(network(address), now)

    def note_success(self, address: str, user: str, now: float) -> None:
        """Take note of an accepted login: what failed by this name before is forgotten."""
        key = self._key(address, user)
        count = self._names.count(key, now)
        self._names.forgive(key, count)
        self._addresses.forgive(network(address), count)
        self._proven[key] = now
        self._proven.move_to_end(key)
        if len(self._proven) > self._limits.remembered:
            self._proven.popitem(last=False)

    def _key(self, address: str, user: str) -> tuple[str, str]:
        return network(address), user[: self._limits.name_size]


def network(address: str) -> str:
    """What counts as one sender: an IPv4 address, the /64 of an IPv6 one; other text stands for itself."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((int(ipaddress.IPv6Address(address.partition("%")[0])) >> 64 << 64, 64)))
    except ValueError:
        return address
