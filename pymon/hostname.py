"""A host's name in one spelling, so that two can be compared. Looks nothing up."""

from __future__ import annotations


def host_name(text: str) -> str:
    """A host's name in lower case and ASCII (IDNA), without the dot that its end may have."""
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return text.lower()
    return (text.removesuffix(".") or text).lower()
