"""When checks begin, and of which hosts: each rule of scheduling from mon.cf to the checks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from pymon.model import request
from pymon.model.depend import ServiceKey
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import seconds, table

pytestmark = pytest.mark.virtual_time

SITE = """
hostgroup web h1 h2 h3

watch web
    service http
        monitor x.monitor
        {}
        period wd {{Sun-Sat}}
            alert tell.alert bob
            alertevery 1d
"""


def times_of(lines: list[str], name: str = "web/http") -> str:
    """The times of the checks of one service."""
    return " ".join(line.split()[0] for line in lines if f" {name}:" in line)


CASES = [
    ("interval 15m", "00:15 00:30 00:45 01:00 01:15 01:30 01:45 02:00"),
    # the host that is excluded does not change the grid
    ("interval 15m\n        exclude_hosts h2", "00:15 00:30 00:45 01:00 01:15 01:30 01:45 02:00"),
    # failing from 00:40 to 01:20
    (
        "interval 15m\n        failure_interval 5m",
        "00:15 00:30 00:45 00:50 00:55 01:00 01:05 01:10 01:15 01:20 01:35 01:50",
    ),
    # in an excluded period it is looked at each minute whether that is over
    ("interval 15m\n        exclude_period hr {0am-0am}", "01:00 01:15 01:30 01:45 02:00"),
]


@pytest.mark.parametrize(("keywords", "expected"), CASES, ids=[" ".join(words.split()) for words, _ in CASES])
async def test_the_grid_of_one_service(site: MakeSite, keywords: str, expected: str) -> None:
    day = site(SITE.format(keywords))
    day.down("web/http", "0:40", "1:20")
    await day.run("2:00:01")
    assert times_of(day.checks) == expected


MANY = """
{}
hostgroup web h1

watch web
"""
SERVICE = """    service s{number}
        interval 10m
        monitor x.monitor
        {more}
        period wd {{Sun-Sat}}
            alert tell.alert bob
