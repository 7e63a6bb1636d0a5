"""M-regex: regular expressions mean what they mean to ``re``, and cost no more than their bound."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.plugin.bounded import TooMuchWork
from pymon.plugin.matching import Regex, as_re_reads_it

PIECES = (
    *("a", "b", "B", "1", "_", "-", " ", "\n", ".", "^", "$", "|", "é", "ß", "#"),
    *("*", "+", "?", "*?", "+?", "??", "*+", "++", "{2}", "{1,2}", "{,2}", "{1,}", "{1,2}?"),
    *("{", "}", "{}", "{1", "{e}", "{e<=1}", "{1<=s<=2}", "{i,d}", "{a}"),
    *("(", ")", "(a)", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P<n>", "(?P=n)", "(?(1)a|b)", "(?i:A)", "(?#x)"),
    *("(?i)", "(?s)", "(?m)", "(?x)", "(?a)"),
    *("[", "[^", "[]", "]", "[a-c]", "[^a]", "[[:alpha:]]", "[:digit:]", "[[a]", "[a&&b]", "[a--b]", "[a||b]", "[{]"),
    *(
        r"\w",
        r"\W",
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        r"\b",
        r"\B",
        r"\A",
        r"\Z",
        r"\1",
        r"\2",
        r"\n",
        r"\x61",
        r"\u0061",
        r"\012",
    ),
    *(r"\N{DIGIT ONE}", r"\.", r"\[", r"\]", r"\{", r"\}", r"\\", r"\-", r"\ "),
)

HARD = (
    (r"(a|a)*$", "a" * 40 + "b"),
    (r"^(a|a)*c?$", "a" * 40 + "b"),
    (r"(.*a){20}c", "a" * 200 + "bc" * 2),
    (r"(x+x+)+y", "x" * 100_000 + "\n" + "y"),
    (r"(?s).*(?:ab)+.*c$", "ab" * 1_000_000),
)
"""an expression, and a text for which it takes for ever"""


@pytest.mark.slow
@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join), st.text("aabB1_- \n.[]{}:#é", max_size=8)
)
def test_m_regex_means_what_it_means_to_re(pattern: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "possible nested set": re's plans for its own syntax
        try:
            by_re = re.compile(pattern)
        except (re.error, OverflowError):
            with pytest.raises(ValueError, match="is no regular expression: "):
                Regex(pattern)
            return
        ours = Regex(pattern)
    if not text and r"\B" in pattern:
        return  # Python 3.14 has changed its mind
    assert ours.search(text) is (by_re.search(text) is not None)
    assert ours.fullmatch(text) is (by_re.fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("a{e<=1}", r"a\{e<=1}"),
        ("a{1,2}b{2}c{,3}d{}", "a{1,2}b{2}c{,3}d{}"),
        ("[[:alpha:]]", r"[\[:alpha:]]"),
        ("[]a[]", r"[]a\[]"),
        (r"\[[\[x]", r"\[[\[x]"),
        (r"\N{DIGIT ONE}{2}", r"\N{DIGIT ONE}{2}"),
        ('{"up": true', r'\{"up": true'),
    ],
)
def test_what_only_regex_knows_is_taken_as_text(pattern: str, wanted: str) -> None:
    if pattern != "a{1,2}b{2}c{,3}d{}":
        assert as_re_reads_it(pattern) == wanted
    text = "a{e<=1}[:p]"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        assert Regex(pattern).search(text) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize(("pattern", "text"), HARD, ids=[pattern for pattern, _ in HARD])
def test_m_regex_is_given_up(pattern: str, text: str) -> None:
    with pytest.raises(TooMuchWork) as caught:
        Regex(pattern).search(text)
    assert str(caught.value).startswith(f"looking for {pattern!r} in {len(text)} characters was given up after ")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a+)+$", "a" * 40 + "b$"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 100 + "\n" + "B"),
        (r"(?s)<(.*)>.*\1.*\1z", "<" + "ab" * 20_000 + ">z"),
        (r"^(\w+\s?)*$", "word " * 40 + "!"),
        ("a*b", "a" * (4 << 20)),
        (r"\w+@\w+", "a" * (4 << 20)),
    ],
)
def test_what_takes_re_for_ever_may_be_done_in_time(pattern: str, text: str) -> None:
    assert Regex(pattern).search(text) is False


@pytest.mark.parametrize("text", ["x", "error 500", "é", ""])
def test_text_is_looked_for_as_text(text: str) -> None:
    assert Regex(text).search(f"an {text} b")
    assert Regex(text).search("an ") is (text in "an ")


@pytest.mark.parametrize("pattern", ["(", "[a", "a**", "(?P<n", r"\p{L}", "(?|a)", "a{99999999999999999999}", "(?R)"])
def test_what_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no regular expression: "):
        Regex(pattern)


def test_equal_ones_are_equal() -> None:
    assert len({Regex("a+"), Regex("a+"), Regex("a*")}) == 2
    assert repr(Regex("a+")) == "Regex('a+')"
