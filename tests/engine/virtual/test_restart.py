"""A daemon ends, and the next one goes on from its record."""

from __future__ import annotations

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.request import Acknowledge
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import table

pytestmark = [pytest.mark.virtual_time, pytest.mark.slow]  # they write a real record

SITE = """
hostgroup web h1

watch web
    service http
        interval 10m
        monitor x.monitor
        period wd {Sun-Sat}
            alert tell.alert bob
            upalert tell.alert bob
            alertevery 2h
"""


async def test_an_outage_goes_on_over_a_restart(site: MakeSite) -> None:
    """alertevery counts on, and the recovery is told of."""
    day = site(SITE, on_file=True)
    day.down("web/http", "1:00", "5:45")
    day.restart("2:05", "2:06")
    await day.run("7:00")
    assert day.alerts == table(
        """
        01:00 failure web/http: tell.alert bob (no answer)
        03:06 failure web/http: tell.alert bob (no answer)
        05:06 failure web/http: tell.alert bob (no answer)
        05:46 up web/http: tell.alert bob (no answer)
        """
    )


async def test_an_outage_that_ended_while_no_daemon_ran_is_told_of_to_its_end(site: MakeSite) -> None:
    day = site(SITE, on_file=True)
    day.down("web/http", "1:00", "3:00")
    day.ask("1:30", Acknowledge(ServiceKey("web", "http"), "seen"))
    day.restart("2:05", "6:00")
    await day.run("7:00")
    assert day.alerts == table(
        """
        01:00 failure web/http: tell.alert bob (no answer)
        06:10 up web/http: tell.alert bob (no answer)
        """
    )
    record = await day.record("web/http")
    assert "06:10 ok after 5h10m of failure: fine" in record


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
async def test_a_clock_that_is_set_while_no_daemon_runs(site: MakeSite, step: float) -> None:
    """E-clock-set."""
    day = site(SITE, on_file=True)
    day.down("web/http", "1:00", "5:45")
    day.restart("2:05", "2:06", set_by=step)
    await day.run("7:00")
    assert [line.split()[0] for line in day.alerts] == ["01:00", "03:06", "05:06", "05:46"]


async def test_an_alert_that_is_tried_again_is_the_next_daemons(site: MakeSite) -> None:
    """The first one tries a last time as it stops."""
    day = site(SITE, on_file=True)
    day.down("web/http", "1:00", "1:05")
    day.programs.exits["tell.alert"] = [75] * 6
    day.restart("1:00:20", "1:30")
    await day.run("2:00")
    assert day.alerts == table(
        """
        01:00    failure web/http: tell.alert bob (no answer)
        01:00:01 failure web/http: tell.alert bob (no answer)
        01:00:03 failure web/http: tell.alert bob (no answer)
        01:00:07 failure web/http: tell.alert bob (no answer)
        01:00:15 failure web/http: tell.alert bob (no answer)
        01:00:20 failure web/http: tell.alert bob (no answer)
        01:30    failure web/http: tell.alert bob (no answer)
        01:40    up web/http: tell.alert bob (no answer)
        """
    )
