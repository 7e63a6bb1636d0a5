"""Physical lines → logical lines.

- A physical line whose first character that is not blank is ``#`` is dropped, also between continued lines.
- A line that ends in ``\\`` (blanks may follow) goes on in the next one, whose leading blanks are dropped. A
  continued line that is the last of the file is lost, as in mon, but with a warning.
- U+20A9, the won sign, is what Korean fonts and documents show for a backslash: at a line's end it continues the
  line too, with a warning, unless what follows shows that it was meant as text (a blank line, the end of the
  file, or a line that begins with a keyword).
- Blanks around a logical line are dropped; CR is a blank. A logical line has the number of its last physical one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pymon.config.time_values import BLANKS
from pymon.model.place import Place

WON_SIGNS = "₩￦"
"""U+20A9 and its full-width form U+FFE6"""
_BEGINS_WITH_KEYWORD = re.compile(r"[ \t]*([a-z_]+)(?:[ \t\r]|$)")


class LogicalLine(NamedTuple):
    """A logical line, and the number (from 1) of its last physical line."""

    text: str
    number: int


class Piece(NamedTuple):
    """What one physical line gave to a logical line: the text, and where in the physical line it starts (from 0)."""

    number: int
    start: int
    text: str


class SourceNotice(NamedTuple):
    """Something odd about a physical line: a code of ``pymon.config.problems``, where, and facts for its text."""

    code: str
    number: int
    column: int
    facts: Mapping[str, object]


class Source:
    """The text of one configuration; ``name`` is its file. Iterating gives its logical lines."""

    def __init__(self, name: str, text: str, keywords: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.notices: list[SourceNotice] = []
        self._physical = text.removeprefix("\ufeff").split("\n")
        if self._physical[-1] == "":
            self._physical.pop()
        self._keywords = keywords
        self._starts: dict[int, int] = {}
        if text.startswith("\ufeff"):
            self.note("byte-order-mark", 1, 1)

    def note(self, kind: str, number: int, column: int, /, **facts: object) -> None:
        """Keep a notice about a physical line."""
        self.notices.append(SourceNotice(kind, number, column, facts))

    def __iter__(self) -> Iterator[LogicalLine]:
        """Give the logical lines, empty ones included (they end records)."""
        physical = self._physical
        pending = ""
        first = 0
        for number, raw in enumerate(physical, 1):
            line = raw.strip(BLANKS)
            last = line[-1:]
            if line[:1] == "#":
                continue
            if last == "\\" or (last and last in WON_SIGNS and self._is_continuation(number, line)):
                pending += raw.lstrip(BLANKS).rstrip(BLANKS)[:-1]
                first = first or number
            elif first:
                self._starts[number] = first
                joined, pending, first = (pending + raw.lstrip(BLANKS)).strip(BLANKS), "", 0
                yield LogicalLine(joined, number)
            else:
                yield LogicalLine(line, number)
        if first:
            self.note("lost-line", len(physical), len(physical[-1].rstrip(BLANKS)))

    def _is_continuation(self, number: int, line: str) -> bool:
        """Decide whether a won sign at a line's end stands for a backslash, and note it either way."""
        following = next((raw for raw in self._physical[number:] if not raw.lstrip(BLANKS).startswith("#")), "")
        begins = _BEGINS_WITH_KEYWORD.match(following)
        is_text = not following.strip(BLANKS) or (begins is not None and begins[1] in self._keywords)
        column = self._physical[number - 1].rindex(line[-1]) + 1
        self.note("won-text" if is_text else "won-sign", number, column, code=ord(line[-1]))
        return not is_text

    def physical_line(self, number: int) -> str:
        """One physical line, without its line end; empty if the file is shorter."""
        return self._physical[number - 1].rstrip("\r") if 0 < number <= len(self._physical) else ""

    @property
    def count(self) -> int:
        """How many physical lines there are."""
        return len(self._physical)

    def logical_line(self, number: int) -> str:
        """The logical line that ends at a physical line."""
        return "".join(piece.text for piece in self._pieces(number)).strip(BLANKS)

    def locate(self, number: int, offset: int) -> Place:
        """The place of a character of a logical line, given the line's number and the character's offset."""
        piece = None
        for piece in self._pieces(number):
            if offset < len(piece.text):
                break
            offset -= len(piece.text)
        else:
            offset += len(piece.text) if piece else 0
        if piece is None:
            return Place(self.name, number)
        return Place(self.name, piece.number, piece.start + offset + 1)

    def _pieces(self, number: int) -> Iterator[Piece]:
        """The pieces of the logical line that ends at a physical line, blanks at both ends dropped."""
        seen_text = False
        for at in range(self._starts.get(number, number), number + 1):
            raw = self._physical[at - 1] if at <= len(self._physical) else ""
            text = raw.lstrip(BLANKS)
            if text[:1] == "#":
                continue
            start = len(raw) - len(text)
            if at < number:
                text = text.rstrip(BLANKS)[:-1]
            elif seen_text or text:
                text = text.rstrip(BLANKS)
            seen_text = seen_text or bool(text)
            yield Piece(at, start, text)
