"""The engine's time: whatever the system's clock is set to, its differences are durations."""

from __future__ import annotations

import pytest

from pymon.engine.clock import EngineClock
from pymon.model.depend import ServiceKey
from tests.clocks import BEGIN, VirtualClock

KEY = ServiceKey("web", "x")
DAY = 86400.0
STEPS = (-DAY, -3600.0, -0.6, 0.6, 3600.0, DAY, 366 * DAY)
"""what a clock is set by: a day back, an hour, hardly at all, a year ahead"""


class Machine:
    """A clock, and the engine's time by it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.system = VirtualClock(lambda: self.elapsed)
        self.clock = EngineClock(self.system)

    def passes(self, seconds: float, slewed: float = 0.0) -> None:
        self.elapsed += seconds
        self.system.put(slewed)


@pytest.mark.parametrize("step", [*STEPS, -0.5, 0.5])
def test_the_time_follows_a_clock_that_was_set_at_the_next_look_and_not_before(step: float) -> None:
    """E-clock-set."""
    machine = Machine()
    machine.passes(10.0)
    machine.system.put(step)
    machine.passes(1.0)
    assert machine.clock.now() == BEGIN + 11.0
    assert machine.clock.catch_up() == pytest.approx(step)
    assert machine.clock.now() == pytest.approx(BEGIN + 11.0 + step)
    assert machine.clock.catch_up() == 0.0


@pytest.mark.parametrize("slew", [0.0, 0.0005, -0.0005, 0.083, -0.083])
def test_a_clock_that_is_slewed_is_followed_without_a_word(slew: float) -> None:
    """ntpd slews half a millisecond in a second, chronyd up to 83."""
    machine = Machine()
    for _ in range(1000):
        machine.passes(1.0, slew)
        assert machine.clock.catch_up() == 0.0
    assert machine.clock.now() == pytest.approx(machine.system.wall())


def test_small_steps_one_after_the_other_are_no_slewing() -> None:
    """They add up, and then are told of."""
    machine = Machine()
    steps = []
    for _ in range(100):
        machine.passes(1.0, 0.4)
        steps.append(machine.clock.catch_up())
    assert 30.0 < sum(steps) <= 40.0
    assert abs(machine.clock.now() - machine.system.wall()) < 0.5


def test_time_asleep_counts() -> None:
    machine = Machine()
    machine.passes(8 * 3600.0)  # CLOCK_BOOTTIME and the wall clock both go on
    assert machine.clock.catch_up() == 0.0
    assert machine.clock.now() == BEGIN + 8 * 3600.0
