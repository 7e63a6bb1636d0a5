"""The wall clock is no stopwatch: whatever it is set to, alerts come when they would have come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.engine.clock import EngineClock
from pymon.engine.engine import Engine
from pymon.engine.limits import EngineLimits
from pymon.model.change import ChangeCause, StateChange
from pymon.model.depend import ServiceKey
from pymon.model.effect import AlertCall
from pymon.model.request import Acknowledge, Asker, StartScheduler, StopScheduler
from pymon.model.status import OpStatus
from pymon.model.trap import Trap
from pymon.runner.limits import RunnerLimits
from pymon.runner.loop_delays import HoldUps
from pymon.runner.plugin_runner import PluginRunner
from tests.clocks import BEGIN, VirtualClock, run_in_virtual_time
from tests.programs import write_program

KEY = ServiceKey("web", "x")
DAY = 86400.0
STEPS = (-DAY, -3600.0, -0.6, 0.6, 3600.0, DAY, 366 * DAY)
"""what a clock is set by: a day back, an hour, hardly at all, a year ahead"""

MONITOR = """#!/usr/bin/env python3
# Fails while there is a file ``ill`` beside it.

from dataclasses import dataclass
from pathlib import Path

from pymon.plugin import Down, Host, Monitor, Up


@dataclass(frozen=True)
class Options:
    pass


async def probe(host: Host, options: Options) -> object:
    return Down("ill") if Path(__file__).with_name("ill").exists() else Up()


monitor = Monitor(Options, probe)
"""
ALERT = """#!/usr/bin/env python3
from dataclasses import dataclass

from pymon.plugin import Alert, Done, Event


@dataclass(frozen=True)
class Options:
    pass


async def tell(event: Event, options: Options) -> object:
    return Done()


alert = Alert(Options, tell)
"""


# The clock itself


class Machine:
    """A clock, and the engine's time by it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.system = VirtualClock(lambda: self.elapsed)
        self.clock = EngineClock(self.system)

    def passes(self, seconds: float, slewed: float = 0.0) -> None:
        self.elapsed += seconds
        self.system.put(slewed)


@pytest.mark.parametrize("step", [*STEPS, -0.5, 0.5])
def test_the_time_follows_a_clock_that_was_set_at_the_next_look_and_not_before(step: float) -> None:
    """E-clock-set."""
    machine = Machine()
    machine.passes(10.0)
    machine.system.put(step)
    machine.passes(1.0)
    assert machine.clock.now() == BEGIN + 11.0
    assert machine.clock.catch_up() == pytest.approx(step)
    assert machine.clock.now() == pytest.approx(BEGIN + 11.0 + step)
    assert machine.clock.catch_up() == 0.0


@pytest.mark.parametrize("slew", [0.0, 0.0005, -0.0005, 0.083, -0.083])
def test_a_clock_that_is_slewed_is_followed_without_a_word(slew: float) -> None:
    """ntpd slews half a millisecond in a second, chronyd up to 83."""
    machine = Machine()
    for _ in range(1000):
        machine.passes(1.0, slew)
        assert machine.clock.catch_up() == 0.0
    assert machine.clock.now() == pytest.approx(machine.system.wall())


def test_small_steps_one_after_the_other_are_no_slewing() -> None:
    """They add up, and then are told of."""
    machine = Machine()
    steps = []
    for _ in range(100):
        machine.passes(1.0, 0.4)
        steps.append(machine.clock.catch_up())
    assert 30.0 < sum(steps) <= 40.0
    assert abs(machine.clock.now() - machine.system.wall()) < 0.5


def test_time_asleep_counts() -> None:
    machine = Machine()
    machine.passes(8 * 3600.0)  # CLOCK_BOOTTIME and the wall clock both go on
    assert machine.clock.catch_up() == 0.0
    assert machine.clock.now() == BEGIN + 8 * 3600.0


# A site, in virtual time


class Site:
    """A site on a virtual loop: what it alerts, and when, in seconds since it began, whatever the clock says."""

    def __init__(self, directory: Path, clock: VirtualClock, *keywords: str) -> None:
        self.directory, self.clock = directory, clock
        for name, text in (("x.monitor", MONITOR), ("rec.alert", ALERT)):
            write_program(directory / name, text)
        config = directory / "mon.cf"
        config.write_text(
            f"mondir = {directory}\nalertdir = {directory}\nstatedir = {directory}\nlogdir = {directory}\n\n"
            "hostgroup web 127.0.0.1\n\nwatch web\n    service x\n        " + "\n        ".join(keywords) + "\n"
        )
        loaded = load(config)
        assert not loaded.problems, loaded.problems
        self.holdups = HoldUps(clock.steady)
        runner = PluginRunner(limits=RunnerLimits(blocking=0), holdups=self.holdups)
        limits = EngineLimits(clock_compared_every=10.0)
        self.engine = Engine(loaded.site, environ={}, clock=clock, runner=runner, limits=limits)
        self.engine.observe(self._observe)
        self.alerts: list[tuple[str, float]] = []
        self.began = 0.0

    @property
    def elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    def _observe(self, change: StateChange) -> None:
        told = {effect.event.value for effect in change.effects if isinstance(effect, AlertCall)}
        self.alerts += [(event, round(self.elapsed)) for event in sorted(told)]

    def ill(self, ill: bool = True) -> None:
        if ill:
            (self.directory / "ill").touch()
        else:
            (self.directory / "ill").unlink()

    async def until(self, seconds: float) -> None:
        await asyncio.sleep(seconds - self.elapsed)


