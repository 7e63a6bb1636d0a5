"""Traps that do not come: each absence is counted once, at its time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pymon.model.status import OpStatus
from pymon.model.timer import Timer
from tests.engine.failing import KEY, engine


async def test_missing_traps_are_counted_once_however_far_the_clock_jumps(tmp_path: Path) -> None:
    tried = engine(tmp_path, "traptimeout 1s")
    now = time.time()
    since = now - 50 * 366 * 86400.5  # a board that starts in 1976
    following = tried._monitor.timers._next_trap_timeout(KEY, since, now)
    assert following is not None
    assert now < following <= now + 1


async def test_a_trap_timeout_that_comes_early_waits_for_its_time(tmp_path: Path) -> None:
    """The clock was put back between the timer and the look at it; no trap has ever come."""
    tried = engine(tmp_path, "traptimeout 1h")
    await tried.start()
    tried._monitor._trap_timers.timeout_due(KEY, tried._owner.state.started)
    assert tried._monitor.timers.next_time(Timer.TRAP_TIMEOUT, KEY) == pytest.approx(
        tried._owner.state.started + 3600, abs=0.01
    )
    assert tried.states[KEY].op_status is OpStatus.UNTESTED
    await tried.stop()