"""


def many(count: int, head: str = "", more: str = "allow_empty_group") -> str:
    """A site of so many services that are checked every ten minutes."""
    return MANY.format(head) + "".join(SERVICE.format(number=number, more=more) for number in range(count))


async def test_services_are_spread_over_their_interval(site: MakeSite) -> None:
    """S-spread."""
    day = site(many(4))
    await day.run("0:20:01")
    assert day.checks == table(
        """
        00:02:30 web/s0: h1
        00:05    web/s1: h1
        00:07:30 web/s2: h1
        00:10    web/s3: h1
        00:12:30 web/s0: h1
        00:15    web/s1: h1
        00:17:30 web/s2: h1
        00:20    web/s3: h1
        """
    )


async def test_with_randstart_the_first_checks_are_at_random_within_it(site: MakeSite) -> None:
    day = site(many(50, "randstart = 2m"))
    await day.run("1:00")
    first: dict[str, str] = {}
    for line in day.checks:
        first.setdefault(line.split()[1], line.split()[0])
    at = sorted(map(seconds, first.values()))
    assert len(at) == 50
    assert at[-1] <= 120
    assert len({round(each / 20) for each in at}) >= 5, "spread over all of it"
    per_service = Counter(line.split()[1] for line in day.checks)
    assert set(per_service.values()) == {6}, "each goes on from there every ten minutes"


async def test_randskew_moves_each_check(site: MakeSite) -> None:
    """It comes up to five seconds, and one at least, earlier or later than an interval after the one before."""
    day = site(SITE.format("interval 10m\n        randskew 5s"))
    await day.run("10:00")
    at = [seconds(line.split()[0]) for line in day.checks]
    assert len(at) == pytest.approx(60, abs=1)
    gaps = [later - earlier - 600 for earlier, later in pairwise(at)]
    assert all(1 <= abs(gap) <= 5 for gap in gaps), gaps
    assert min(gaps) < 0 < max(gaps)


async def test_maxprocs_lets_checks_wait_for_their_turn_and_loses_none(site: MakeSite) -> None:
    """Three want to begin at once, take three minutes each, and one may run."""
    day = site(many(3, "maxprocs = 1\nrandstart = 1s"))
    for number in range(3):
        day.programs.takes[ServiceKey("web", f"s{number}")] = 180.0
    await day.run("0:29")
    begun = [line.split()[0] for line in day.checks]
    assert begun == ["00:00", "00:03", "00:06", "00:10", "00:13", "00:16", "00:20", "00:23", "00:26"]
    names = [line.split()[1] for line in day.checks]
    assert len(set(names[:3])) == 3
    assert names == names[:3] * 3, "in the order in which they came"


async def test_a_check_that_is_longer_than_its_interval_leaves_out_what_it_covers(site: MakeSite) -> None:
    day = site(SITE.format("interval 10m\n        timeout 1h"))
    day.programs.takes[ServiceKey("web", "http")] = 25 * 60.0
    await day.run("2:00")
    assert times_of(day.checks) == "00:10 00:40 01:10 01:40"


async def test_a_check_without_an_end_fails_at_its_time_limit(site: MakeSite) -> None:
    day = site(SITE.format("interval 10m\n        timeout 2m"))
    day.programs.takes[ServiceKey("web", "http")] = 3600.0
    await day.run("0:30")
    assert day.alerts == table("00:12 failure web/http: tell.alert bob (timeout: no result after 120s)")


async def test_disabled_and_excluded_hosts_are_left_out(site: MakeSite) -> None:
    day = site(SITE.format("interval 15m\n        exclude_hosts h2"))
    day.ask("0:20", request.SwitchHosts(("h1",), enable=False))
    day.ask("0:40", request.SwitchHosts(("h3",), enable=False))
    day.ask("1:10", request.SwitchHosts(("h1", "h3"), enable=True))
    await day.run("1:15:01")
    assert day.checks == table(
        """
        00:15 web/http: h1 h3
        00:30 web/http: h3
        01:15 web/http: h1 h3
        """
    )


async def test_a_stopped_scheduler_puts_every_check_off_by_as_long(site: MakeSite) -> None:
    day = site(SITE.format("interval 15m"))
    day.ask("0:20", request.StopScheduler())
    day.ask("1:00", request.StartScheduler())
    day.ask("1:32", request.TestMonitor(ServiceKey("web", "http")))
    await day.run("2:00")
    assert times_of(day.checks) == "00:15 01:10 01:25 01:32 01:40 01:55"


DEPENDENT = """
hostgroup router r1

hostgroup web h1

watch router
    service ping
        interval 10m
        monitor x.monitor
        period wd {{Sun-Sat}}
            alert tell.alert bob
            alertevery 1d

watch web
    service http
        interval 10m
        monitor x.monitor
        depend router:ping
        dep_behavior {}
        period wd {{Sun-Sat}}
            alert tell.alert bob
            alertevery 1d
"""


async def test_what_depends_on_a_router_that_is_down_is_not_checked(site: MakeSite) -> None:
    day = site(DEPENDENT.format("m"))
    day.down("router/ping", "0:15", "0:22")
    day.down("web/http", "0:15", "0:22")
    await day.run("0:40")
    assert times_of(day.checks, "router/ping") == "00:05 00:15 00:25 00:35"
    assert times_of(day.checks) == "00:10 00:25:01 00:35:01"  # each second it is tried again
    assert day.alerts == table("00:15 failure router/ping: tell.alert bob (no answer)")


async def test_what_depends_on_a_router_that_is_down_does_not_alert(site: MakeSite) -> None:
    day = site(DEPENDENT.format("a"))
    day.down("router/ping", "0:15", "0:32")
    day.down("web/http", "0:15", "0:52")
    await day.run("1:00")
    assert day.alerts == table(
        """
        00:15 failure router/ping: tell.alert bob (no answer)
        00:40 failure web/http: tell.alert bob (no answer)
        """
    )
