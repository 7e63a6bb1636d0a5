"""Durations in the units of mon.cf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.time_values import parse_timeval
from pymon.model.duration import format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (45, "45s"),
        (192, "3m12s"),
        (600, "10m"),
        (5400, "1h30m"),
        (108000, "1d6h"),
        (86400, "1d"),
        (1.5, "1.5s"),
        (0.25, "0.25s"),
        (59.9999, "1m"),
        (-90, "-1m30s"),
    ],
)
def test_format(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(1, 99), st.sampled_from("dhms"))
def test_one_unit_reads_back(number: int, unit: str) -> None:
    seconds = parse_timeval(f"{number}{unit}")
    written = format_duration(seconds)
    total = 0.0
    part = ""
    for char in written:
        part += char
        if char in "dhms":
            total, part = total + parse_timeval(part), ""
    assert total == seconds
