"""The engine by itself, on a real event loop: stops, traps that do not come, clocks that jump."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.engine.engine import Engine
from pymon.model.delivery import Pending
from pymon.model.depend import ServiceKey
from pymon.model.status import EventKind, OpStatus
from pymon.model.timer import Timer
from tests.programs import write_program

KEY = ServiceKey("web", "x")


def engine(directory: Path, *keywords: str) -> Engine:
    """On one service that fails, and writes to ``calls``."""
    monitor = directory / "x.monitor"
    write_program(monitor, f"#!/bin/sh\necho called >>{directory}/calls\nexit 1\n")
    config = directory / "mon.cf"
    config.write_text(
        f"mondir = {directory}\nstatedir = {directory}\nlogdir = {directory}\n\nhostgroup web host1\n\n"
        "watch web\n    service x\n        " + "\n        ".join(keywords) + "\n"
    )
    return Engine(load(config).site, environ={"PATH": "/usr/bin:/bin"})


async def test_a_timer_that_fired_as_the_engine_stopped_starts_nothing(tmp_path: Path) -> None:
    """Its check would outlive the stop, and its alerts would be lost."""
    tried = engine(tmp_path, "interval 1h", "monitor x.monitor")
    await tried.start()
    asyncio.get_running_loop().call_soon(tried._monitor.timers._fire, "check web x", time.time())
    await tried.stop()
    assert tried.running_checks == 0
    assert not (tmp_path / "calls").exists()


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


@pytest.mark.parametrize("event", [EventKind.FAILURE, EventKind.TRAP, EventKind.TRAPTIMEOUT])
async def test_a_failure_that_was_left_undone_is_wanted_while_the_service_fails(
    tmp_path: Path, event: EventKind
) -> None:
    """Of whatever kind: the real server is to go, and the outage is taken up, so that it comes back."""
    tried = engine(tmp_path, "traptimeout 1h")
    undone = Pending("k", "x.alert", "web", "x", event.value, 1000.0, (), {}, "")
    resumption = tried._resumption()
    assert resumption.is_still_wanted(undone)
    assert tried.states[KEY].op_status is OpStatus.FAIL
    assert resumption.is_still_wanted(undone)
    assert not resumption.is_still_wanted(replace(undone, event="up"))
