"""A re-read of mon.cf in the middle of the day: what goes on, what begins again, what ends."""

from __future__ import annotations

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.request import Acknowledge, Reset, SwitchService
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import table

pytestmark = pytest.mark.virtual_time

HTTP, DNS = ServiceKey("web", "http"), ServiceKey("web", "dns")


def service(name: str, interval: str = "20m", monitor: str = "x.monitor", who: str = "bob", every: str = "1h") -> str:
    """A service as mon.cf has it."""
    return f"""
    service {name}
        interval {interval}
        monitor {monitor}
        period wd {{Sun-Sat}}
            alert tell.alert {who}
            upalert tell.alert {who}
            alertevery {every}
""".lstrip("\n")


def watch(*services: str) -> str:
    """mon.cf with a watch of these services."""
    return "hostgroup web h1 h2\n\nwatch web\n" + "".join(services)


def times(lines: list[str], name: str) -> str:
    """The times of the checks of a service."""
    return " ".join(line.split()[0] for line in lines if f" {name}:" in line)


async def test_what_did_not_change_goes_on_in_its_grid_and_its_outage(site: MakeSite) -> None:
    day = site(watch(service("http"), service("dns")))
    day.down("web/http", "0:50", "3:05")
    day.reload("1:35", watch(service("http"), service("dns", interval="30m")))
    await day.run("3:15")
    assert times(day.checks, "web/http") == "00:10 00:30 00:50 01:10 01:30 01:50 02:10 02:30 02:50 03:10"
    assert times(day.checks, "web/dns") == "00:20 00:40 01:00 01:20 02:05 02:35 03:05"
    assert day.alerts == table(
        """
        00:50 failure web/http: tell.alert bob (no answer)
        01:50 failure web/http: tell.alert bob (no answer)
        02:50 failure web/http: tell.alert bob (no answer)
        03:10 up web/http: tell.alert bob (no answer)
        """
    )


async def test_an_outage_of_a_service_that_changed_is_told_of_to_its_end(site: MakeSite) -> None:
    """The recovery goes to the one who had the failure as well, though mon.cf names another by then (R-debts)."""
    day = site(watch(service("http", who="bob")))
    day.down("web/http", "0:50", "3:05")
    day.reload("1:35", watch(service("http", who="eve")))
    await day.run("3:30")
    assert day.alerts == table(
        """
        01:00 failure web/http: tell.alert bob (no answer)
        02:15 failure web/http: tell.alert eve (no answer)
        03:15 up web/http: tell.alert eve (no answer)
        03:15 up web/http: tell.alert bob (no answer)
        """
    )


async def test_a_service_that_leaves_is_checked_no_more_and_one_that_comes_is(site: MakeSite) -> None:
    """What the one that left owes is paid by the first success of one that acts upon the same (R-debts)."""
    day = site(watch(service("http"), service("dns")))
    day.down("web/dns", "0:00")
    day.reload("1:00", watch(service("http"), service("smtp")))
    await day.run("2:00")
    assert times(day.checks, "web/dns") == "00:20 00:40 01:00"
    assert times(day.checks, "web/smtp") == "01:20 01:40 02:00"
    assert day.alerts == table("00:20 failure web/dns: tell.alert bob (no answer)\n01:20 up web/smtp: tell.alert bob")


async def test_a_file_that_is_refused_changes_nothing(site: MakeSite) -> None:
    day = site(watch(service("http")))
    day.down("web/http", "0:50")
    day.reload("1:00", watch(service("http", interval="often")))
    await day.run("2:00")
    assert times(day.checks, "web/http") == "00:20 00:40 01:00 01:20 01:40 02:00"
    assert day.alerts == table(
        "01:00 failure web/http: tell.alert bob (no answer)\n02:00 failure web/http: tell.alert bob (no answer)"
    )


async def test_what_operators_did_stays(site: MakeSite) -> None:
    day = site(watch(service("http"), service("dns")))
    day.down("web/http", "0:25", "4:00")
    day.down("web/dns", "0:55", "4:00")
    day.ask("0:35", Acknowledge(HTTP, "seen"))
    day.ask("0:45", SwitchService(DNS, enable=False))
    day.reload("1:00", watch(service("http", every="10m"), service("dns", every="10m")))
    await day.run("3:00")
    assert day.alerts == table("00:30 failure web/http: tell.alert bob (no answer)")


async def test_a_reset_begins_again(site: MakeSite) -> None:
    """With the checks and the outage: the alert of 00:40 is called again."""
    day = site(watch(service("http", every="1d")))
    day.down("web/http", "0:30")
    day.ask("0:50", Reset(keepstate=False))
    await day.run("2:00")
    assert times(day.checks, "web/http") == "00:20 00:40 01:10 01:30 01:50"
    assert day.alerts == table(
        "00:40 failure web/http: tell.alert bob (no answer)\n01:10 failure web/http: tell.alert bob (no answer)"
    )
