"""What is known of the wall clock between two daemons."""

from __future__ import annotations

import pytest

from pymon.clock import SystemClock
from pymon.store.moment import Moment, clock_set_since, is_boot, since_boot

THEN = Moment(1_800_000_000.0, "one boot", 5000.0)


@pytest.mark.parametrize(
    ("now", "step"),
    [
        (Moment(1_800_000_600.0, "one boot", 5600.0), 0.0),
        (Moment(1_800_000_600.2, "one boot", 5600.0), 0.0),  # slewed
        (Moment(1_800_000_600.0 - 86400, "one boot", 5600.0), -86400.0),
        (Moment(1_800_000_600.0 + 3600, "one boot", 5600.0), 3600.0),
        (Moment(1_800_000_600.0 + 366 * 86400, "one boot", 5600.0), 366 * 86400.0),
        (Moment(1_800_000_600.0, "another", 300.0), 0.0),  # it was off for five minutes
        (Moment(1_800_000_600.0, "another", 600.0), 0.0),
        (Moment(1_800_000_600.0, "another", 700.0), -100.0),  # it has run for longer than passed by the clock
        (Moment(1_700_000_000.0, "another", 20.0), -100_000_020.0),
        (Moment(1_900_000_000.0, "another", 20.0), 0.0),  # it may have been off for so long
        (Moment(1_700_000_000.0, "process 7", 20.0), -100_000_000.0),
        (Moment(1_900_000_000.0, "process 7", 20.0), 0.0),
    ],
)
def test_by_how_much_the_clock_was_set_while_no_daemon_ran(now: Moment, step: float) -> None:
    """E-clock-set."""
    assert clock_set_since(THEN, now) == pytest.approx(step, abs=0.001)


@pytest.mark.parametrize(
    ("then", "now", "step"),
    [
        (Moment(), Moment(1.8e9, "x", 5.0), 0.0),  # there was no earlier daemon
        (Moment(1.8e9), Moment(1.8e9 + 500.0, "x", 900.0), 0.0),  # one of an older pymon
        (Moment(1.8e9), Moment(1.8e9 - 500.0, "x", 900.0), -500.0),
    ],
)
def test_of_an_older_daemon_only_the_wall_clock_is_known(then: Moment, now: Moment, step: float) -> None:
    assert clock_set_since(then, now) == pytest.approx(step, abs=0.001)


def test_this_machine_has_a_boot() -> None:
    boot, seconds = since_boot(SystemClock())
    assert is_boot(boot)
    assert seconds > 0
    assert since_boot(SystemClock())[0] == boot
    assert not is_boot("process 17")
    assert not is_boot("")
