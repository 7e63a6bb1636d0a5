"""Bytes of a configuration → text: UTF-8, and otherwise a guess at what it is instead."""

from __future__ import annotations

from typing import NamedTuple

from pymon.text import decode


class Undecodable(NamedTuple):
    """A physical line (from 1) that is not UTF-8, the column of its first such byte (from 1), and its bytes."""

    number: int
    column: int
    raw: bytes

    @property
    def is_comment(self) -> bool:
        """Whether the line is a comment, which nobody reads but people."""
        return self.raw.lstrip(b" \t\r\f\v").startswith(b"#")


def decode_lines(data: bytes) -> tuple[str, tuple[Undecodable, ...]]:
    """Decode as UTF-8; bytes that are not UTF-8 become surrogates, and the lines that have them are listed."""
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    bad = []
    for number, raw in enumerate(data.split(b"\n"), 1):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode("utf-8")) + 1
            bad.append(Undecodable(number, column, raw))
    return decode(data), tuple(bad)


def guess_encoding(data: bytes) -> tuple[str, str] | None:
    """What text that is not UTF-8 is written in, as iconv calls it and as people do.

    EUC-KR is told by its Hangul: in the two-byte blocks of KS X 1001 where syllables are. Syllables outside of it
    (CP949's extension) make it CP949.
    """
    if _is_mostly_hangul(data):
        try:
            data.decode("euc-kr")
        except UnicodeDecodeError:
            return "CP949", "CP949"
        return "EUC-KR", "EUC-KR"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16", "UTF-16"
    return None


def _is_mostly_hangul(data: bytes) -> bool:
    """Whether the characters beyond ASCII, read as CP949, are Hangul syllables for the most part."""
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return False
    beyond = [char for char in text if ord(char) > 127]
    return bool(beyond) and sum("가" <= char <= "힣" for char in beyond) * 2 > len(beyond)
