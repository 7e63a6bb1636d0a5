"""What the demo does when: each stage goes on only when what it waits for is there, and fails when it does not come."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.demo.roundtrip import Act, Pace, Sight, Stage, Trip, advance

BOTH = frozenset({"web1", "web2"})
WEB1, WEB2 = frozenset({"web1"}), frozenset({"web2"})
NONE: frozenset[str] = frozenset()
PACE = Pace(hold=2.0, limit=10.0)

ALL_WELL = Sight(BOTH, BOTH, NONE)
UNTESTED = Sight(BOTH, NONE, NONE)
DEAD = Sight(BOTH, WEB2, WEB1)
REMOVED = Sight(WEB2, WEB2, WEB1)
ALIVE = Sight(WEB2, BOTH, NONE)
WRONG_ONE_OUT = Sight(WEB1, WEB2, WEB1)
BOTH_OUT = Sight(NONE, NONE, BOTH)


def trip_at(stage: Stage, since: float = 0.0) -> Trip:
    return Trip(BOTH, "web1", PACE, since, stage)


def run(script: Iterable[tuple[float, Sight]]) -> tuple[Trip, list[tuple[float, Act]]]:
    trip, acts = trip_at(Stage.SETTLING), []
    for now, sight in script:
        trip, act = advance(trip, sight, now)
        if act is not None:
            acts.append((now, act))
    return trip, acts


def test_the_whole_way() -> None:
    trip, acts = run(
        [
            (0.1, UNTESTED),
            (1.0, ALL_WELL),
            (2.9, ALL_WELL),
            (3.0, ALL_WELL),
            (3.5, DEAD),
            (4.0, REMOVED),
            (5.9, REMOVED),
            (6.0, REMOVED),
            (6.5, ALIVE),
            (7.0, ALL_WELL),
            (8.0, REMOVED),
        ]
    )
    assert trip.stage is Stage.COMPLETE
    assert not trip.failure
    assert acts == [(3.0, Act.STOP), (6.0, Act.START)]


@pytest.mark.parametrize(
    ("stage", "sight", "now", "complaint"),
    [
        (Stage.SETTLING, UNTESTED, 10.1, "not all found well"),
        (Stage.STANDING, REMOVED, 0.1, "left the table although nobody stopped it"),
        (Stage.STOPPED, DEAD, 10.1, "web1 was stopped, but not removed"),
        (Stage.STOPPED, WRONG_ONE_OUT, 10.1, "web1 was stopped, but not removed"),
        (Stage.STOPPED, BOTH_OUT, 10.1, "web1 was stopped, but not removed"),
        (Stage.STOPPED, Sight(WEB2, BOTH, NONE), 10.1, "web1 was stopped, but not removed"),
        (Stage.GONE, BOTH_OUT, 0.1, "web1 alone should be out"),
        (Stage.GONE, ALL_WELL, 0.1, "web1 alone should be out"),
        (Stage.RETURNING, ALIVE, 10.1, "came back, but not into the table"),
        (Stage.RETURNING, Sight(BOTH, WEB2, WEB1), 10.1, "came back, but not into the table"),
    ],
)
def test_what_does_not_happen_is_said(stage: Stage, sight: Sight, now: float, complaint: str) -> None:
    trip, act = advance(trip_at(stage), sight, now)
    assert trip.stage is Stage.FAILED
    assert complaint in trip.failure
    assert stage.value in trip.failure
    assert act is None


@pytest.mark.parametrize("stage", [Stage.SETTLING, Stage.STOPPED, Stage.RETURNING])
def test_nothing_is_said_before_the_limit(stage: Stage) -> None:
    trip, act = advance(trip_at(stage), BOTH_OUT, PACE.limit)
    assert (trip.stage, act) == (stage, None)


sights = st.sampled_from([ALL_WELL, ALL_WELL, REMOVED, REMOVED, DEAD, ALIVE, UNTESTED, WRONG_ONE_OUT, BOTH_OUT])


@given(st.lists(st.tuples(st.floats(0.01, 5.0), sights), max_size=60))
def test_complete_means_that_it_left_alone_and_came_back(steps: list[tuple[float, Sight]]) -> None:
    trip, now = trip_at(Stage.SETTLING), 0.0
    acts: list[Act] = []
    seen_out = seen_back = False
    for step, sight in steps:
        now += step
        trip, act = advance(trip, sight, now)
        acts += [act] if act else []
        seen_out = seen_out or (acts == [Act.STOP] and sight.in_table == WEB2)
        seen_back = seen_back or (acts == [Act.STOP, Act.START] and sight.in_table == BOTH)
    if trip.stage is Stage.COMPLETE:
        assert acts == [Act.STOP, Act.START]
        assert seen_out
        assert seen_back
    else:
        assert (trip.stage is Stage.FAILED) == bool(trip.failure)
