"""Bytes and text: one table of cases for all that pymon shows and passes on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon import text as subject

TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\udc80\udcff\ud800\udfff\0\n\t\x1b\u2028"), max_size=20)


class Case(NamedTuple):
    """One text, and what each function makes of it; the same text where nothing is given."""

    text: str
    data: bytes
    printable: str
    readable: str
    one_line: str
    first_line: str


CASES = (
    Case("plain", b"plain", "plain", "plain", "plain", "plain"),
    Case("", b"", "", "", "", ""),
    Case("é 한글", "é 한글".encode(), "é 한글", "é 한글", "é 한글", "é 한글"),
    Case("caf\udce9", b"caf\xe9", "caf\\xe9", "caf\\xe9", "caf\\xe9", "caf\udce9"),
    Case("a\ud800\udce9", b"a?\xe9", "a\\ud800\\xe9", "a?\\xe9", "a?\\xe9", "a\ud800\udce9"),
    Case("a\tb", b"a\tb", "a\\x09b", "a\tb", "a b", "a b"),
    Case(" a\r\nb  c ", b" a\r\nb  c ", " a\\x0d\\x0ab  c ", " a\r\nb  c ", "a b  c", " a "),
    Case("\x1b[31mred\0", b"\x1b[31mred\0", "\\x1b[31mred\\x00", "\x1b[31mred\0", "[31mred", " [31mred "),
    Case("\x9b2J\x7f", b"\xc2\x9b2J\x7f", "\\x9b2J\\x7f", "\x9b2J\x7f", "2J", " 2J "),
    Case("a\u2028b", "a\u2028b".encode(), "a\\u2028b", "a\u2028b", "a b", "a\u2028b"),
    Case("a\xa0b", "a\xa0b".encode(), "a\\xa0b", "a\xa0b", "a\xa0b", "a\xa0b"),
    Case("\nrest", b"\nrest", "\\x0arest", "\nrest", "rest", ""),
    Case("\u202egnp", "\u202egnp".encode(), "\\u202egnp", "\u202egnp", "\u202egnp", "\u202egnp"),
    Case("\U000e0001", "\U000e0001".encode(), "\\U000e0001", "\U000e0001", "\U000e0001", "\U000e0001"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.text))
def test_table(case: Case) -> None:
    assert subject.encode(case.text) == case.data
    assert subject.decode(case.data) == subject.well_formed(case.text)
    assert subject.printable(case.text) == case.printable
    assert subject.readable(case.text) == case.readable
    assert subject.one_line(case.text) == case.one_line
    assert subject.first_line(case.text) == case.first_line


@pytest.mark.parametrize(
    ("text", "keep", "mark", "shown"),
    [
        ("a\tb\nc\x1b", "\t", None, "a\tb\\x0ac\\x1b"),
        ("a\tb\nc\x1b", "\n", " ", "a b\nc "),
        ("caf\udce9\x07", "", "?", "caf??"),
        ("all of it", "", "?", "all of it"),
    ],
)
def test_what_is_not_printable_can_stay_or_become_a_mark(text: str, keep: str, mark: str | None, shown: str) -> None:
    assert subject.printable(text, keep=keep, mark=mark) == shown


def test_controls_become_blanks_but_for_those_of_lines() -> None:
    text = "a\tb\r\nc\x1b[1m\x9b\udce9"
    assert subject.blank_controls(text) == "a b  c [1m \udce9"
    assert subject.blank_controls(text, lines=True) == "a\tb \nc [1m \udce9"


@pytest.mark.parametrize(
    ("limit", "shown", "counted"),
    [(5, "abcde", "abcde"), (4, "abcd…", "abcd… (1 characters more)"), (0, "…", "… (5 characters more)")],
)
def test_what_is_cut_off_is_marked(limit: int, shown: str, counted: str) -> None:
    assert subject.bounded("abcde", limit) == shown
    assert subject.bounded("abcde", limit, counted=True) == counted


@given(st.binary(max_size=40))
def test_any_bytes_survive(data: bytes) -> None:
    assert subject.encode(subject.decode(data)) == data
    assert subject.well_formed(subject.decode(data)) == subject.decode(data)


@given(TEXTS)
def test_whatever_a_plugin_says_is_fit_for_its_place(text: str) -> None:
    assert subject.decode(subject.encode(text)) == subject.well_formed(text)
    assert subject.printable(text).isprintable()
    subject.readable(text).encode("utf-8")
    line = subject.one_line(text)
    assert line == subject.one_line(line)
    assert len(line.splitlines()) <= 1
    assert subject.readable(subject.readable(text)) == subject.readable(text)


def test_an_argument_keeps_its_bytes_in_any_locale() -> None:
    code = "import sys; from pymon.text import *; sys.stdout.buffer.write(encode(from_locale(sys.argv[1])))"
    for locale in ("C.UTF-8", "POSIX"):
        environ = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        command: list[str | bytes] = [sys.executable, "-c", code, b"caf\xe9 \xc3\xa9"]
        assert subprocess.run(command, env=environ, capture_output=True, check=True).stdout == b"caf\xe9 \xc3\xa9"
