r"""Bytes and text: what pymon reads, shows and passes on need not be UTF-8, nor fit for a terminal.

Text in pymon is UTF-8 decoded with surrogateescape: a byte that is not UTF-8 becomes a surrogate that stands for it
(``\udc80`` to ``\udcff``), so that any bytes survive. Any other lone surrogate stands for no byte. Only JSON or a
plugin in the daemon's process can make one, and no encoding takes it.

decode encode    between bytes and text; both always succeed
from_locale      what Python decoded by the locale: arguments, environment
well_formed      text that ``encode`` gives back whole
printable        for logs and terminals: escapes (or a mark) instead of what would not be shown
readable         for JSON, mail and HTML: valid Unicode, escapes for bytes that are not UTF-8
one_line         the same on one line, without control characters
first_line       the first line, its control characters blanks
blank_controls   the text with blanks for what could steer a terminal
bounded          the beginning, and a mark where something is cut off

It imports next to nothing, since every plugin that runs as a program starts with it.
"""

from __future__ import annotations

import os

_BLANKS = dict.fromkeys((*range(32), *range(127, 160)), " ")
"""control characters, those of C1 (``U+009B`` begins a sequence) too"""
_BLANKS_IN_LINES = {code: blank for code, blank in _BLANKS.items() if chr(code) not in "\n\t"}
_SEPARATORS = dict.fromkeys((*_BLANKS, 0x2028, 0x2029), "\0")


def decode(data: bytes) -> str:
    """The text of any bytes."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text. A surrogate that stands for no byte becomes ``?``."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return well_formed(text).encode("utf-8", "surrogateescape")


def from_locale(text: str) -> str:
    """An argument or a variable that Python decoded by the locale, as pymon's text: its bytes stay."""
    return decode(os.fsencode(text))


def well_formed(text: str, mark: str = "?") -> str:
    """The text with ``mark`` for each surrogate that stands for no byte, so that it can be written anywhere."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "".join(mark if _is_lone(char) else char for char in text)
    return text


def printable(text: str, *, keep: str = "", mark: str | None = None) -> str:
    r"""The text with ``mark`` instead of all that is not printable, except the characters in ``keep``.

    Without a mark it is an escape: ``\x1b``, ``\u2028``; ``\xe9`` also for a byte that is not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else _escape(char) if mark is None else mark for char in text
    )


def readable(text: str) -> str:
    r"""Text that is valid Unicode: a byte that is not UTF-8 becomes ``\xe9``."""
    return text if text.isascii() else encode(text).decode("utf-8", "backslashreplace")


def one_line(text: str) -> str:
    """Readable text on one line: each run of line ends and other control characters is one blank."""
    pieces = readable(text).translate(_SEPARATORS).split("\0")
    return " ".join(piece for piece in pieces if piece).strip()


def first_line(text: str) -> str:
    """The first line of a text, its control characters blanks."""
    return blank_controls(text.partition("\n")[0])


def blank_controls(text: str, *, lines: bool = False) -> str:
    """The text with a blank for each control character; with ``lines`` line ends and tabs stay."""
    return text.translate(_BLANKS_IN_LINES if lines else _BLANKS)


def bounded(text: str, limit: int, *, counted: bool = False) -> str:
    """The text, or its first ``limit`` characters and ``…``; with ``counted`` also how many are missing."""
    beyond = len(text) - limit
    if beyond <= 0:
        return text
    return f"{text[:limit]}… ({beyond} characters more)" if counted else f"{text[:limit]}…"


def _escape(char: str) -> str:
    code = ord(char)
    is_byte = code <= 0xFF or 0xDC80 <= code <= 0xDCFF
    if is_byte:
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _is_lone(char: str) -> bool:
    """Whether it is a surrogate that does not stand for a byte."""
    return "\ud800" <= char < "\udc80" or "\udd00" <= char <= "\udfff"
