"""Where a real server listens: an address of its own, and one port that is free there and on ``::1``."""

from __future__ import annotations

from dataclasses import dataclass

from tests.addresses import own_address
from tests.ports import free_port


@dataclass(frozen=True, slots=True)
class Place:
    """An IPv4 address in 127.0.0.0/8, the IPv6 address ``::1``, and the port on both of them."""

    host: str
    host6: str
    port: int
    addresses: tuple[str, ...]
    """Where to listen: both, or ``host`` alone."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A running server: where it listens (``host6`` is ``::1``), and its process."""

    host: str
    host6: str
    port: int
    pid: int


def place(port: int | None = None, host: str | None = None) -> Place:
    """A place that nobody has; on ``host`` if a certificate for that was made before (``tests.addresses.own_address``).

    With ``port`` (53, say) it is on the IPv4 address only, as ``::1`` is everybody's.
    """
    own = host or own_address()
    if port is not None:
        return Place(own, "::1", port, (own,))
    return Place(own, "::1", free_port(own, "::1"), (own, "::1"))
