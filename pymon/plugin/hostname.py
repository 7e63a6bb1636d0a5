"""One spelling for all the spellings of a host, so that two can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from pymon.hostname import host_name
from pymon.plugin import net

LOOKUP_LIMIT = 5.0
"""seconds after which a name counts as one that cannot be looked up: what is to be done to others waits for it"""


def host_text(text: str) -> str:
    """A host as its text says it: an address in its usual form, a name as ``host_name`` has it. Looks nothing up."""
    name = host_name(text)
    known = net.literal(name)
    return name if known is None else _address_text(known)


async def host_addresses(host: str) -> frozenset[str]:
    """All addresses that a host has now, in their usual form; of an address itself, that one.

    Raises NameNotFound, also when there is no answer in LOOKUP_LIMIT seconds.
    """
    try:
        async with asyncio.timeout(LOOKUP_LIMIT):
            found: Iterable[net.Address] = await net.addresses(host_name(host))
    except TimeoutError:
        raise net.NameNotFound(f"no answer in {LOOKUP_LIMIT:g} seconds") from None
    return frozenset(map(_address_text, found))


def _address_text(known: net.Address) -> str:
    """An address in its usual form; a link-local one is another on each link."""
    text, *rest = known[1]
    try:
        address = ip_address(str(text).partition("%")[0])
    except ValueError:
        return str(text)
    if isinstance(address, IPv6Address):
        scope = rest[2] if len(rest) > 2 else 0  # port, flow and scope
        return f"{address}%{scope}" if scope else str(address.ipv4_mapped or address)
    return str(address)
