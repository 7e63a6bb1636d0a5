"""T-LOST: where a trap may have been lost in a flood, the daemon waits for it once more, and says so."""

from __future__ import annotations

import pytest

from pymon.model import request
from pymon.model.depend import ServiceKey
from pymon.model.status import OpStatus
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import BOB, table

pytestmark = pytest.mark.virtual_time

KEY = ServiceKey("web", "t")
SITE = """
hostgroup web h1

watch web
    service t
        traptimeout 1h
        period wd {Sun-Sat}
            alert tell.alert bob
            alertevery 1d
"""
SAID = "waited for once more"


async def test_t_lost_the_timeout_is_put_off_once(site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
    day = site(SITE)
    statuses: list[OpStatus] = []
    day.at("0:10", day.engine.note_lost_traps)
    day.at("1:30", lambda: statuses.append(day.engine.states[KEY].op_status))
    day.at("1:40", day.engine.note_lost_traps)
    await day.run("3:00")
    assert statuses == [OpStatus.UNTESTED]
    assert day.alerts == table("02:00 traptimeout web/t: tell.alert bob (trap timeout)")
    assert f"web/t: no trap came in time, but some were lost meanwhile: it is {SAID}, 1h" in caplog.text
    assert caplog.text.count(SAID) == 1
    events = (await day.engine.perform(request.ReadTimeline(KEY), BOB)).events
    assert [event.facts["put_off"] for event in events if "put_off" in event.facts] == [3600.0]


async def test_t_lost_after_a_trap_it_can_be_put_off_again(site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
    day = site(SITE)
    for when in ("0:05", "1:45"):
        day.trap(when, "web/t")
    for when in ("0:10", "1:50"):
        day.at(when, day.engine.note_lost_traps)
    await day.run("3:30")
    assert caplog.text.count(SAID) == 2
    assert day.alerts == []


async def test_without_a_loss_since_the_last_trap_it_is_not_put_off(
    site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    day = site(SITE)
    day.at("0:10", day.engine.note_lost_traps)
    day.trap("0:20", "web/t")
    await day.run("2:00")
    assert day.alerts == table("01:20 traptimeout web/t: tell.alert bob (trap timeout)")
    assert SAID not in caplog.text
