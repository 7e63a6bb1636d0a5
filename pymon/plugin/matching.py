"""Regular expressions that users give to monitors, with a bound on what they may cost.

Python's ``re`` cannot be bounded: it looks at no clock, holds the interpreter lock, and with a long text does not even
look for signals. So it only says what is a regular expression, and the ``regex`` library looks for it: that has a limit
of time, and lets the interpreter go on meanwhile. Where its language is larger than that of ``re``, it is told to take
the text as ``re`` does; what is left is in docs/compatibility/ (M-regex).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from pymon.plugin.bounded import budget
from pymon.text import bounded

_SHOWN = 60
"""characters of an expression that are shown"""

_PIECES = re.compile(r"\\N\{[^}]*\}|\\.|\{\d*(?:,\d*)?\}|\[\^?\]?|.", re.DOTALL)
"""an escape, a repetition, the beginning of a class, or any other character"""


class Regex:
    """A regular expression in the syntax of ``re``. Raises ValueError, which says what is wrong with it.

    Those of the same text are equal, so that options which have some can be hashed.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is no regular expression: {error}") from None
        if not self._is_literal:
            _ = self._compiled  # what is wrong with it is to be known now

    def __repr__(self) -> str:
        return f"Regex({self.pattern!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regex) and other.pattern == self.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def search(self, text: str) -> bool:
        """Whether it is found in a text. Raises ``TooMuchWork``: then nobody knows."""
        if self._is_literal:
            return self.pattern in text
        return self._matches(self._compiled.search, text)

    def fullmatch(self, text: str) -> bool:
        """Whether all of a text matches. Raises ``TooMuchWork``."""
        return self._matches(self._compiled.fullmatch, text)

    def _matches(self, method: Any, text: str) -> bool:
        granted, shown = budget(), bounded(self.pattern, _SHOWN)
        what = f"looking for {shown!r} in {len(text)} characters"
        try:
            return method(text, timeout=granted.left(what), concurrent=granted.is_aside) is not None
        except TimeoutError:
            raise granted.used_up(what) from None

    @cached_property
    def _is_literal(self) -> bool:
        return re.search(r"[\\.^$*+?{}\[\]|()]", self.pattern) is None

    @cached_property
    def _compiled(self) -> Any:
        import regex  # noqa: PLC0415  # it takes 6 ms, and few checks have an expression

        try:
            return regex.compile(as_re_reads_it(self.pattern), regex.VERSION0)
        except (regex.error, OverflowError, RecursionError, MemoryError) as error:
            raise ValueError(f"is a regular expression that cannot be bounded: {error}") from None


def as_re_reads_it(pattern: str) -> str:
    """An expression of ``re``, written so that ``regex`` means the same by it.

    To ``regex`` ``[[:alpha:]]`` is a class of letters, and ``a{e<=1}`` an ``a`` with an error in it.
    """
    pieces: list[str] = []
    is_in_class = False
    for match in _PIECES.finditer(pattern):
        piece = match[0]
        if piece == "{" or (is_in_class and piece[0] == "["):
            piece = f"\\{piece}"
            is_in_class = is_in_class and not piece.endswith("]")
        elif piece[0] == "[":
            is_in_class = True
        elif piece == "]":
            is_in_class = False
        pieces.append(piece)
    return "".join(pieces)
