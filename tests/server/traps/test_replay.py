"""Duplicates, replays and old traps: decisions with a time handed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.server.limits import ServerLimits
from pymon.server.traps.replay import DuplicateFilter, ReplayGuard


def test_same_datagram_within_a_moment_is_a_duplicate() -> None:
    recent = DuplicateFilter()
    assert [recent.is_repeated(b"a", now) for now in (0.0, 0.5, 0.5 + ServerLimits().duplicate_window)] == [
        False,
        True,
        False,
    ]
    assert not recent.is_repeated(b"b", 0.5)


def test_memory_for_duplicates_is_bounded() -> None:
    recent = DuplicateFilter(ServerLimits(remembered_datagrams=10))
    for number in range(100):
        recent.is_repeated(bytes([number]), 0)
    assert recent.is_repeated(bytes([99]), 0)
    assert not recent.is_repeated(bytes([0]), 0)


@pytest.mark.parametrize(
    ("tsp", "refusal"),
    [
        ("1000", ""), ("999.5", ""), ("940", ""), ("939", "it was sent 61 s ago"), ("0", "it was sent 1000 s ago"),
        ("1005", ""), ("1006", "it was sent 6 s in the future"),
        ("", "it does not say when it was sent"), ("now", "it does not say when it was sent"),
        ("-5", "it does not say when it was sent"), ("1e3", "it does not say when it was sent"),
        ("9" * 50, "it does not say when it was sent"), ("nan", "it does not say when it was sent"),
        ("\u0661\u0662", "it does not say when it was sent"),
    ],
)  # fmt: skip
def test_trap_has_to_be_of_its_time(tsp: str, refusal: str) -> None:
    assert ReplayGuard().refusal(b"x", tsp, 60, 1000) == refusal


def test_future_is_no_more_than_the_age() -> None:
    assert ReplayGuard().refusal(b"x", "1002", 1, 1000) == "it was sent 2 s in the future"
    assert ServerLimits().trap_clock_ahead == 5


def test_same_trap_again_is_replayed_until_it_is_too_old_anyway() -> None:
    freshness = ReplayGuard()
    assert freshness.refusal(b"x", "1000", 60, 1000) == ""
    assert freshness.refusal(b"x", "1000", 60, 1059) == "it is replayed"
    assert freshness.refusal(b"x", "1000", 60, 1061) == "it was sent 61 s ago"
    assert freshness.refusal(b"y", "1061", 60, 1061) == ""
    assert len(freshness) == 1


def test_what_had_to_be_forgotten_early_is_refused_by_its_time() -> None:
    freshness = ReplayGuard(ServerLimits(remembered_traps=3))
    for number in range(5):
        assert freshness.refusal(bytes([number]), str(1000 + number), 60, 1004) == ""
    assert len(freshness) == 3
    assert freshness.refusal(bytes([0]), "1000", 60, 1004) == "it is replayed"
    assert freshness.refusal(b"new", "1001", 60, 1004) == "it is replayed", "as old as one that was forgotten"
    assert freshness.refusal(b"new", "1003", 60, 1004) == ""


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 100)), max_size=100))
def test_no_trap_is_ever_taken_twice(events: list[tuple[int, int]]) -> None:
    freshness, now, taken = ReplayGuard(ServerLimits(remembered_traps=5)), 0.0, set()
    for trap, later in events:
        now += later
        tsp = str(trap * 10)
        if not freshness.refusal(tsp.encode(), tsp, 60, now):
            assert tsp not in taken
            taken.add(tsp)
        assert len(freshness) <= 5
