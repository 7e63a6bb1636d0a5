"""Netlink attributes (linux/netlink.h, struct nlattr): length, type, value, padding to four bytes. Pure.

A length counts its own four bytes but not the padding. The two highest bits of a type are flags (nested, network
order), which readers drop.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable

from pymon.errors import IpvsError

_HEAD = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF

Attribute = tuple[int, bytes]
"""type and value"""


def coded(attributes: Iterable[Attribute]) -> bytes:
    """Attributes as bytes, one after the other."""
    parts: list[bytes] = []
    for kind, value in attributes:
        parts += (_HEAD.pack(_HEAD.size + len(value), kind), value, bytes(-len(value) % 4))
    return b"".join(parts)


def decoded(data: bytes) -> dict[int, bytes]:
    """Values by type; of a type that repeats, the last. Raises IpvsError for bytes that are no attributes."""
    found: dict[int, bytes] = {}
    offset = 0
    while offset + _HEAD.size <= len(data):
        length, kind = _HEAD.unpack_from(data, offset)
        if length < _HEAD.size or offset + length > len(data):
            raise IpvsError("an answer of the kernel is malformed: an attribute ends outside of it")
        found[kind & _TYPE_MASK] = data[offset + _HEAD.size : offset + length]
        offset += (length + 3) & ~3
    return found


def u8(number: int) -> bytes:
    """One byte."""
    return number.to_bytes(1, "big")


def u16(number: int) -> bytes:
    """Two bytes in the order of the host."""
    return struct.pack("=H", number)


def u32(number: int) -> bytes:
    """Four bytes in the order of the host."""
    return struct.pack("=I", number)


def port(number: int) -> bytes:
    """Two bytes in network order."""
    return number.to_bytes(2, "big")


def text(words: str) -> bytes:
    """A string with the NUL that ends it."""
    return words.encode("utf-8", "surrogateescape") + b"\0"


def number_of(value: bytes) -> int:
    """A number in the order of the host, of any size."""
    return int.from_bytes(value, sys.byteorder)


def port_of(value: bytes) -> int:
    """A number in network order."""
    return int.from_bytes(value, "big")


def text_of(value: bytes) -> str:
    """A string without its NUL."""
    return value.rstrip(b"\0").decode("utf-8", "surrogateescape")