Body = Callable[[Site], Awaitable[None]]


def watch(directory: Path, body: Body, *keywords: str) -> Site:
    """Run a site, and do to it what a test wants done."""
    sites = []

    async def run(clock: VirtualClock) -> None:
        site = Site(directory, clock, *keywords)
        sites.append(site)
        await site.engine.start()
        site.began = asyncio.get_running_loop().time()
        await body(site)
        await site.engine.stop()

    run_in_virtual_time(run)
    return sites[0]


CHECKED = ("interval 60s", "monitor x.monitor")


@pytest.mark.parametrize("step", [0.0, *STEPS])
def test_alertevery_keeps_its_pace(tmp_path: Path, step: float) -> None:
    """E-clock-set: put back a day, it was silent for a day."""

    async def body(site: Site) -> None:
        site.ill()
        await site.until(90)
        site.clock.put(step)
        await site.until(1000)

    site = watch(tmp_path, body, *CHECKED, "period wd {Sun-Sat}", "    alert rec.alert", "    alertevery 5m")
    assert site.alerts == [("failure", 60), ("failure", 360), ("failure", 660), ("failure", 960)]


@pytest.mark.parametrize("step", [0.0, *STEPS])
@pytest.mark.parametrize(
    ("rule", "expected"), [("alertafter 5m", 420), ("alertafter 3 10m", 180), ("alertafter 4", 240)]
)
def test_alertafter_counts_what_passes(tmp_path: Path, step: float, rule: str, expected: int) -> None:
    """E-clock-set."""

    async def body(site: Site) -> None:
        site.ill()
        await site.until(90)
        site.clock.put(step)
        await site.until(600)

    rules = ("period wd {Sun-Sat}", "    alert rec.alert", f"    {rule}", "    numalerts 1")
    assert watch(tmp_path, body, *CHECKED, *rules).alerts == [("failure", expected)]


@pytest.mark.parametrize("step", [0.0, *STEPS])
def test_upalertafter_counts_what_passes(tmp_path: Path, step: float) -> None:
    """E-clock-set."""

    async def body(site: Site) -> None:
        site.ill()
        await site.until(90)
        site.clock.put(step)
        await site.until(330)
        site.ill(False)
        await site.until(600)

    period = ("period wd {Sun-Sat}", "    alert rec.alert", "    alertevery 1d", "    upalert rec.alert")
    site = watch(tmp_path, body, *CHECKED, *period, "    upalertafter 5m")
    assert site.alerts == [("failure", 60), ("up", 360)]


@pytest.mark.parametrize("step", [0.0, *STEPS])
def test_a_trap_is_missed_when_it_is_missing(tmp_path: Path, step: float) -> None:
    """E-clock-set: put on by an hour, all were missed at once; put back, none for as long."""

    async def body(site: Site) -> None:
        for second in range(30, 700, 60):
            await site.until(second)
            site.engine.take_trap(KEY, Trap("0", "well"))
            if second == 330:
                site.clock.put(step)
        await site.until(1000)

    site = watch(tmp_path, body, "traptimeout 100s", "period wd {Sun-Sat}", "    alert rec.alert")
    # The last one comes after 690 seconds.
    assert site.alerts == [("traptimeout", 790), ("traptimeout", 890), ("traptimeout", 990)]


@pytest.mark.parametrize("step", [0.0, *STEPS])
def test_what_a_trap_said_is_over_in_its_time(tmp_path: Path, step: float) -> None:
    """E-clock-set."""
    seen = []

    async def body(site: Site) -> None:
        site.engine.take_trap(KEY, Trap("1", "bad"))
        await site.until(20)
        site.clock.put(step)
        for second in (295, 305):
            await site.until(second)
            seen.append(site.engine.states[KEY].op_status)

    watch(tmp_path, body, "trapduration 5m", "period wd {Sun-Sat}", "    alert rec.alert")
    assert seen == [OpStatus.FAIL, OpStatus.OK]


