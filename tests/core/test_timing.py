"""When checks run: the grid, the spread, randstart, randskew, failure_interval, time limits."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.core.timing import first_run, interval_in_force, next_run, retry_run, time_limit
from pymon.model.state import ServiceState
from tests.core.build import T0, service

CALM, FAILING = ServiceState(), ServiceState(failure_interval_active=True)
DICE = Random(1)

INTERVALS = st.sampled_from([0.25, 1.0, 3.0, 5.0, 60.0, 300.0, 86400.0])


class Fixed:
    """A chance that gives these numbers, one after the other."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = list(numbers)

    def random(self) -> float:
        return self.numbers.pop(0)


class TestFirst:
    """first_run."""

    def test_s_spread_over_the_first_interval(self) -> None:
        """S-spread: where mon starts all services one interval after its own start, together."""
        watched = service(interval=60.0)
        firsts = [first_run(index, 4, watched, T0, None, DICE) for index in range(4)]
        assert firsts == [T0 + 15, T0 + 30, T0 + 45, T0 + 60]

    def test_s_spread_a_single_service_waits_one_interval(self) -> None:
        """S-spread: as in mon."""
        assert first_run(0, 1, service(interval=60.0), T0, None, DICE) == T0 + 60

    def test_randstart(self) -> None:
        """At random within it, whatever the interval."""
        watched = service(interval=3600.0)
        assert first_run(3, 4, watched, T0, 30.0, Fixed(0.0)) == T0
        assert first_run(3, 4, watched, T0, 30.0, Fixed(0.5)) == T0 + 15
        drawn = [first_run(0, 1, watched, T0, 30.0, DICE) or 0.0 for _ in range(500)]
        assert T0 <= min(drawn) < T0 + 2
        assert T0 + 28 < max(drawn) < T0 + 30

    def test_randstart_of_nothing_is_none(self) -> None:
        """``randstart = 0``."""
        assert first_run(0, 1, service(interval=5.0), T0, 0.0, DICE) == T0 + 5

    @pytest.mark.parametrize("randstart", [None, 30.0])
    def test_without_an_interval(self, randstart: float | None) -> None:
        """Such a service is fed by traps only."""
        assert first_run(0, 1, service(interval=None), T0, randstart, DICE) is None


class TestNext:
    """next_run."""

    def test_s_interval_is_start_to_start(self) -> None:
        """S-interval: mon's takes at least a second more, and more again after a check that was late."""
        watched, slot = service(interval=5.0), T0
        for _ in range(5):
            after = next_run(watched, CALM, slot, slot + 0.003, slot + 0.7, DICE)
            assert after == slot + 5
            slot = after

    @pytest.mark.parametrize(
        ("started", "ended", "following"),
        [
            (0.0, 4.999, 5.0),
            (0.0, 5.0, 10.0),
            (0.0, 5.001, 10.0),
            (0.0, 14.0, 15.0),
            (4.0, 4.5, 5.0),
            (12.0, 12.5, 15.0),
            (0.0, 86401.0, 86405.0),
        ],
    )
    def test_slots_that_a_long_run_covered_are_left_out(self, started: float, ended: float, following: float) -> None:
        """No overlap, no burst: the grid goes on with the next slot after the end."""
        assert next_run(service(interval=5.0), CALM, T0, T0 + started, T0 + ended, DICE) == T0 + following

    def test_rounding_does_not_make_a_slot_of_the_past(self) -> None:
        """What a run ends on is no slot to come, also where the division says otherwise."""
        slot, ended = 1795466418.589983, 1795466707.189983
        after = next_run(service(interval=0.3), CALM, slot, slot, ended, DICE)
        assert ended < after < ended + 0.301

    def test_failure_interval(self) -> None:
        """From the start of the failing check, and back to the interval from that of the recovery."""
        watched = service(interval=60.0, failure_interval=5.0)
        assert next_run(watched, FAILING, T0, T0, T0 + 1, DICE) == T0 + 5
        assert next_run(watched, CALM, T0 + 5, T0 + 5, T0 + 6, DICE) == T0 + 65

    def test_failure_interval_that_a_reload_took_away(self) -> None:
        """The interval is in force then, whatever the state remembers."""
        assert interval_in_force(service(interval=60.0), FAILING) == 60
        assert interval_in_force(service(interval=60.0, failure_interval=5.0), FAILING) == 5
        assert interval_in_force(service(interval=60.0, failure_interval=5.0), CALM) == 60
        assert interval_in_force(service(interval=None), CALM) is None

    def test_without_an_interval(self) -> None:
        """There is no next run to ask for."""
        with pytest.raises(ValueError, match="g:s has no interval"):
            next_run(service(interval=None), CALM, T0, T0, T0, DICE)

    @given(INTERVALS, st.floats(0, 1e5), st.floats(0, 1e5))
    def test_always_on_the_grid_and_always_later(self, interval: float, late: float, took: float) -> None:
        """Whatever a run does, the next slot is in the future, at most one interval away, and a whole number on."""
        started = T0 + late
        ended = started + took
        after = next_run(service(interval=interval), CALM, T0, started, ended, DICE)
        assert after > ended
        assert after - ended <= interval + 1e-6
        assert (after - T0) / interval == pytest.approx(round((after - T0) / interval), abs=1e-9)


