"""How long an address has to wait for its next login after failed ones. Time is handed in.

The first FREE failures cost nothing; each further one doubles the wait, up to LONGEST. A login that is accepted ends
it, and so does FORGET without a failure. Addresses are remembered in bounded number; of IPv6 the network (/64) counts,
since one machine has a whole one to itself.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

FREE = 3
"""failures that cost no wait"""
FIRST = 1.0
"""seconds of the first wait"""
LONGEST = 30.0
"""seconds of the longest wait"""
FORGET = 900.0
"""seconds after its last failure that an address is forgotten"""
MOST = 10_000
"""addresses that are remembered; the one whose last failure is longest ago makes room"""


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Remembers failed logins by address. ``now`` is in seconds of a clock that does not go back."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._failures)

    def wait(self, address: str, now: float) -> float:
        """Seconds from now until the next login from an address may be looked at."""
        failures = self._failures.get(network(address))
        if failures is None or failures.count < FREE or now >= failures.last + FORGET:
            return 0.0
        penalty = min(FIRST * 2.0 ** min(failures.count - FREE, 30), LONGEST)
        return max(0.0, failures.last + penalty - now)

    def failed(self, address: str, now: float) -> int:
        """Take note of a failed login; returns how many there were in a row."""
        key = network(address)
        before = self._failures.pop(key, None)
        count = 1 if before is None or now >= before.last + FORGET else before.count + 1
        self._failures[key] = _Failures(count, now)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)
        return count

    def succeeded(self, address: str) -> None:
        """Take note of an accepted login: what failed before is forgotten."""
        self._failures.pop(network(address), None)


def network(address: str) -> str:
    """What counts as one sender: an IPv4 address, the /64 of an IPv6 one; other text stands for itself."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((int(ipaddress.IPv6Address(address.partition("%")[0])) >> 64 << 64, 64)))
    except ValueError:
        return address
