"""Lines of measurements: written, read, and what is not one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.contract.measurements import MEASUREMENTS_LIMIT, format_measurements, keep_usable, parse_measurements
from pymon.model.measurement import Measurement

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.builds(Measurement, words, words, finite, st.just("") | words)))
def test_what_is_written_is_read(measurements: list[Measurement]) -> None:
    assert parse_measurements(format_measurements(measurements)) == (tuple(measurements), "")


def test_blanks_become_underscores() -> None:
    assert format_measurements([Measurement("a b\nc", "", 1.0, "per second")]) == "a_b_c _ 1.0 per_second\n"


def test_blanks_are_free_and_a_unit_may_be_left_out() -> None:
    text = "\n web1\ttime  0.5 s \r\nweb1 ttl 7\n\nweb1 x 1e-3 s"
    assert parse_measurements(text) == (
        (Measurement("web1", "time", 0.5, "s"), Measurement("web1", "ttl", 7.0), Measurement("web1", "x", 0.001, "s")),
        "",
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("web1", "a measurement is HOST NAME VALUE [UNIT]"),
        ("web1 time 1 s more", "a measurement is HOST NAME VALUE [UNIT]"),
        ("web1 time fast", "'fast' is no number"),
        ("web1 time inf", "'inf' is no number"),
        ("web1 time 0,5", "'0,5' is no number"),
        (f"{'h' * 300} time 1", "a word is longer than 256 characters"),
    ],
)
def test_a_bad_line_is_told_and_passed_over(line: str, problem: str) -> None:
    found, told = parse_measurements(f"a n 1\n{line}\nb n 2 s\nbad\n")
    assert found == (Measurement("a", "n", 1.0), Measurement("b", "n", 2.0, "s"))
    assert told.startswith("line 2, ")
    assert told.endswith(f": {problem}")


def test_rubbish_is_not_read_to_its_end() -> None:
    found, told = parse_measurements("bad\n" * 1000 + "a n 1\n")
    assert (found, told.startswith("line 1, 'bad'")) == ((), True)


@given(st.text())
def test_any_text_gives_measurements_or_a_reason(text: str) -> None:
    found, told = parse_measurements(text)
    assert all(math.isfinite(each.value) for each in found)
    assert isinstance(told, str)


@pytest.mark.parametrize(
    "bad",
    [
        Measurement("h", "n", math.nan),
        Measurement("h", "n", math.inf),
        Measurement("h", "n", "1"),  # type: ignore[arg-type]  # plugins may do so
        Measurement(b"h", "n", 1.0),  # type: ignore[arg-type]
        Measurement("h", "n" * 300, 1.0),
        ("h", "n", 1.0, "s"),
    ],
)
def test_what_a_plugin_hands_over_is_looked_at(bad: Measurement) -> None:
    good = Measurement("h", "n", 1)
    kept, told = keep_usable([good, bad, good])
    assert kept == (good, good)
    assert told.endswith(" is not a measurement")
    assert keep_usable([good]) == ((good,), "")


def test_a_flood_is_cut() -> None:
    kept, told = keep_usable([Measurement("h", "n", 1.0)] * (MEASUREMENTS_LIMIT + 1))
    assert (len(kept), told) == (MEASUREMENTS_LIMIT, f"only the first {MEASUREMENTS_LIMIT} measurements are kept")


def test_what_no_number_can_hold_is_none() -> None:
    kept, told = keep_usable([Measurement("h", "n", 10**400), Measurement("h", "n", 2)])
    assert kept == (Measurement("h", "n", 2.0),)
    assert isinstance(kept[0].value, float)
    assert told.endswith(" is not a measurement")


@given(st.lists(st.builds(Measurement, st.text(), st.text(), finite, st.text())))
def test_what_is_handed_over_is_as_if_it_had_been_written(measurements: list[Measurement]) -> None:
    """In the daemon and as a program a check gives the same."""
    text = format_measurements(measurements).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    assert keep_usable(measurements) == parse_measurements(text)


def test_lone_surrogates_can_be_written() -> None:
    assert format_measurements([Measurement("a\ud800", "\udcff", 1.0)]) == "a? \udcff 1.0\n"
