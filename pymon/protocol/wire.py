r"""mon's wire format: lines, escapes, and the closing line of an answer. Server and clients share it.

A command is one line; an answer is lines of data and one closing line, ``NNN text``, where 2xx means done and 5xx
refused. Text is str: the bytes of the wire as ``pymon.text`` decodes them, so that any bytes survive.

Two ways to read an escape:

- ``unescape`` is mon's and Mon::Client's: ``\`` and two lower-case hex digits are a byte, all else stays.
- ``unescape_quoted`` undoes what ``escape(…, quoted=True)`` does, without loss: ``\\`` is a backslash, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pymon.errors import ProtocolError
from pymon.text import decode, encode

PROTOCOL_VERSION = 9745
DEFAULT_PORT = 2583
MAX_LINE = 65536
"""bytes that a command may have, its end not counted"""

_SPECIAL = re.compile(r"[\x00-\x20\"'\x7f-\xff]")
_ESCAPES = {chr(byte): f"\\{byte:02x}" for byte in (*range(33), 34, 39, *range(127, 256))}
_HEX = re.compile(rb"\\([0-9a-f]{2})")
_HEX_OR_BACKSLASH = re.compile(rb"\\([0-9a-fA-F]{2}|\\)")
_FINAL = re.compile(r"[0-9]{3}(?=\s)")
_LINE_ENDS = re.compile(r"[\r\n]")
_END = re.compile(rb"[\r\n]+")
_FIELD = re.compile(r"(\w+)=(?:'([^']*)'|(\S*))(?:\s+|$)", re.ASCII)
_WORD = re.compile(r"\S*\s*")


def escape(text: str, *, quoted: bool = False) -> str:
    r"""Escape a value: blanks, control characters, quotes and all that is not ASCII become ``\`` and two hex digits.

    ``quoted`` doubles backslashes as well, as inside the single quotes of an argument. Bytes are escaped, not
    characters: ``é`` is ``\c3\a9``.
    """
    if not text.isascii():
        text = encode(text).decode("latin-1")
    elif not text or text.isalnum():
        return text
    if quoted:
        text = text.replace("\\", "\\\\")
    # The usual ones first: this is many times quicker, and status lines hold a lot of text.
    text = text.replace(" ", "\\20").replace("\n", "\\0a")
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)


def unescape(text: str) -> str:
    r"""Undo ``escape`` as mon does: ``\2F`` and ``\\`` are left alone."""
    if "\\" not in text:
        return text
    return decode(_HEX.sub(lambda match: bytes([int(match[1], 16)]), encode(text)))


def unescape_quoted(text: str) -> str:
    r"""Undo ``escape(…, quoted=True)``: ``\\`` is a backslash, ``\`` and two hex digits of any case are a byte."""
    if "\\" not in text:
        return text
    return decode(_HEX_OR_BACKSLASH.sub(_decode_escape, encode(text)))


def escape_line_ends(text: str) -> str:
    """A text with its line ends escaped, so that a line of an answer stays one."""
    return _LINE_ENDS.sub(lambda match: _ESCAPES[match[0]], text)


def quote(text: str) -> str:
    """Write a value as an argument: in single quotes, escaped, as Mon::Client sends it."""
    return f"'{escape(text, quoted=True)}'"


def is_final(line: str) -> bool:
    """Whether a line closes an answer: three digits and a blank."""
    return _FINAL.match(line) is not None


def final_code(line: str) -> int:
    """The code of a closing line. Raises ProtocolError for another line."""
    match = _FINAL.match(line)
    if match is None:
        raise ProtocolError(f"no closing line: {line[:80]!r}")
    return int(match[0])


def parse_fields(line: str, read: Callable[[str], str] = unescape) -> dict[str, str]:
    """Read an opstatus line: ``name=value``, ``name='value'`` or ``name=``, parted by blanks.

    ``read`` undoes the escapes of the values: ``unescape`` as Mon::Client does, or ``decode``, without loss. What is
    not of that form is passed over, word by word.
    """
    fields: dict[str, str] = {}
    position = 0
    while position < len(line):
        match = _FIELD.match(line, position)
        if match is None:
            word = _WORD.match(line, position)
            position = max(word.end() if word else 0, position + 1)
            continue
        quoted, bare = match[2], match[3]
        fields[match[1]] = read(bare if quoted is None else quoted)
        position = match.end()
    return fields


class LineReader:
    """Splits what a client sends into commands, however the network chops it.

    Any run of CR and LF is one end; line ends before the first command are one empty command. What follows the
    last end waits for the next call.
    """

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._pending = bytearray()
        self._ended = False

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished command are kept."""
        return len(self._pending)

    def feed(self, data: bytes) -> list[str]:
        """Take in bytes; give the commands that are complete now.

        Raises ProtocolError when a command is longer than allowed. Its ``lines`` are the complete ones before it;
        the reader is of no use after that.
        """
        if self._ended:
            data = data.lstrip(b"\r\n")
            self._ended = not data
        *ends, rest = _END.split(data)
        complete: list[str] = []
        for end in ends:
            self._pending += end
            complete.append(self._take(complete))
        self._pending += rest
        if len(self._pending) > self._max_line:
            raise self._too_long(complete)
        if ends:
            self._ended = not rest
        return complete

    def _take(self, complete: list[str]) -> str:
        """The command that is complete now, taken out."""
        if len(self._pending) > self._max_line:
            raise self._too_long(complete)
        line = decode(bytes(self._pending))
        self._pending.clear()
        return line

    def _too_long(self, complete: list[str]) -> ProtocolError:
        self._pending.clear()
        return ProtocolError(f"a line of more than {self._max_line} bytes", complete)


def _decode_escape(match: re.Match[bytes]) -> bytes:
    return b"\\" if match[1] == b"\\" else bytes([int(match[1], 16)])
