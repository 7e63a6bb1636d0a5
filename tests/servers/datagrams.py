"""What misbehaving servers of datagrams send instead of the right answer, and the right answers of DNS and NTP."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

Answer = Callable[[bytes], bytes]
"""Query → its right answer."""
Spoil = Callable[[bytes, bytes], bytes | None]
"""Query and right answer → what is sent instead; None: nothing."""

_ERA = 2_208_988_800
"""Seconds from NTP's epoch, 1900, to that of Unix."""


def dns_answer(query: bytes) -> bytes:
    """The answer of a server with authority to a query for one name: the address 192.0.2.1, or no such data."""
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    found = question[-4:-2] == b"\0\1"
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 1]) if found else b""
    return query[:2] + b"\x84\x00" + struct.pack("!4H", 1, int(found), 0, 0) + question + record


def ntp_answer(query: bytes) -> bytes:
    """The answer of a server of stratum 2 whose clock is right."""
    seconds, fraction = divmod(time.time() + _ERA, 1)
    now = struct.pack("!II", int(seconds), int(fraction * 2**32))
    head = bytes([0x24, 2, query[2], 0xEC]) + struct.pack("!II", 0, 0) + b"\x7f\x7f\x01\x01"
    return head + now + query[40:48] + now + now


def nothing(_query: bytes, _answer: bytes) -> None:
    """Say nothing."""


def noise(_query: bytes, answer: bytes) -> bytes:
    """Bytes without meaning, as many as the right answer has."""
    return bytes((7 + 31 * position) % 256 for position in range(len(answer)))


def empty(_query: bytes, _answer: bytes) -> bytes:
    """No bytes."""
    return b""


def wrong_id(query: bytes, answer: bytes) -> bytes:
    """The right answer to another query: NTP knows it by the time in it, DNS by its first two bytes."""
    if len(query) == 48 and query[0] & 7 == 3:
        return answer[:24] + bytes(byte ^ 0xFF for byte in answer[24:32]) + answer[32:]
    return bytes(byte ^ 0xFF for byte in answer[:2]) + answer[2:]


def truncated(_query: bytes, answer: bytes) -> bytes:
    """The first half of the right answer."""
    return answer[: len(answer) // 2]


def echo(query: bytes, _answer: bytes) -> bytes:
    """The query itself."""
    return query
