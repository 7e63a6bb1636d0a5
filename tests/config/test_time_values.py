"""Time values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.time_values import MAXIMUM, parse_timeval
from pymon.errors import TimevalError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("5m", 300), ("1.5h", 5400), ("0.5s", 0.5), ("2D", 172800), (" 3M ", 180), ("0s", 0), ("007s", 7)],
)
def test_timeval(text: str, seconds: float) -> None:
    assert parse_timeval(text) == seconds


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("30", "write 30s, 30m, 30h or 30d"),
        (".5m", "write 0.5m"),
        ("1h30m", "write 90m"),
        ("1d12h", "write 36h"),
        ("= 5m", "write 5m"),
        ("5 m", "write 5m"),
        ("2w", "write 14d"),
        ("", "30s, 5m"),
        ("abc", "30s, 5m"),
        ("5m x", "nothing else"),
        ("+5m", "nothing else"),
        ("５m", "nothing else"),
        ("9" * 400 + "d", "hundred years"),
    ],
)
def test_bad_timeval_says_what_would_be_right(text: str, advice: str) -> None:
    with pytest.raises(TimevalError, match=advice):
        parse_timeval(text)


@given(st.text(max_size=20) | st.from_regex(r"[0-9.]*[dhmswx]?", fullmatch=True))
def test_any_text_is_a_timeval_or_an_error(text: str) -> None:
    try:
        seconds = parse_timeval(text)
    except TimevalError:
        seconds = 0.0
    assert 0 <= seconds <= MAXIMUM
