"""Physical lines become logical lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.keywords import FIRST_WORDS
from pymon.config.lines import Source


def logical(text: str) -> list[tuple[str, int]]:
    return [(line.text, line.number) for line in Source("f", text, FIRST_WORDS)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a\nb", [("a", 1), ("b", 2)]),
        ("a\nb\n", [("a", 1), ("b", 2)]),
        ("  a b \t\n", [("a b", 1)]),
        ("a\r\nb\r\n", [("a", 1), ("b", 2)]),
        ("a\n\n \t\nb\n", [("a", 1), ("", 2), ("", 3), ("b", 4)]),
        ("# x\na # y\n  #z\nb\n", [("a # y", 2), ("b", 4)]),
        ("foo \\\n   bar\\\nbaz\n", [("foo barbaz", 3)]),
        ("description foo \\\n # comment\n bar\n", [("description foo bar", 3)]),
        ("a \\  \n b\n", [("a b", 2)]),
        ("a \\\r\n b\r\n", [("a b", 2)]),
        ("a \\\n\nb\n", [("a", 2), ("b", 3)]),
        ("a\nb \\\n", [("a", 1)]),
        ("a \\\n# only a comment follows\n", []),
        ("\\\n\\\na\n", [("a", 3)]),
        ("설명 한글 \\\n  가나다\n", [("설명 한글 가나다", 2)]),
        ("a\u00a0\n", [("a\u00a0", 1)]),
        ("a\x0bb\x1cc\u2028d\n", [("a\x0bb\x1cc\u2028d", 1)]),
    ],
)
def test_logical_lines(text: str, lines: list[tuple[str, int]]) -> None:
    assert logical(text) == lines


@pytest.mark.parametrize("sign", ["₩", "￦"])
def test_won_sign_continues_a_line_with_a_warning(sign: str) -> None:
    """C-WON."""
    source = Source("f", f"alert lvs.alert -P tcp {sign} \n    -W 100 -F dr\n", FIRST_WORDS)
    assert [line.text for line in source] == ["alert lvs.alert -P tcp -W 100 -F dr"]
    assert [(notice.code, notice.number, notice.column) for notice in source.notices] == [("won-sign", 1, 24)]


@pytest.mark.parametrize("after", ["", "\n", "\n\nb\n", "\n  interval 5m\n", "\n# comment\n  alert x\n", "\nservice\n"])
def test_won_sign_before_a_keyword_or_nothing_is_text(after: str) -> None:
    """C-WON: a price at the end of a description swallows nothing."""
    source = Source("f", f"description 100₩{after}", FIRST_WORDS)
    assert next(iter(source)).text == "description 100₩"
    assert [notice.code for notice in source.notices] == ["won-text"]


def test_won_sign_inside_a_line_is_text() -> None:
    source = Source("f", "description ₩100 a month\n", FIRST_WORDS)
    assert [line.text for line in source] == ["description ₩100 a month"]
    assert source.notices == []


def test_lost_line_is_noted() -> None:
    source = Source("f", "a\nb \\ \n", FIRST_WORDS)
    assert [line.text for line in source] == ["a"]
    assert [(notice.code, notice.number, notice.column) for notice in source.notices] == [("lost-line", 2, 3)]


def test_byte_order_mark_is_dropped_and_noted() -> None:
    """C-BOM."""
    source = Source("f", "\ufeffmaxprocs = 3\n")
    assert [line.text for line in source] == ["maxprocs = 3"]
    assert [notice.code for notice in source.notices] == ["byte-order-mark"]


LINES = st.text(alphabet="a #\\\t\r가₩", max_size=6)
TEXTS = st.lists(LINES, max_size=8).map("\n".join)


def joined(text: str) -> list[tuple[str, int]]:
    """What logical lines are, said another way: drop comments, mark what is continued, then join from the end."""
    kept = [(number, line) for number, line in enumerate(text.split("\n"), 1) if not re.match(r"[ \t\r]*#", line)]
    if text.endswith("\n") or not text:
        kept = [each for each in kept if each[0] <= text.count("\n")]
    lines: list[tuple[str, int]] = []
    open_text: str | None = None
    for number, line in kept:
        whole = line.lstrip(" \t\r") if open_text is None else open_text + line.lstrip(" \t\r")
        continued = re.fullmatch(r"(.*)\\[ \t\r]*", line.lstrip(" \t\r"), re.DOTALL)
        if continued:
            open_text = (open_text or "") + continued[1]
        else:
            lines.append((whole.strip(" \t\r"), number))
            open_text = None
    return lines


@given(TEXTS.filter(lambda text: "₩" not in text))
def test_joining_agrees_with_a_simple_model(text: str) -> None:
    assert logical(text) == joined(text)


@given(TEXTS)
def test_every_character_is_located_where_it_stands(text: str) -> None:
    source = Source("f", text, FIRST_WORDS)
    physical = text.split("\n")
    for line in list(source):
        assert source.logical_line(line.number) == line.text
        for offset, char in enumerate(line.text):
            place = source.locate(line.number, offset)
            assert physical[place.line - 1][place.column - 1] == char


@given(st.text(max_size=200))
def test_any_text_has_logical_lines(text: str) -> None:
    numbers = [line.number for line in Source("f", text, FIRST_WORDS)]
    assert numbers == sorted(set(numbers))
