"""When alerts go out: a day's outages under each rule of a period, from mon.cf to the alerts and the record."""

from __future__ import annotations

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.request import Acknowledge, SwitchService
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import VirtualSite, table

pytestmark = pytest.mark.virtual_time

HTTP = ServiceKey("web", "http")

SITE = """
hostgroup web h1 h2

watch web
    service http
        interval 10m
        monitor x.monitor
        period wd {{Sun-Sat}}
            alert tell.alert bob
            {}
"""


def outages(site: VirtualSite) -> None:
    """Two outages; in the first one the summary changes at 01:30, and what stands below it at 02:00."""
    site.down("web/http", "1:00", "1:25", "refused")
    site.down("web/http", "1:25", "1:55", "timeout\nh1")
    site.down("web/http", "1:55", "2:25", "timeout\nh1 h2")
    site.down("web/http", "3:00", "3:15", "timeout\nh1")


ALERTEVERY = [
    (  # without it, every failure alerts
        "numalerts 0",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:10 failure web/http: tell.alert bob (refused)
        01:20 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        01:40 failure web/http: tell.alert bob (timeout)
        01:50 failure web/http: tell.alert bob (timeout)
        02:00 failure web/http: tell.alert bob (timeout)
        02:10 failure web/http: tell.alert bob (timeout)
        02:20 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        03:10 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # a summary that changes is news; a success makes the next outage news
        "alertevery 40m",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        02:10 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # the old syntax, without an effect
        "alertevery 40m summary",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        02:10 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # so is whatever else the monitor said
        "alertevery 40m observe_detail",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        02:00 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # nothing that it said is
        "alertevery 40m ignore_summary",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:40 failure web/http: tell.alert bob (timeout)
        02:20 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # nor is another outage
        "alertevery 1h strict",
        """
        01:00 failure web/http: tell.alert bob (refused)
        02:00 failure web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (
        "alertevery 75m strict",
        """
        01:00 failure web/http: tell.alert bob (refused)
        02:20 failure web/http: tell.alert bob (timeout)
        """,
    ),
]
OTHERS = [
    (
        "alertafter 3",
        """
        01:20 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        01:40 failure web/http: tell.alert bob (timeout)
        01:50 failure web/http: tell.alert bob (timeout)
        02:00 failure web/http: tell.alert bob (timeout)
        02:10 failure web/http: tell.alert bob (timeout)
        02:20 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (  # strictly longer
        "alertafter 1h",
        """
        02:10 failure web/http: tell.alert bob (timeout)
        02:20 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (
        "alertafter 2 30m",
        """
        01:10 failure web/http: tell.alert bob (refused)
        01:20 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        01:50 failure web/http: tell.alert bob (timeout)
        02:00 failure web/http: tell.alert bob (timeout)
        02:10 failure web/http: tell.alert bob (timeout)
        03:10 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (
        "numalerts 2",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:10 failure web/http: tell.alert bob (refused)
        03:00 failure web/http: tell.alert bob (timeout)
        03:10 failure web/http: tell.alert bob (timeout)
        """,
    ),
    (
        "upalert tell.alert bob\n            alertevery 1d",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        02:30 up web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        03:20 up web/http: tell.alert bob (timeout)
        """,
    ),
    (
        "upalert tell.alert bob\n            alertevery 1d\n            upalertafter 1h",
        """
        01:00 failure web/http: tell.alert bob (refused)
        01:30 failure web/http: tell.alert bob (timeout)
        02:30 up web/http: tell.alert bob (timeout)
        03:00 failure web/http: tell.alert bob (timeout)
        """,
    ),
]


CASES = [pytest.param(rule, expected, id=" ".join(rule.split())) for rule, expected in ALERTEVERY + OTHERS]


@pytest.mark.parametrize(("rule", "expected"), CASES)
async def test_which_failures_of_two_outages_alert(site: MakeSite, rule: str, expected: str) -> None:
    day = site(SITE.format(rule), warnings=frozenset({"alertevery-summary"} if rule.endswith(" summary") else ()))
    outages(day)
    await day.run("4:00")
    assert day.alerts == table(expected)


PERIODS = """
hostgroup web h1 h2

watch web
    service http
        interval 30m
        monitor x.monitor
        period work: wd {Mon-Fri} hr {9am-4pm}
            alert tell.alert team
            alertevery 3h
        period night: hr {5pm-8am}
            alert wake.alert guard
            alertevery 4h
        period sat: wd {Sat}
            alert tell.alert weekend
            alertevery 12h
"""


async def test_periods_go_by_the_time_of_day_and_count_each_for_itself(site: MakeSite) -> None:
    """It fails from Friday, 06:00, to the end of Saturday."""
    day = site(PERIODS)
    day.down("web/http", "6:00", "48:00")
    await day.run("48:00")
    assert day.alerts == table(
        """
        06:00 failure web/http: wake.alert guard (no answer)
        09:00 failure web/http: tell.alert team (no answer)
        12:00 failure web/http: tell.alert team (no answer)
        15:00 failure web/http: tell.alert team (no answer)
        17:00 failure web/http: wake.alert guard (no answer)
        21:00 failure web/http: wake.alert guard (no answer)
        24:00 failure web/http: tell.alert weekend (no answer)
        25:00 failure web/http: wake.alert guard (no answer)
        29:00 failure web/http: wake.alert guard (no answer)
        36:00 failure web/http: tell.alert weekend (no answer)
        41:00 failure web/http: wake.alert guard (no answer)
        45:00 failure web/http: wake.alert guard (no answer)
        """
    )


async def test_nobody_is_told_of_what_is_acknowledged_or_disabled(site: MakeSite) -> None:
    day = site(SITE.format("upalert tell.alert bob\n            alertevery 20m"))
    day.down("web/http", "1:00", "3:00")
    day.ask("1:15", Acknowledge(HTTP, "on it"))
    day.down("web/http", "4:00", "6:00")
    day.ask("4:15", SwitchService(HTTP, enable=False))
    day.ask("5:15", SwitchService(HTTP, enable=True))
    await day.run("7:00")
    assert day.alerts == table(
        """
        01:00 failure web/http: tell.alert bob (no answer)
        03:00 up web/http: tell.alert bob (no answer)
        04:00 failure web/http: tell.alert bob (no answer)
        05:20 failure web/http: tell.alert bob (no answer)
        05:40 failure web/http: tell.alert bob (no answer)
        06:00 up web/http: tell.alert bob (no answer)
        """
    )


async def test_exit_values_choose_whom_to_tell(site: MakeSite) -> None:
    day = site(SITE.format("alert exit=2 wake.alert guard\n            alertevery 1h\n            alertexitrange 1-2"))
    day.down("web/http", "1:00", "1:15", "slow", exitval=1)
    day.down("web/http", "2:00", "2:15", "gone", exitval=2)
    day.down("web/http", "3:00", "3:15", "odd", exitval=3)
    await day.run("4:00")
    assert day.alerts == table(
        """
        01:00 failure web/http: tell.alert bob (slow)
        02:00 failure web/http: tell.alert bob (gone)
        02:00 failure web/http: wake.alert guard (gone)
        """
    )


async def test_an_alert_that_asks_for_it_is_tried_again(site: MakeSite) -> None:
    """Exit code 75, after 1, 2, 4, … seconds, and in the end every minute, for an hour."""
    day = site(SITE.format("alertevery 1d"))
    day.down("web/http", "1:00")
    day.programs.exits["tell.alert"] = [75] * 4
    await day.run("2:00")
    assert day.alerts == table(
        """
        01:00    failure web/http: tell.alert bob (no answer)
        01:00:01 failure web/http: tell.alert bob (no answer)
        01:00:03 failure web/http: tell.alert bob (no answer)
        01:00:07 failure web/http: tell.alert bob (no answer)
        01:00:15 failure web/http: tell.alert bob (no answer)
        """
    )


async def test_an_alert_that_never_succeeds_is_given_up_after_an_hour(site: MakeSite) -> None:
    day = site(SITE.format("alertevery 1d"))
    day.down("web/http", "1:00")
    day.programs.exits["tell.alert"] = [75] * 1000
    await day.run("4:00")
    assert len(day.alerts) == 66  # 1 + 2 + 4 + … + 32 seconds, then one each minute
    assert day.alerts[-1] == "02:00:03 failure web/http: tell.alert bob (no answer)"


async def test_the_record_tells_what_happened_and_what_was_done(site: MakeSite) -> None:
    day = site(SITE.format("upalert tell.alert bob\n            alertevery 1h"))
    day.down("web/http", "1:00", "3:00")
    day.ask("2:15", Acknowledge(HTTP, "on it"))
    await day.run("4:00")
    assert await day.record("web/http") == table(
        """
        00:00 pymon started with 1 service on 1 watch
        00:10 ok: fine
        01:00 failed: no answer
        01:00 alert tell.alert bob: no answer
        01:00 tell.alert bob done in 0s
        01:10 alert tell.alert bob not sent: alertevery 1h: last alert 50m ago, summary unchanged
        02:00 alert tell.alert bob: no answer
        02:00 tell.alert bob done in 0s
        02:10 alert tell.alert bob not sent: alertevery 1h: last alert 10m ago, summary unchanged
        02:15 nobody is told: no ackalert is configured
        02:15 acknowledged: on it
        02:20 failed: no answer
        02:20 alert tell.alert bob not sent: acknowledged 35m ago
        03:00 ok after 2h of failure: fine
        03:00 the acknowledgement has ended, the outage is over: bob: on it
        03:00 upalert tell.alert bob: no answer
        03:00 tell.alert bob done in 0s
        04:00 pymon stopped
        """
    )
