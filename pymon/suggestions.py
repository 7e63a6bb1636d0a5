"""Guesses the known word that a misspelt one stands for: never its opposite."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_NEGATIONS = ("no", "not", "non", "dont", "without", "un", "dis", "in", "never")
_OPPOSITES = (
    ("include", "exclude"), ("only", "exclude"), ("allow", "deny"), ("allow", "forbid"), ("up", "down"),
    ("success", "failure"), ("start", "stop"), ("enable", "disable"), ("observe", "ignore"), ("present", "absent"),
    ("max", "min"), ("most", "least"), ("before", "after"), ("in", "out"), ("keep", "drop"), ("always", "never"),
)  # fmt: skip
_PART = re.compile(r"[a-z0-9]+")
_A_SLIP = 0.95
"""likeness from which on words differ by a letter, though that be one of a negation (``alerts_dot_count``)"""
_SAME = 0.8
"""likeness (0 to 1) from which two words are the same but for a slip"""


def most_alike(word: str, known: Iterable[str], *, cutoff: float = 0.7) -> str:
    """The known word that is most like another; empty if that is its opposite, or not as alike as ``cutoff`` (0 to 1).

    The next best after an opposite is no guess either: who writes ``noalert`` does not mean ``numalerts``.
    """
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)
    return close[0] if close and not is_opposite(word, close[0]) else ""


def is_opposite(one: str, other: str) -> bool:
    """Whether one of two words is the other with a negation (``no_comp_alerts``), or with an opposite in it."""
    mine, yours = one.lower(), other.lower()
    if _likeness(mine, yours) >= _A_SLIP:
        return False
    return _is_negated(mine, yours) or _has_opposite(mine, yours) or _has_opposite(yours, mine)


def _is_negated(one: str, other: str) -> bool:
    """Whether one has a negation that the other does not have."""
    mine, yours = _PART.findall(one), _PART.findall(other)
    stem = "".join(part for part in mine if part not in _NEGATIONS)
    other_stem = "".join(part for part in yours if part not in _NEGATIONS)
    count = sum(part in _NEGATIONS for part in (*mine, *yours))
    return (count + _has_grown_on(stem, other_stem) + _has_grown_on(other_stem, stem)) % 2 == 1


def _has_grown_on(stem: str, other: str) -> bool:
    """Whether a word begins with a negation that has grown together with the rest, which is the other word."""
    return any(
        stem.startswith(negation) and _likeness(stem.removeprefix(negation), other) > _likeness(stem, other)
        for negation in _NEGATIONS
    )


def _has_opposite(one: str, other: str) -> bool:
    return any(
        first in one
        and second in other
        and not (first in other and second in one)
        and _likeness(one.replace(first, "", 1), other.replace(second, "", 1)) >= max(_SAME, _likeness(one, other))
        for first, second in _OPPOSITES
    )


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
