"""How the arguments of monitors and alerts become words: blanks, quotes and backslashes, without any shell.

The rules are those of Perl's Text::ParseWords, which mon uses:

- blanks separate words; quotes group, also in the middle of a word (``g"h i"j`` is ``gh ij``);
- a backslash makes the next character ordinary outside quotes and inside double quotes; inside single quotes it
  stays, and yet keeps the next character from ending the quote (``'it\\'s'`` is ``it\\'s``);
- empty quotes make an empty word; ``$`` and ``*`` mean nothing.
"""

from __future__ import annotations

import re

from pymon.errors import WordSplitError

_BLANKS = re.compile(r"[ \t\r\f\v\n]+")
_PLAIN = re.compile(r"[^\s\\'\"]*(?:[ \t\r\f\v\n]+[^\s\\'\"]+)*", re.ASCII)
_PIECE = re.compile(
    r"""(?P<blank>[ \t\r\f\v\n]+)
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | '(?P<single>(?:[^'\\]|\\.)*)'
      | (?P<bare>(?:[^ \t\r\f\v\n\\'"]|\\.)+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def split_words(text: str) -> tuple[str, ...]:
    """Split an argument line into words.

    Raises WordSplitError, which says where, when a quote is never closed or a backslash has nothing after it.
    """
    if _PLAIN.fullmatch(text):
        return tuple(split_blanks(text))
    words: list[str] = []
    word: str | None = None
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise WordSplitError(_describe_unfinished(text, position), position)
        position = match.end()
        kind = match.lastgroup
        if kind == "blank":
            if word is not None:
                words.append(word)
            word = None
        else:
            piece = match[kind or 0]
            word = (word or "") + (piece if kind == "single" else _ESCAPE.sub(r"\1", piece))
    if word is not None:
        words.append(word)
    return tuple(words)


def split_blanks(text: str) -> list[str]:
    """Split at mon's blanks only, without any quoting: hosts, view entries."""
    return text.split() if text.isascii() else [word for word in _BLANKS.split(text) if word]


def _describe_unfinished(text: str, position: int) -> str:
    """Describe why no further piece could be read at a position."""
    if text[position] == "\\":
        return "the backslash at the end has nothing after it"
    return f"the quote {text[position]} is never closed"


def locate_words(text: str) -> tuple[int, ...]:
    """Where each word of ``split_words`` begins in the text, quotes included. Raises WordSplitError, as that does."""
    starts: list[int] = []
    position = 0
    in_word = False
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise WordSplitError(_describe_unfinished(text, position), position)
        is_blank = match.lastgroup == "blank"
        if not is_blank and not in_word:
            starts.append(position)
        in_word = not is_blank
        position = match.end()
    return tuple(starts)
