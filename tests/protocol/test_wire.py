"""mon's wire format: what is escaped comes back, and lines are the same however the network chops them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.errors import ProtocolError
from pymon.protocol import wire
from pymon.protocol.wire import LineReader
from pymon.text import decode, encode

TEXTS = st.binary().map(decode)
"""any text that can come over the wire"""
STREAMS = st.lists(st.sampled_from([b"list watch", b"\r", b"\n", b"\r\n", b"\xff", b"", b"quit ", b" "])).map(b"".join)


@given(TEXTS)
def test_bytes_survive_their_way_into_text_and_back(text: str) -> None:
    assert decode(encode(text)) == text


@given(TEXTS)
def test_decode_undoes_quoted_escape_without_loss(text: str) -> None:
    assert wire.unescape_quoted(wire.escape(text, quoted=True)) == text


@given(st.binary().map(lambda data: decode(data.replace(b"\\", b""))))
def test_unescape_undoes_escape_of_what_has_no_backslash(text: str) -> None:
    assert wire.unescape(wire.escape(text)) == text


@given(TEXTS)
def test_escaped_text_is_one_printable_word(text: str) -> None:
    for quoted in (False, True):
        assert re.fullmatch(r"[!#-&(-~]*", wire.escape(text, quoted=quoted))


@pytest.mark.parametrize(
    ("text", "plain", "quoted"),
    [
        ("a b", "a\\20b", "a\\20b"),
        ('it\'s "q"', "it\\27s\\20\\22q\\22", "it\\27s\\20\\22q\\22"),
        ("\\", "\\", "\\\\"),
        ("\\20 \\", "\\20\\20\\", "\\\\20\\20\\\\"),
        ("é\n\t\x7f\x00~", "\\c3\\a9\\0a\\09\\7f\\00~", "\\c3\\a9\\0a\\09\\7f\\00~"),
        ("\udcff", "\\ff", "\\ff"),
        ("", "", ""),
    ],
)
def test_escape_is_mons(text: str, plain: str, quoted: str) -> None:
    assert wire.escape(text) == plain
    assert wire.escape(text, quoted=True) == quoted


def test_text_that_no_bytes_stand_for_is_sent_as_question_marks() -> None:
    assert encode("a\ud800é\udcff") == b"a?\xc3\xa9\xff"
    assert wire.escape("\ud800é") == "?\\c3\\a9"


@pytest.mark.parametrize(
    ("text", "by_mon", "by_pymon"),
    [
        ("a\\20b", "a b", "a b"),
        ("\\2F\\2f", "\\2F/", "//"),
        ("\\\\20", "\\ ", "\\20"),
        ("\\c3\\a9", "é", "é"),
        ("\\ff", "\udcff", "\udcff"),
        ("\\g0\\", "\\g0\\", "\\g0\\"),
    ],
)
def test_unescape_is_mons_and_decode_is_without_loss(text: str, by_mon: str, by_pymon: str) -> None:
    """P-decode"""
    assert wire.unescape(text) == by_mon
    assert wire.unescape_quoted(text) == by_pymon


def test_quote_is_what_mon_client_sends() -> None:
    assert wire.quote("it's a \\") == "'it\\27s\\20a\\20\\\\'"


@pytest.mark.parametrize(
    ("line", "is_final"),
    [
        ("220 ok", True),
        ("520\tno", True),
        ("530 ", True),
        ("220", False),
        ("2200 x", False),
        (" 220 x", False),
        ("22 x", False),
        ("1795477400 g1 s1 x", False),
        ("\u0662\u0662\u0660 x", False),
        ("", False),
    ],
)
def test_closing_line_is_three_digits_and_a_blank(line: str, is_final: bool) -> None:
    assert wire.is_final(line) is is_final
    if is_final:
        assert wire.final_code(line) == int(line[:3])
    else:
        with pytest.raises(ProtocolError, match="no closing line"):
            wire.final_code(line)


def test_fields_are_read_bare_quoted_and_empty() -> None:
    line = "group=g1 a='b c' empty= last=x\\20y junk  ===  monitor=m\\22 end="
    assert wire.parse_fields(line) == {
        "group": "g1",
        "a": "b c",
        "empty": "",
        "last": "x y",
        "monitor": 'm"',
        "end": "",
    }


@given(TEXTS)
def test_any_line_can_be_read_for_fields(text: str) -> None:
    assert isinstance(wire.parse_fields(text), dict)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\r\nc\rd", ["a", "b", "c"]),
        (b"a\n\n\r\n\rb\n", ["a", "b"]),
        (b"\n\nlist\n", ["", "list"]),
        (b"no end", []),
        (b"\xff\xc3\xa9\n", ["\udcffé"]),
        (b"a\x00b\n \n", ["a\x00b", " "]),
    ],
)
def test_runs_of_cr_and_lf_end_one_line(data: bytes, lines: list[str]) -> None:
    assert LineReader().feed(data) == lines


@given(STREAMS, st.data())
def test_lines_do_not_depend_on_how_bytes_are_chopped(stream: bytes, data: st.DataObject) -> None:
    """P-line-ends"""
    whole = LineReader().feed(stream)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    reader = LineReader()
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [line for piece in pieces for line in reader.feed(piece)] == whole


@settings(max_examples=50)
@given(st.integers(1, 30), st.integers(1, 12))
def test_line_that_is_too_long_is_found_however_it_is_chopped(length: int, size: int) -> None:
    """The lines before it are not lost."""
    stream = b"quit\n" + b"x" * length + b"\n"
    reader, lines, error = LineReader(max_line=10), [], None
    for start in range(0, len(stream), size):
        try:
            lines += reader.feed(stream[start : start + size])
        except ProtocolError as caught:
            lines += caught.lines
            error = caught
            break
    assert (error is not None) == (length > 10)
    assert lines == (["quit"] if length > 10 else ["quit", "x" * length])


def test_reader_keeps_no_more_than_a_line() -> None:
    reader = LineReader()
    reader.feed(b"x" * wire.MAX_LINE)
    assert reader.pending == wire.MAX_LINE
    with pytest.raises(ProtocolError, match="more than 65536 bytes"):
        reader.feed(b"x")
    assert reader.pending == 0
