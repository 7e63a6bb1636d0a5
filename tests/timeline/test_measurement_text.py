"""Measurements in a line for people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.model.measurement import Measurement
from pymon.timeline import measurement_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123456, "s", "12.3 ms"),
        (0.0000021, "s", "2.1 µs"),
        (2.5, "s", "2.5 s"),
        (0.0, "s", "0 s"),
        (-0.25, "s", "-250 ms"),
        (86400.0, "s", "86400 s"),
        (0.9996, "s", "1 s"),
        (0.0009996, "s", "1 ms"),
        (0.9994, "s", "999 ms"),
        (999.7, "s", "1000 s"),
        (float("nan"), "s", "nan s"),
        (float("nan"), "B", "nan B"),
        (float("-inf"), "s", "-inf s"),
        (999.6, "B", "1 kB"),
        (999_499.0, "B", "999 kB"),
        (999_999.0, "B", "1 MB"),
        (999.7, "", "1000"),
        (20.0, "%", "20 %"),
        (33.3333, "%", "33.3 %"),
        (0.0, "B", "0 B"),
        (999.0, "B", "999 B"),
        (4_100_000_000.0, "B", "4.1 GB"),
        (1.0, "d", "1 day"),
        (29.7, "d", "29.7 days"),
        (12345.0, "", "12345"),
        (7.0, "", "7"),
        (3.0, "widgets", "3 widgets"),
    ],
)
def test_three_figures_and_a_unit(value: float, unit: str, text: str) -> None:
    assert measurement_text.amount(value, unit) == text


@given(st.floats(), st.sampled_from(["s", "B", "d", "%", ""]))
def test_any_value_has_a_short_text(value: float, unit: str) -> None:
    """And none that would be shorter in the next unit."""
    text = measurement_text.amount(value, unit)
    assert len(text) < 24
    assert not re.match(r"-?(1e\+03|1000) ?(ms|µs|B|kB|MB|GB)$", text)


def test_a_line_is_bounded_and_tells_what_it_leaves_out() -> None:
    many = [Measurement(f"web{number}", name, 0.5, "s") for number in range(1000) for name in ("time", "connect")]
    text = measurement_text.line(many, 7)
    assert text.startswith("web0 time 500 ms, connect 500 ms; web1 time 500 ms, connect 500 ms; ")
    assert text.endswith(f"; and {2000 + 7 - 2 * (text.count(';'))} more")
    assert len(text) < measurement_text.LINE + 40
    assert len(measurement_text.line([Measurement("h" * 1000, "n", 1.0)])) < 3 * measurement_text.LINE
    assert measurement_text.line([]) == ""


@given(st.lists(st.builds(Measurement, st.text(), st.text(), st.floats(allow_nan=False), st.text())))
def test_facts_come_back(measurements: list[Measurement]) -> None:
    assert measurement_text.of_facts([list(each) for each in measurements]) == tuple(measurements)
