"""The table that the benches print, and the percentiles in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report import Row, milliseconds, percentile, table

numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200)


def test_percentiles_of_a_hundred_values() -> None:
    """The n-th percentile of 1 to 100 is n."""
    values = list(range(100, 0, -1))
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]


@given(numbers, st.floats(0, 100))
def test_a_percentile_bounds_its_share(values: list[float], percent: float) -> None:
    """It is one of the values, at least that share of them does not exceed it, and no smaller value would do."""
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-9
    smaller = [value for value in values if value < found]
    assert not smaller or len(smaller) < len(values) * percent / 100 + 1e-9


def test_no_values_no_percentile() -> None:
    """Nothing measured is an error, not a zero."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_columns_stand_below_each_other() -> None:
    """Each column begins at the same place in all lines, and a missed goal catches the eye."""
    lines = table(
        [
            Row("short", "1 ms", "20 ms", "1/20", "1/30", reached=False),
            Row("a much longer measure", milliseconds(0.0123), goal="< 50 ms", reached=True),
        ]
    ).splitlines()
    assert len(lines) == 4
    assert lines[3].startswith("a much longer measure  12.30 ms  -")
    second = len("a much longer measure  ")
    assert [line[second:].split("  ")[0] for line in lines] == ["pymon", "--------", "1 ms", "12.30 ms"]
    assert lines[2].endswith("NO")
    assert lines[3].endswith("yes")
