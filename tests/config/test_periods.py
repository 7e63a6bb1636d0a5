"""How period strings are read, and what is said of malformed ones; tests/core/test_period.py says what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.periods import parse_period
from pymon.errors import PeriodError
from pymon.model.period import Scale
from tests.config.period_answers import ANSWERS, HIDDEN


@pytest.mark.parametrize("text", [text for _, text, answer in ANSWERS if answer < 0])
def test_what_time_period_refuses_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_period(text)


@pytest.mark.parametrize("text", sorted(HIDDEN))
def test_whole_string_is_validated(text: str) -> None:
    """C-PERIOD: mon accepts these or not by the hour at which it reads the file.

    Q16: so no malformed period is left that could match.
    """
    with pytest.raises(PeriodError):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("wd {Mon,Tue}", 7, "separate values by blanks"),
        ("hr {22", 6, "never closed"),
        ("hr {9am-24}", 8, "'24' is no value of hr"),
        ("day {14}", 0, "of the month md"),
        ("wd {Mon} hr 22", 12, "values stand in braces"),
        ("  always", 2, "leave the text empty"),
        ("!hr {22}", 0, "cannot be negated"),
        ("hr {22} }", 8, "no { for this brace"),
        ("hr {1-2-3}", 7, "two values with one dash"),
        ("wd {Mon} , bogus {1}", 11, "'bogus' is no scale"),
    ],
)
def test_error_says_where_and_what(text: str, column: int, words: str) -> None:
    with pytest.raises(PeriodError, match=words) as caught:
        parse_period(text)
    assert caught.value.column == column


@given(st.text(max_size=60) | st.text(alphabet="hrwdmoyk {}-,0129apm", max_size=30))
def test_any_text_is_a_period_or_an_error(text: str) -> None:
    try:
        parse_period(text)
        column = 0
    except PeriodError as error:
        column = error.column
    assert 0 <= column <= len(text)


def test_scales_are_whole_sets() -> None:
    spec = parse_period("hr {22-1 5}")
    assert spec.alternatives[0][0].scale is Scale.HOUR
    assert spec.alternatives[0][0].values == {22, 23, 0, 1, 5}
