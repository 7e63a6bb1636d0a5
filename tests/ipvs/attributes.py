"""Netlink attributes for tests, coded with struct alone: a judge that has nothing in common with what it judges."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

GENERIC_HEADER = 20
"""bytes of struct nlmsghdr and struct genlmsghdr"""
SERVICE, DEST = 1, 2
"""IPVS_CMD_ATTR_SERVICE, IPVS_CMD_ATTR_DEST"""


def coded(attributes: Mapping[int, bytes] | Iterable[tuple[int, bytes]]) -> bytes:
    """Attributes as bytes: length, type, value, padding to four bytes."""
    pairs = attributes.items() if isinstance(attributes, Mapping) else attributes
    return b"".join(struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4) for kind, value in pairs)


def decoded(data: bytes) -> dict[int, bytes]:
    """Values by type, without the flags in a type's two highest bits."""
    found: dict[int, bytes] = {}
    while data:
        length, kind = struct.unpack_from("<HH", data)
        assert 4 <= length <= len(data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def message(body: bytes, command: int = 0) -> bytes:
    """A whole message of generic netlink, with its length."""
    return struct.pack("<IHHIIBBH", GENERIC_HEADER + len(body), 0, 0, 0, 0, command, 1, 0) + body


def part(data: bytes, kind: int) -> dict[int, bytes]:
    """The attributes inside of SERVICE or DEST in a whole message."""
    assert struct.unpack_from("<I", data) == (len(data),)
    return decoded(decoded(data[GENERIC_HEADER:])[kind])
