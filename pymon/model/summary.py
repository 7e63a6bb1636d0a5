"""The first line of a monitor's output, by which mon tells the hosts that failed."""

from __future__ import annotations

from collections.abc import Iterator

_NAME_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_ADDRESS_LETTERS = _NAME_LETTERS | {":"}
_PUNCTUATION = frozenset(".:")


def names_host(summary: str, host: str) -> bool:
    """Whether a summary contains a host's name as a word of its own, not as a part of a longer name."""
    letters = _ADDRESS_LETTERS if ":" in host else _NAME_LETTERS
    return any(
        summary[start - 1 : start] not in letters and not _goes_on(summary, start + len(host), letters)
        for start in _occurrences(summary, host)
    )


def _goes_on(text: str, end: int, letters: frozenset[str]) -> bool:
    """Whether a name goes on at ``end``. A dot or colon ends it unless more of a name follows: ``h1. h2: down``."""
    if text[end : end + 1] in _PUNCTUATION:
        return text[end : end + 1] in letters and text[end + 1 : end + 2] in letters - _PUNCTUATION
    return text[end : end + 1] in letters


def _occurrences(text: str, part: str) -> Iterator[int]:
    start = text.find(part) if part else -1
    while start >= 0:
        yield start
        start = text.find(part, start + 1)
