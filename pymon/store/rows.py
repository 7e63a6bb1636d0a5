"""Text in the record's columns: its bytes as they are, so that names and texts need not be UTF-8."""

from __future__ import annotations


def as_bytes(text: str) -> bytes:
    """What a column holds of a text; ``as_text`` gives it back. (A surrogate that is no byte becomes ``?``.)"""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def as_text(column: bytes) -> str:
    """The text of a column."""
    return column.decode("utf-8", "surrogateescape")
