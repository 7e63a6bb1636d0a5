"""A real daemon on a system whose clock is set: libfaketime changes what the wall clock says, and nothing else."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pymon.client.traps import trap_packet
from pymon.store.store import FILE
from tests.engine.conftest import Daemon, Line
from tests.engine.test_holdups import trap_address
from tests.tools import missing

pytestmark = pytest.mark.slow
DAY = 86400
YEAR = 366 * DAY
CHECKED = """
hostgroup web 127.0.0.1

watch web
    service x
        interval 1s
        monitor ill.monitor
        period wd {Sun-Sat}
            alert rec.alert
            alertevery 3s
"""
LATER = CHECKED.replace("alertevery 3s", "alertafter 4s\n            numalerts 1")
EXPECTED = """
hostgroup web 127.0.0.1

watch web
    service x
        traptimeout 3s
        period wd {Sun-Sat}
            alert rec.alert
"""


class WallClock:
    """The wall clock of a daemon: ``put`` sets it."""

    def __init__(self, daemon: Daemon) -> None:
        libraries = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            missing("libfaketimeMT.so.1 is not installed (to set a daemon's clock): apt-get install faketime")
        self._file = daemon.directory / "clock"
        self.put(0)
        daemon.environ |= {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def put(self, seconds: int) -> None:
        """Let it be that far ahead of the true time (negative: behind)."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)


@pytest.fixture
def clock(daemon: Daemon) -> WallClock:
    daemon.program("ill.monitor", "#!/bin/sh\necho ill\nexit 1\n")
    daemon.recorder()
    return WallClock(daemon)


@contextmanager
def alive(address: tuple[str, int]) -> Iterator[None]:
    """Send the service its sign of life, five times in a second."""
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not stop.wait(0.2):
                sender.sendto(trap_packet("web", "x", 0, "alive", now=1e9), address)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        stop.set()
        sending.join()


def says(text: str) -> Callable[[Line], bool]:
    return lambda line: text in line["message"]


def configure(daemon: Daemon, site: str) -> None:
    (daemon.directory / "auth.cf").write_text("command section\nlist: all\n\ntrap section\n* * *\n")
    daemon.configure(f"cfbasedir = {daemon.directory}\nauthfile = auth.cf\n{site}")


@pytest.mark.parametrize("step", [-DAY, YEAR])
async def test_alertevery_does_not_wait_until_the_clock_has_caught_up(
    daemon: Daemon, clock: WallClock, step: int
) -> None:
    """E-clock-set."""
    configure(daemon, CHECKED)
    await daemon.start()
    await daemon.says("calling alert rec.alert")
    clock.put(step)
    await daemon.says(f"the system's clock was put {'on' if step > 0 else 'back'} by")
    await daemon.says("calling alert rec.alert", count=4)
    called = [line for line in daemon.lines if "calling alert rec.alert" in line["message"]]
    held = [line["message"] for line in daemon.lines if "last alert " in line["message"]]
    assert held
    ago = {text.partition("last alert ")[2].partition(" ago")[0] for text in held}
    assert ago <= {"0s", "1s", "2s"}, held  # by what passed, and not by what the clock says
    shown = called[3]["epoch"] - called[0]["epoch"]
    assert shown == pytest.approx(step + 9, abs=60)


@pytest.mark.parametrize("step", [-DAY, 3600])
async def test_alertafter_counts_what_passes(daemon: Daemon, clock: WallClock, step: int) -> None:
    """E-clock-set: "failing for 0s", for a day."""
    configure(daemon, LATER)
    await daemon.start()
    await daemon.wait(says("failure for web x"), count=2)
    clock.put(step)
    await daemon.says("calling alert rec.alert")
    seen = [line["message"] for line in daemon.lines if "failing for" in line["message"]]
    failing = [int(text.partition("failing for ")[2].partition("s")[0]) for text in seen]
    assert failing == sorted(failing)
    assert failing[-1] <= 4
    assert len(seen) >= 2


@pytest.mark.parametrize("step", [-DAY, 3600])
async def test_a_trap_is_missed_when_it_is_missing_and_not_before(daemon: Daemon, clock: WallClock, step: int) -> None:
    """E-clock-set."""
    configure(daemon, EXPECTED)
    await daemon.start()
    with alive(trap_address(daemon)):
        await daemon.says("for web x, status 0", count=3)
        clock.put(step)
        await daemon.says("the system's clock was put")
        await daemon.says("for web x, status 0", count=20)
        assert not any("calling alert" in line["message"] for line in daemon.lines)
    await daemon.says("calling traptimeoutalert rec.alert")


async def test_a_year_ahead_for_one_pass_costs_no_event(daemon: Daemon, clock: WallClock) -> None:
    """E-clock-set: the record's retention goes by a clock that did not jump; states are what they were."""
    configure(daemon, CHECKED)
    await daemon.start()
    await daemon.says("calling alert rec.alert", count=2)
    await daemon.stop()
    with closing(sqlite3.connect(daemon.directory / "state" / FILE)) as record:
        before = {row[0] for row in record.execute("SELECT id FROM events")}
    assert len(before) >= 4
    clock.put(YEAR)
    daemon.lines.clear()
    await daemon.start()
    await daemon.says("failure for web x", count=2)
    await daemon.stop()
    with closing(sqlite3.connect(daemon.directory / "state" / FILE)) as record:
        assert before <= {row[0] for row in record.execute("SELECT id FROM events")}


@pytest.mark.parametrize("step", [-DAY, YEAR])
async def test_a_clock_that_is_set_while_no_daemon_runs(daemon: Daemon, clock: WallClock, step: int) -> None:
    """E-clock-set: the next daemon takes up the states as what passed has left them."""
    configure(daemon, CHECKED.replace("alertevery 3s", "alertevery 20s"))
    await daemon.start()
    await daemon.says("calling alert rec.alert")
    await daemon.wait(says("last alert 2s ago"))
    await daemon.stop()
    clock.put(step)
    daemon.lines.clear()
    await daemon.start()
    told = await daemon.says("(while no daemon ran)")
    assert f"put {'on' if step > 0 else 'back'} by" in told[0]["message"]
    await daemon.says("calling alert rec.alert")
    held = [line["message"] for line in daemon.lines if "last alert " in line["message"]]
    ago = [int(text.partition("last alert ")[2].partition("s ago")[0]) for text in held]
    assert ago
    assert ago == sorted(ago)
    assert 2 <= ago[0] <= ago[-1] < 20
