"""The words of an acknowledgement: mon puts the user's name before them, an empty one if nobody is logged in."""

from __future__ import annotations


def parts(comment: str) -> tuple[str, str]:
    """Who acknowledged and what was said, either may be empty; ``set _ack_comment`` gives words without a name."""
    user, colon, words = comment.partition(":")
    return (user, words.strip()) if colon else ("", comment)


def describe(comment: str) -> str:
    """``bob: on it``, ``on it`` without a user, ``bob`` without words."""
    return ": ".join(part for part in parts(comment) if part)
