"""The engine by itself, on a real event loop: stops, traps that do not come, clocks that jump."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pymon.model.delivery import Pending
from pymon.model.status import EventKind, OpStatus
from tests.engine.failing import KEY, engine


async def test_a_timer_that_fired_as_the_engine_stopped_starts_nothing(tmp_path: Path) -> None:
    """Its check would outlive the stop, and its alerts would be lost."""
    tried = engine(tmp_path, "interval 1h", "monitor x.monitor")
    await tried.start()
    asyncio.get_running_loop().call_soon(tried._monitor.timers._fire, "check web x", time.time())
    await tried.stop()
    assert tried.running_checks == 0
    assert not (tmp_path / "calls").exists()


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
