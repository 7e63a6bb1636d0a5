"""Traps: those that come, those that are missing, and how long one holds; from mon.cf to the alerts and the record."""

from __future__ import annotations

import pytest

from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import VirtualSite, table

pytestmark = pytest.mark.virtual_time

SITE = """
hostgroup web h1

watch web
    service backup
        {}
        period wd {{Sun-Sat}}
            alert tell.alert bob
            upalert tell.alert bob
            alertevery {}
"""


def every(site: VirtualSite, minutes: int, begin: int, end: int) -> None:
    """Let the service send traps that it is well."""
    for minute in range(begin, end, minutes):
        site.trap(f"{minute // 60}:{minute % 60}", "web/backup")


async def test_a_trap_that_does_not_come_fails_the_service_again_and_again(site: MakeSite) -> None:
    """It sends one each ten minutes, but for the time from 01:00 to 03:05."""
    day = site(SITE.format("traptimeout 30m", "1d"))
    every(day, 10, 5, 65)
    every(day, 10, 185, 240)
    await day.run("5:00")
    assert day.alerts == table(
        """
        01:25 traptimeout web/backup: tell.alert bob (trap timeout)
        03:05 up web/backup: tell.alert bob (trap timeout)
        04:25 traptimeout web/backup: tell.alert bob (trap timeout)
        """
    )


async def test_a_trap_that_stays_away_alerts_as_often_as_alertevery_says(site: MakeSite) -> None:
    day = site(SITE.format("traptimeout 30m", "75m"))
    await day.run("4:00")
    assert day.alerts == table(
        """
        00:30 traptimeout web/backup: tell.alert bob (trap timeout)
        02:00 traptimeout web/backup: tell.alert bob (trap timeout)
        03:30 traptimeout web/backup: tell.alert bob (trap timeout)
        """
    )


async def test_a_failing_trap_alerts_and_a_good_one_ends_it(site: MakeSite) -> None:
    day = site(SITE.format("description backups", "1h"))
    day.trap("1:00", "web/backup", "1", "disk full")
    day.trap("1:10", "web/backup", "1", "disk full")
    day.trap("1:20", "web/backup", "fail", "tape broken")
    day.trap("2:30", "web/backup", "1", "tape broken")
    day.trap("3:00", "web/backup", "0", "done")
    day.trap("3:10", "web/backup", "0", "done")
    await day.run("4:00")
    assert day.alerts == table(
        """
        01:00 trap web/backup: tell.alert bob (disk full)
        01:20 trap web/backup: tell.alert bob (tape broken)
        02:30 trap web/backup: tell.alert bob (tape broken)
        03:00 up web/backup: tell.alert bob (tape broken)
        """
    )


async def test_what_a_trap_says_holds_for_trapduration(site: MakeSite) -> None:
    """Its end is no success: nobody is told of it (Q15), and alertevery goes on from the last alert."""
    day = site(SITE.format("trapduration 20m", "90m"))
    statuses: list[str] = []
    day.trap("1:00", "web/backup", "1", "disk full")
    day.trap("1:15", "web/backup", "1", "disk full")
    for when in ("1:05", "1:34", "1:36"):
        day.at(when, lambda: statuses.append(next(iter(day.engine.states.values())).op_status.name))
    day.trap("2:00", "web/backup", "1", "disk full")
    day.trap("2:40", "web/backup", "1", "disk full")
    await day.run("3:00")
    assert statuses == ["FAIL", "FAIL", "OK"]
    assert day.alerts == table(
        """
        01:00 trap web/backup: tell.alert bob (disk full)
        02:40 trap web/backup: tell.alert bob (disk full)
        """
    )


async def test_one_that_may_have_been_lost_is_waited_for_once_more(site: MakeSite) -> None:
    """T-LOST."""
    day = site(SITE.format("traptimeout 30m", "1d"))
    day.at("0:10", day.engine.note_lost_traps)
    await day.run("1:30")
    assert day.alerts == table("01:00 traptimeout web/backup: tell.alert bob (trap timeout)")


async def test_checks_and_traps_of_one_service(site: MakeSite) -> None:
    """A check succeeds at 01:20, so the outage of the trap is over; that no trap comes is another one."""
    day = site(SITE.format("interval 20m\n        monitor x.monitor\n        traptimeout 2h", "1d"))
    day.trap("1:05", "web/backup", "1", "disk full")
    await day.run("3:30")
    assert day.alerts == table(
        """
        01:05 trap web/backup: tell.alert bob (disk full)
        01:20 up web/backup: tell.alert bob (disk full)
        03:05 traptimeout web/backup: tell.alert bob (trap timeout)
        03:20 up web/backup: tell.alert bob (trap timeout)
        """
    )


async def test_the_record_tells_of_traps(site: MakeSite) -> None:
    day = site(SITE.format("traptimeout 30m", "1d"))
    day.trap("0:20", "web/backup", "1", "disk full")
    day.trap("0:40", "web/backup", "0", "done")
    await day.run("1:15")
    assert await day.record("web/backup") == table(
        """
        00:00 pymon started with 1 service on 1 watch
        00:20 trap of failure: disk full
        00:20 alert tell.alert bob: disk full
        00:20 tell.alert bob done in 0s
        00:40 trap of success after 20m of failure: done
        00:40 upalert tell.alert bob: disk full
        00:40 tell.alert bob done in 0s
        01:10 no trap for 30m: counts as a failure
        01:10 alert tell.alert bob: trap timeout
        01:10 tell.alert bob done in 0s
        01:15 pymon stopped
        """
    )