@pytest.mark.parametrize("step", STEPS)
def test_what_is_shown_moves_with_the_clock(tmp_path: Path, step: float, caplog: pytest.LogCaptureFixture) -> None:
    """E-clock-set: lengths stay, and the log says by how much it was set."""
    ages: list[tuple[float, ...]] = []

    def look(site: Site) -> None:
        snapshot = site.engine.snapshot()
        state, now = snapshot.states[KEY], snapshot.now
        assert now == pytest.approx(site.clock.wall())
        until_next = snapshot.next_check(KEY)
        assert until_next is not None
        assert snapshot.stopped_since is not None
        assert state.periods
        (period,) = state.periods.values()
        instants = (snapshot.started, state.first_failure, state.last_failure, state.last_check, state.ack)
        assert all(instants)
        ages.append(
            tuple(round(now - each, 6) for each in (*instants, snapshot.stopped_since, period.last_alert, until_next))
        )

    async def body(site: Site) -> None:
        site.ill()
        await site.until(130)
        await site.engine.perform(Acknowledge(KEY, "seen"), Asker("bob", "127.0.0.1"))
        await site.engine.perform(StopScheduler(), Asker("bob", "127.0.0.1"))
        await site.until(140)
        look(site)
        site.clock.put(step)
        await site.until(160)
        look(site)
        await site.engine.perform(StartScheduler(), Asker("bob", "127.0.0.1"))
        assert site.engine.next_check(KEY) == pytest.approx(site.clock.wall() + 50, abs=0.1)

    with caplog.at_level(logging.WARNING):
        watch(tmp_path, body, *CHECKED, "period wd {Sun-Sat}", "    alert rec.alert", "    alertevery 1d")
    before, after = ages
    expected = [age + 20 for age in before]
    expected[-1] = before[-1]  # the scheduler is stopped, so it is as far away as before
    assert list(after) == pytest.approx(expected, abs=0.001)
    told = [record.getMessage() for record in caplog.records if "clock was put" in record.getMessage()]
    assert len(told) == 1
    assert f"{step:+.1f} seconds" in told[0]


@pytest.mark.parametrize("asleep", [3.0, 60.0, 8 * 3600.0])
def test_a_machine_that_slept_missed_no_trap_and_is_at_once_at_its_checks(tmp_path: Path, asleep: float) -> None:
    """E-hold-up: the event loop's own clock does not go on in a sleep, those of the world do."""
    checked = []

    async def body(site: Site) -> None:
        def observe(change: StateChange) -> None:
            if change.cause is ChangeCause.CHECK:
                checked.append(round(site.elapsed))

        site.engine.observe(observe)
        for second in range(10, 100, 10):
            await site.until(second)
            site.engine.take_trap(KEY, Trap("0", "well"))
        await site.until(100.25)
        site.holdups.start()
        site.clock.suspend(asleep)
        site.holdups.note_alive()  # as the heartbeat does
        site.holdups.stop()
        await site.until(115)
        assert site.alerts == []  # traps come again, but the last one was 10 s before the sleep
        await site.until(150)

    period = ("period wd {Sun-Sat}", "    alert rec.alert")
    site = watch(tmp_path, body, "interval 101s", "monitor x.monitor", "traptimeout 30s", *period)
    assert checked[0] == 100  # it is due, and was not before
    assert site.alerts[0] == ("traptimeout", 121)  # 30 s of being awake, and a second to read what came


def test_a_day_of_a_site_in_a_moment(tmp_path: Path) -> None:
    """Virtual time: every check, trap and alert of a day, in about a second."""

    async def body(site: Site) -> None:
        await site.until(3630)
        site.ill()
        await site.until(2 * 3600 + 30)
        site.ill(False)
        await site.until(DAY)

    period = ("period wd {Sun-Sat}", "    alert rec.alert", "    alertevery 30m", "    upalert rec.alert")
    site = watch(tmp_path, body, *CHECKED, *period)
    assert site.alerts == [("failure", 3660), ("failure", 5460), ("up", 7260)]
    assert site.engine.states[KEY].last_check == pytest.approx(BEGIN + DAY, abs=61)


@pytest.fixture
def _seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_seoul")
def test_periods_and_what_stands_for_a_trap_go_by_the_time_on_the_wall_here(tmp_path: Path) -> None:
    """The rules themselves read no time zone: the daemon hands this machine's in."""

    async def body(site: Site) -> None:
        await site.until(101)

    at = datetime.fromtimestamp(BEGIN + 100, UTC)
    here = (at.hour + 9) % 24
    periods = (f"period hr {{{here}}}", "    alert rec.alert", f"period hr {{{at.hour}}}", "    alert rec.alert")
    site = watch(tmp_path, body, "traptimeout 100s", *periods)
    assert site.alerts == [("traptimeout", 100)]
    assert f" {here:02}:{at:%M:%S} " in site.engine.states[KEY].last_output
