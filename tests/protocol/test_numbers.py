"""Numbers of the protocol are written as mon writes them."""

from __future__ import annotations

import pytest

from pymon.protocol.numbers import countdown, format_instant, format_number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (300, "300"), (300.0, "300"), (1.5, "1.5"), (0.25, "0.25"), (0.1 + 0.2, "0.3"), (-2.0, "-2")],
)
def test_number_has_a_fraction_where_it_has_one(number: float, text: str) -> None:
    assert format_number(number) == text


@pytest.mark.parametrize(("at", "text"), [(0.0, "0"), (1795458000.999, "1795458000")])
def test_instant_is_in_whole_seconds(at: float, text: str) -> None:
    assert format_instant(at) == text


@pytest.mark.parametrize(
    ("due", "now", "seconds"),
    [(None, 100.0, 0), (100.0, 100.0, 0), (99.0, 100.0, 0), (100.2, 100.0, 1), (101.0, 100.0, 1), (160.0, 100.0, 60)],
)
def test_countdown_is_rounded_up_and_ends_at_nothing(due: float | None, now: float, seconds: int) -> None:
    assert countdown(due, now) == seconds
