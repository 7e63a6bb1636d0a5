"""How old events are, by a clock that nobody can set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.store.ages import (
    MARK_EVERY,
    AgeMark,
    Ages,
    add_mark,
    advance,
    decode_ages,
    drop_expired,
    encode_ages,
    find_expired,
)

DAY = 86400.0


def test_time_counts_while_the_machine_runs_and_not_while_it_is_off() -> None:
    ages = advance(Ages(), "first boot", 1000.0)
    assert ages.life == 0.0  # nobody knows how long the machine ran before there was a record
    ages = advance(ages, "first boot", 1000.0 + DAY)
    assert ages.life == DAY
    ages = advance(ages, "second boot", 50.0)
    assert ages.life == DAY
    ages = advance(ages, "second boot", 60.0)
    assert ages.life == DAY + 10.0
    assert advance(ages, "second boot", 40.0).life == DAY + 10.0  # it never goes back


def test_marks_keep_their_distance() -> None:
    ages = add_mark(Ages(life=10.0), 5, 1.7e9)
    assert ages.marks == (AgeMark(10.0, 5, 1.7e9),)
    assert add_mark(ages, 9, 1.8e9) == ages
    later = add_mark(Ages(10.0 + MARK_EVERY, marks=ages.marks), 9, 1.8e9)
    assert [mark.newest for mark in later.marks] == [5, 9]


@pytest.mark.parametrize(
    ("life", "expected"),
    [(100.0, None), (100.0 + DAY, None), (100.1 + DAY, 1), (200.1 + DAY, 2), (99 * DAY, 3)],
)
def test_the_newest_mark_that_is_too_old_tells_which_events_are(life: float, expected: int | None) -> None:
    """R-retention."""
    marks = (AgeMark(100.0, 1, 0.0), AgeMark(200.0, 2, 0.0), AgeMark(300.0, 3, 0.0))
    found = find_expired(Ages(life, marks=marks), DAY)
    assert (found and found.newest) == expected
    kept = drop_expired(Ages(life, marks=marks), DAY)
    assert find_expired(kept, DAY) == found
    assert len(kept.marks) == 3 if expected is None else len(kept.marks) == 4 - expected


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 1e7)), max_size=20))
def test_life_is_never_longer_than_the_time_of_the_boots(steps: list[tuple[str, float]]) -> None:
    """Whatever the machine tells: nothing gets old faster than time goes by, and it never gets younger."""
    ages, before = Ages(), 0.0
    counted = 0.0
    last: tuple[str, float] | None = None
    for boot, booted_for in steps:
        ages = advance(ages, boot, booted_for)
        if last is not None and last[0] == boot:
            counted += max(booted_for - last[1], 0.0)
        last = (boot, booted_for)
        assert before <= ages.life <= counted + 1e-3
        before = ages.life


marks = st.builds(AgeMark, st.floats(0, 1e9), st.integers(0, 2**53), st.floats(0, 4e9))


@given(st.builds(Ages, st.floats(0, 1e9), st.text(), st.floats(0, 1e9), st.lists(marks, max_size=4).map(tuple)))
def test_they_come_back_from_the_record(ages: Ages) -> None:
    assert decode_ages(encode_ages(ages)) == ages


@pytest.mark.parametrize(
    "text", [None, 5, b"x", "", "[]", "{", "null", '{"life": "x"}', '{"marks": [[1]]}', '{"marks": 5}']
)
def test_what_says_nothing_sensible_begins_the_count(text: object) -> None:
    assert decode_ages(text) == Ages()
