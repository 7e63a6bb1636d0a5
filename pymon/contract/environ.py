"""What fits into an argument or environment variable of a program.

The kernel takes no NUL in either, and no single string of 128 KiB or more: with one, the program does not
start at all. Monitors and alerts get what fits instead (Q21).
"""

from __future__ import annotations

import os

from pymon.text import decode, encode, well_formed

ENVIRON_LIMIT = 64 * 1024
"""bytes of one MON_* variable that are passed on"""
_REPLACEMENT = "\ufffd"


def own_environ() -> dict[str, str]:
    """This process's environment: its bytes unchanged, whatever the locale's encoding."""
    return {decode(name): decode(value) for name, value in os.environb.items()}


def clean(text: str) -> str:
    """The text with each character that no argument or variable can hold replaced by U+FFFD."""
    return well_formed(text.replace("\0", _REPLACEMENT), _REPLACEMENT)


def fit(text: str, limit: int = ENVIRON_LIMIT) -> str:
    """The beginning of the cleaned text, at most ``limit`` bytes of UTF-8; no character is cut in two."""
    cleaned = clean(text)
    if len(cleaned) * 4 <= limit:
        return cleaned
    raw = encode(cleaned)
    if len(raw) <= limit:
        return cleaned
    end = limit
    while end > limit - 4 and raw[end] & 0xC0 == 0x80:
        end -= 1
    return decode(raw[:end])
