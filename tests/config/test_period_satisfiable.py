"""Periods that no time is in."""

from __future__ import annotations

import pytest

from pymon.config.period_satisfiable import impossible_part
from pymon.config.periods import parse_period


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("md {31} mo {Feb}", "no day has"),
        ("md {30 31} mo {2}", "no day has"),
        ("mo {Feb} md {29}", ""),
        ("mo {Feb} md {29} yr {2027}", "no day has"),
        ("mo {Feb} md {29} yr {2028}", ""),
        ("yd {366}", ""),
        ("yd {1} mo {Feb}", "no day has"),
        ("wk {6} wd {Sat}", "no day has"),
        ("wk {6} wd {Mon}", ""),
        ("wk {6} mo {Feb}", "no day has"),
        ("wk {1} md {15}", "no day has"),
        ("wk {5} mo {Feb} wd {Wed}", ""),
        ("yr {2003}", "years are over"),
        ("yr {03}", ""),
        ("yr {2020-2025}", "years are over"),
        ("yr {2020-2026}", ""),
        ("yr {2090} md {31} mo {Apr}", "no day has"),
        ("yr {2096} md {29} mo {Feb}", ""),
        ("hr {}", "empty"),
        ("wd {Mon} hr {9am-5pm} min {30}", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_periods_that_never_match(text: str, reason: str) -> None:
    """C-WARN: mon says nothing."""
    part = impossible_part(parse_period(text), 2026)
    assert (part[1] if part else "") == "" if not reason else part is not None
    if part is not None:
        assert reason in part[1]


def test_the_impossible_alternative_is_pointed_at() -> None:
    part = impossible_part(parse_period("wd {Mon},  md {31} mo {Apr}"), 2026)
    assert part is not None
    assert part[0] == 11
