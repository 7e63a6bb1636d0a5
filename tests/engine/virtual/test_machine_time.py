"""E-clock-set, E-hold-up: a day on which somebody sets the system's clock, and one on which the machine sleeps."""

from __future__ import annotations

import pytest

from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import VirtualSite, table

pytestmark = pytest.mark.virtual_time

SITE = """
hostgroup web h1

watch web
    service backup
        traptimeout 1h
        period wd {Sun-Sat}
            alert tell.alert eve
            upalert tell.alert eve
            alertevery 1d
    service http
        interval 10m
        monitor x.monitor
        period wd {Sun-Sat}
            alert tell.alert bob
            upalert tell.alert bob
            alertevery 2h
"""
DAY, YEAR = 86400.0, 366 * 86400.0


def send_traps(day: VirtualSite, begin: int, end: int) -> None:
    """The backup reports each half hour that it is well, from one minute of the day to another."""
    for minute in range(begin, end, 30):
        day.trap(f"{minute // 60}:{minute % 60}", "web/backup")


@pytest.mark.parametrize("step", [-YEAR, -DAY, -3600.0, 0.0, 3600.0, DAY, YEAR])
async def test_a_day_on_which_the_clock_is_set(site: MakeSite, step: float) -> None:
    """Whatever it is set to, everything comes when it would have come."""
    day = site(SITE)
    day.down("web/http", "9:00", "15:35")
    send_traps(day, 15, 13 * 60)
    send_traps(day, 20 * 60 + 15, 24 * 60)
    day.set_clock("11:30", step)
    day.set_clock("16:30", -step)
    await day.run("24:00")
    assert day.alerts == table(
        """
        09:00 failure web/http: tell.alert bob (no answer)
        11:00 failure web/http: tell.alert bob (no answer)
        13:00 failure web/http: tell.alert bob (no answer)
        13:45 traptimeout web/backup: tell.alert eve (trap timeout)
        15:00 failure web/http: tell.alert bob (no answer)
        15:40 up web/http: tell.alert bob (no answer)
        20:15 up web/backup: tell.alert eve (trap timeout)
        """
    )
    assert len(day.checks) == 24 * 6


async def test_periods_go_by_the_clock_that_was_set(site: MakeSite) -> None:
    """Put on from 08:00 to 17:00, the night begins an hour later; put back at 21:00, it is day again."""
    day = site(
        """
hostgroup web h1

watch web
    service http
        interval 1h
        monitor x.monitor
        period day: hr {6am-5pm}
            alert tell.alert bob
        period night: hr {6pm-5am}
            alert wake.alert guard
        """
    )
    day.down("web/http", "6:30", "12:30")
    day.set_clock("8:15", 9 * 3600.0)
    day.set_clock("11:30", -9 * 3600.0)
    await day.run("13:00")
    assert day.alerts == table(
        """
        07:00 failure web/http: tell.alert bob (no answer)
        08:00 failure web/http: tell.alert bob (no answer)
        09:00 failure web/http: wake.alert guard (no answer)
        10:00 failure web/http: wake.alert guard (no answer)
        11:00 failure web/http: wake.alert guard (no answer)
        12:00 failure web/http: tell.alert bob (no answer)
        """
    )


async def test_a_day_on_which_the_machine_sleeps(site: MakeSite) -> None:
    """From 10:05 to 18:02. The last trap came at 09:45; others come from 18:05 to 20:05."""
    day = site(SITE)
    day.down("web/http", "9:00", "18:05")
    send_traps(day, 15, 10 * 60)
    day.suspend("10:05", "18:02")
    send_traps(day, 18 * 60 + 5, 20 * 60 + 10)
    await day.run("24:00")
    assert day.alerts == table(
        """
        09:00 failure web/http: tell.alert bob (no answer)
        18:02 failure web/http: tell.alert bob (no answer)
        18:10 up web/http: tell.alert bob (no answer)
        21:05 traptimeout web/backup: tell.alert eve (trap timeout)
        """
    )
    awake = [line.split()[0] for line in day.checks if "09:50" <= line < "18:25"]
    assert awake == ["09:50", "10:00", "18:02", "18:10", "18:20"]


async def test_traps_that_stay_away_after_a_sleep_are_missed_when_it_is_made_up_for(site: MakeSite) -> None:
    """The last one came 20 minutes before the sleep: 40 minutes, and a second to read what came, are left."""
    day = site(SITE)
    send_traps(day, 15, 10 * 60)
    day.suspend("10:05", "18:02")
    await day.run("24:00")
    assert day.alerts == table("18:42:01 traptimeout web/backup: tell.alert eve (trap timeout)")
    assert "18:02 pymon was held up for 7h57m" in " ".join(await day.record("web/backup"))
