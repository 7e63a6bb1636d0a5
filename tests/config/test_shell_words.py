"""Words, as a shell and mon split them, and where each begins."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.config.shell_words import locate_words, split_blanks, split_words
from pymon.errors import WordSplitError
from tests.tools import missing


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("a  b\tc", ("a", "b", "c")),
        ('g"h i"j', ("gh ij",)),
        (r"'it\'s' x", (r"it\'s", "x")),
        (r'"a\"b"', ('a"b',)),
        (r"a\ b", ("a b",)),
        ("''", ("",)),
        ('"" a', ("", "a")),
        ('a""b', ("ab",)),
        (r"\\ x", ("\\", "x")),
        (r"'a\nb'", (r"a\nb",)),
        ('a  "b c"  d', ("a", "b c", "d")),
        (r"x\"y", ('x"y',)),
        ("a'b\"c'd", ('ab"cd',)),
        ("$x * ;", ("$x", "*", ";")),
        ('-S "웹 서버" 가나', ("-S", "웹 서버", "가나")),
        ("a\u00a0b", ("a\u00a0b",)),
        ("a\u3000b c", ("a\u3000b", "c")),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [('"a', 0, "never closed"), ("it's", 2, "never closed"), ("a\\", 1, "nothing after"), ("a 'b' \"c", 6, "never")],
)
def test_unbalanced(text: str, column: int, message: str) -> None:
    with pytest.raises(WordSplitError, match=message) as caught:
        split_words(text)
    assert caught.value.column == column


def test_split_blanks_knows_mons_blanks_only() -> None:
    assert split_blanks(" a\tb\u3000c  d ") == ["a", "b\u3000c", "d"]


ARGUMENTS = st.text(alphabet="ab '\"\\\t$한", max_size=12)
PERL = r"""
use Text::ParseWords; use utf8; binmode STDIN, ":utf8"; binmode STDOUT, ":utf8";
while (<STDIN>) { chomp; print join("\x01", "n", shellwords($_)), "\n" }
"""


@pytest.mark.peer
@settings(max_examples=30)
@given(st.lists(ARGUMENTS, min_size=20, max_size=50))
def test_perl_splits_the_same_words(texts: list[str]) -> None:
    """Text::ParseWords comes with Perl; what it cannot split gives no words at all."""
    perl = shutil.which("perl")
    if perl is None:
        missing("perl is not installed: apt-get install perl")
    lines = subprocess.run(
        [perl, "-e", PERL], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True, timeout=20
    ).stdout.split("\n")
    for text, line in zip(texts, lines, strict=False):
        try:
            ours = split_words(text)
        except WordSplitError:
            ours = ()
        assert ours == tuple(line.split("\x01")[1:]), text


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", ()),
        ("a", (0,)),
        (" a  b", (1, 4)),
        ("'a b' c", (0, 6)),
        ("a'b c'd  e", (0, 9)),
        ("a\\ b c", (0, 5)),
        ("'' x", (0, 3)),
    ],
)
def test_where_words_begin(text: str, starts: tuple[int, ...]) -> None:
    assert locate_words(text) == starts


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a 'b", "the quote ' is never closed"), ("a b\\", "the backslash at the end has nothing after it")],
)
def test_words_that_cannot_be_split_begin_nowhere(text: str, problem: str) -> None:
    for read in (split_words, locate_words):
        with pytest.raises(WordSplitError, match=problem):
            read(text)


@pytest.mark.parametrize(
    "text", ["", "a", " a  b", "'a b' c", '"a\\"b" c\\ d', 'g"h i"j  k', "a\\\n b", "''", "x '' y", "가 '나 다' 라"]
)
def test_words_are_located_where_they_begin(text: str) -> None:
    starts, words = locate_words(text), split_words(text)
    assert len(starts) == len(words)
    assert all(not text[start].isspace() and (start == 0 or text[start - 1].isspace()) for start in starts)
    assert list(starts) == sorted(starts)