class TestSkew:
    """randskew."""

    @pytest.mark.parametrize(
        ("numbers", "gap"),
        [((0.0, 0.0), 59), ((0.0, 0.9), 61), ((0.999, 0.0), 55), ((0.999, 0.5), 65), ((0.5, 0.1), 57)],
    )
    def test_whole_seconds_earlier_or_later(self, numbers: tuple[float, float], gap: float) -> None:
        """S-skew: mon skews from the time when it collected the result."""
        """From 1 to randskew, never 0, as in mon."""
        watched = service(interval=60.0, randskew=5.0)
        assert next_run(watched, CALM, T0, T0, T0 + 1, Fixed(*numbers)) == T0 + gap

    def test_a_slot_that_the_run_covered_is_not_moved_into_it(self) -> None:
        """It comes later then, whatever the dice say."""
        watched = service(interval=60.0, randskew=5.0)
        assert next_run(watched, CALM, T0, T0, T0 + 59, Fixed(0.0, 0.0)) == T0 + 61

    def test_less_than_a_second(self) -> None:
        """mon knows whole seconds only; here a skew is never more than it says."""
        watched = service(interval=60.0, randskew=0.5)
        assert next_run(watched, CALM, T0, T0, T0 + 1, Fixed(0.7, 0.9)) == T0 + 60.5

    @given(INTERVALS, st.floats(0.1, 1000), st.floats(0, 1000), st.integers(0, 1000))
    def test_never_at_once_and_never_before_the_end(
        self, interval: float, randskew: float, took: float, seed: int
    ) -> None:
        """A skew beyond the interval does not make bursts."""
        watched = service(interval=interval, randskew=randskew)
        after = next_run(watched, CALM, T0, T0, T0 + took, Random(seed))
        assert after > T0 + took
        assert after >= T0 + interval / 2


class TestRetry:
    """retry_run."""

    @pytest.mark.parametrize(
        ("now", "retry_after", "following"), [(0.0, 1.0, 1.0), (0.003, 1.0, 1.0), (2.5, 1.0, 3.0), (-0.001, 60.0, 60.0)]
    )
    def test_on_the_grid_of_the_slot(self, now: float, retry_after: float, following: float) -> None:
        """So that services that wait for the same thing stay spread."""
        assert retry_run(T0, retry_after, T0 + now) == T0 + following


@pytest.mark.parametrize(
    ("interval", "timeout", "limit"),
    [(5.0, None, 300.0), (30.0, None, 300.0), (60.0, None, 600.0), (None, None, 300.0), (60.0, 7.5, 7.5)],
)
def test_time_limit(interval: float | None, timeout: float | None, limit: float) -> None:
    """S-timeout: mon has none, and one monitor that hangs blinds its service for ever."""
    assert time_limit(service(interval=interval, timeout=timeout)) == limit


def test_s_shortest_interval() -> None:
    """S-shortest: an interval that no timer can count is taken for one that it can."""
    assert next_run(service(interval=1e-9), ServiceState(), 1000.0, 1000.0, 1000.5, Random(1)) == pytest.approx(1000.51)
