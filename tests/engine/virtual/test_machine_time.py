"""E-clock-set, E-hold-up: a day on which somebody sets the system's clock, and one on which the machine sleeps."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from pymon.model.depend import ServiceKey
from pymon.model.request import Acknowledge, StopScheduler
from pymon.model.status import OpStatus
from tests.engine.virtual.conftest import MakeSite
from tests.engine.virtual.site import VirtualSite, clock_time, table

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
X, BACKUP = ServiceKey("web", "x"), ServiceKey("web", "backup")


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


EACH_MINUTE = """
hostgroup web h1

watch web
    service x
        interval 1m
        monitor x.monitor
        period wd {{Sun-Sat}}
            alert tell.alert bob
            {}
"""
STEPS = (-DAY, -3600.0, -0.6, 0.0, 0.6, 3600.0, DAY, YEAR)
"""what the clock is set by: a day back, an hour, hardly at all, a year on"""
RULES = {
    "alertevery 5m": "00:01 failure 00:06 failure 00:11 failure 00:16 failure",
    "numalerts 1\n            alertafter 5m": "00:07 failure",
    "numalerts 1\n            alertafter 3 10m": "00:03 failure",
    "numalerts 1\n            alertafter 4": "00:04 failure",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("rule", RULES)
async def test_rules_count_what_passes(site: MakeSite, rule: str, step: float) -> None:
    """E-clock-set: put back a day, alertevery was silent for a day."""
    day = site(EACH_MINUTE.format(rule))
    day.down("web/x", "0:00")
    day.set_clock("0:01:30", step)
    await day.run("0:16:30")
    assert " ".join(" ".join(line.split()[:2]) for line in day.alerts) == RULES[rule]


@pytest.mark.parametrize("step", STEPS)
async def test_upalertafter_counts_what_passes(site: MakeSite, step: float) -> None:
    """E-clock-set."""
    day = site(EACH_MINUTE.format("alertevery 1d\n            upalert tell.alert bob\n            upalertafter 5m"))
    day.down("web/x", "0:00", "0:05:30")
    day.set_clock("0:01:30", step)
    await day.run("0:10")
    assert [" ".join(line.split()[:2]) for line in day.alerts] == ["00:01 failure", "00:06 up"]


@pytest.mark.parametrize("step", STEPS)
async def test_what_a_trap_said_is_over_in_its_time(site: MakeSite, step: float) -> None:
    """E-clock-set."""
    day = site(SITE.replace("traptimeout 1h", "trapduration 5m"))
    statuses: list[OpStatus] = []
    day.trap("1:00", "web/backup", "1", "bad")
    day.set_clock("1:00:20", step)
    for when in ("1:04:55", "1:05:05"):
        day.at(when, lambda: statuses.append(day.engine.states[BACKUP].op_status))
    await day.run("1:06")
    assert statuses == [OpStatus.FAIL, OpStatus.OK]


@pytest.mark.parametrize("step", [step for step in STEPS if step])
async def test_what_is_shown_moves_with_the_clock(
    site: MakeSite, step: float, caplog: pytest.LogCaptureFixture
) -> None:
    """E-clock-set: lengths stay, and the log says by how much it was set."""
    day = site(EACH_MINUTE.format("alertevery 1d"))
    ages: list[list[float]] = []

    def look() -> None:
        snapshot = day.engine.snapshot()
        state, now, following = snapshot.states[X], snapshot.now, snapshot.next_check(X)
        assert now == pytest.approx(day.clock.wall())
        assert following is not None
        assert snapshot.stopped_since is not None
        (period,) = state.periods.values()
        instants = [snapshot.started, state.first_failure, state.last_failure, state.last_check, state.ack]
        assert all(instants)
        ages.append([now - each for each in (*instants, snapshot.stopped_since, period.last_alert, following)])

    day.down("web/x", "0:00")
    day.ask("0:02:10", Acknowledge(X, "seen"))
    day.ask("0:02:10", StopScheduler())
    day.at("0:02:20", look)
    day.set_clock("0:02:25", step)
    day.at("0:02:40", look)
    with caplog.at_level(logging.WARNING):
        await day.run("0:03")
    before, after = ages
    expected = [age + 20 for age in before]
    expected[-1] = before[-1]  # the scheduler is stopped, so the next check is as far away as before
    assert after == pytest.approx(expected, abs=0.001)
    told = [record.getMessage() for record in caplog.records if "clock was put" in record.getMessage()]
    assert len(told) == 1
    assert f"{step:+.1f} seconds" in told[0]


@pytest.mark.parametrize("asleep", [3.0, 60.0, 8 * 3600.0])
async def test_a_check_that_came_due_in_a_sleep_is_made_at_once_and_traps_get_their_time(
    site: MakeSite, asleep: float
) -> None:
    """E-hold-up: asleep from 00:01:40; the last trap came ten seconds before, and they are expected each 30."""
    text = EACH_MINUTE.format("alertevery 1d").replace("interval 1m", "interval 101s\n        traptimeout 30s")
    day = site(text)
    for second in range(10, 100, 10):
        day.trap(f"0:0:{second}", "web/x")
    awake = clock_time(100 + asleep)
    day.suspend("0:01:40", awake)
    await day.run(clock_time(150 + asleep))
    assert day.checks[0] == f"{awake} web/x: h1"
    assert day.alerts == [f"{clock_time(121 + asleep)} traptimeout web/x: tell.alert bob (trap timeout)"]


@pytest.fixture
def seoul(utc: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in Seoul, nine hours ahead."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Seoul")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("seoul")
async def test_periods_and_what_stands_for_a_trap_go_by_the_time_on_the_wall_here(site: MakeSite) -> None:
    """The rules themselves read no time zone: the daemon hands this machine's in."""
    day = site(
        """
hostgroup web h1

watch web
    service x
        traptimeout 1h
        period hr {10}
            alert tell.alert bob
        period hr {1}
            alert wake.alert guard
        """
    )
    await day.run("1:30")
    assert day.alerts == table("01:00 traptimeout web/x: tell.alert bob (trap timeout)")
    assert " 10:00:00 " in day.engine.states[X].last_output
