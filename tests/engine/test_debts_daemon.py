"""What is owed is kept (R-debts), with a real daemon: SIGHUP, a stop, and ``kill -9``."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from pymon.client.sync import Client
from tests.engine.conftest import Daemon, Line
from tests.waiting import until

pytestmark = pytest.mark.slow

# Fails while there is a file; tells a second file who stands in the daemon's table in memory.
TABLE = '''#!/usr/bin/env python3
"""Fails while there is a file of its name; writes who is in the table."""
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from pymon.ipvs.model import Listening, Protocol, RealServer, VirtualService
from pymon.ipvs.table import memory_table
from pymon.plugin import Down, Host, Monitor, Outcome, Up

HERE = Path({here!r})
VIP = Listening(Protocol.TCP, ip_address("10.0.0.100"), 80)
if not memory_table().snapshot().services:
    memory_table().add_service(VirtualService(VIP))
    memory_table().add_server(VIP, RealServer(ip_address("10.0.0.1"), 80))


@dataclass(frozen=True)
class Options:
    pass


async def probe(host: Host, options: Options) -> Outcome:
    (service,) = memory_table().snapshot().services
    new = HERE / "table.new"
    new.write_text(" ".join(str(server.address) for server in service.servers))
    new.rename(HERE / "table")
    return Down("ill") if (HERE / "ill").exists() else Up()


monitor = Monitor(Options, probe)

if __name__ == "__main__":
    monitor.main()
'''

# Keeps its own table: a folder, with a file for who is in. It says what it acts upon.
KEEPER = '''#!/usr/bin/env python3
"""Takes a name out of a folder, or puts it in."""
from dataclasses import dataclass
from pathlib import Path

from pymon.plugin import Alert, AlertOutcome, Done, Event, option, words

POOL = Path({here!r}, "pool")


@dataclass(frozen=True)
class Options:
    real: str = option("-R", default="", about="who", metavar="NAME")
    weight: str = option("-W", default="", about="no matter", metavar="N")
    way: tuple[str, ...] = words("in|out", about="where to")


def act(event: Event, options: Options) -> AlertOutcome:
    path = POOL / options.real.lower()
    if options.way == ("out",):
        path.unlink(missing_ok=True)
    else:
        path.touch()
    return Done(f"{{options.real}} is {{options.way[0]}}")


alert = Alert(Options, act, order_by=lambda event, options: options.real.lower())

if __name__ == "__main__":
    alert.main()
'''
SCRIPT = """#!/bin/sh
for last; do :; done
case $last in out) rm -f {here}/pool/one;; in) : >{here}/pool/one;; esac
"""
FAILS_WHEN_ILL = "#!/bin/sh\n[ -e {here}/ill ] || exit 0\necho ill\nexit 1\n"
LINES = {
    "keeper": ("alert keeper.alert -R one out", "upalert keeper.alert -R one in"),
    "script": ("alert script.sh x out", "upalert script.sh x in"),
}


def site(
    *lines: str, text: str = "wd {Mon-Fri}, wd {Sat-Sun}", monitor: str = "ill.monitor", name: str = "http"
) -> str:
    """One service with a period of these lines (none: no such service), and another one."""
    period = "".join(f"            {line}\n" for line in lines)
    mine = f"watch web\n    service http\n        interval 1s\n        monitor {monitor}\n"
    if lines:
        mine += f"        period {text}\n{period}"
    rest = "watch other\n    service s\n        interval 1h\n        monitor ill.monitor\n"
    return f"hostgroup web 127.0.0.1\n\nhostgroup other h2\n\n{mine if lines else ''}\n{rest}"


class World:
    """A daemon, and the pool that its alerts change."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon, self.here = daemon, daemon.directory
        daemon.program("ill.monitor", FAILS_WHEN_ILL.format(here=self.here))
        daemon.program("keeper.alert", KEEPER.format(here=str(self.here)))
        daemon.program("script.sh", SCRIPT.format(here=self.here))
        (self.here / "pool").mkdir()
        (self.here / "pool" / "one").touch()

    def configure(self, *lines: str, **more: str) -> None:
        self.daemon.configure(site(*lines, **more))

    async def until(self, *, is_in: bool) -> None:
        """Wait for the pool to be so."""
        await until(lambda: (self.here / "pool" / "one").exists() is is_in)

    async def fails(self) -> None:
        (self.here / "ill").touch()
        await self.until(is_in=False)

    async def recovers(self) -> None:
        (self.here / "ill").unlink()
        await self.until(is_in=True)

    async def again(self, how: str) -> None:
        """The mon.cf of now is read, by this daemon or by another one."""
        seen = len(self.daemon.lines)
        if how == "SIGHUP":
            self.daemon.hang_up()

            def is_read(line: Line) -> bool:
                return "configuration read again: " in line["message"] and self.daemon.lines.index(line) >= seen

            await self.daemon.wait(is_read)
            return
        if how == "kill -9":
            await self.daemon.kill()
        else:
            await self.daemon.stop()
        self.daemon.lines.clear()
        await self.daemon.start()

    def why(self) -> str:
        """What ``pymon why`` says, of the record alone."""
        command = [sys.executable, "-m", "pymon.cli.main", "why", "web", "http", "--statedir", str(self.here / "state")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def debts(self) -> list[dict[str, Any]]:
        """What ``moncmd list debts`` says."""
        text = self.daemon.config.read_text()
        host, port = (text.partition(f"{word} = ")[2].split()[0] for word in ("serverbind", "serverport"))
        with Client(host, port, timeout=30) as client:
            return list(client.json("list debts"))


@pytest.fixture
def world(daemon: Daemon) -> World:
    return World(daemon)


CASES: dict[str, dict[str, Any]] = {
    "another text": {"text": "wd {Sun-Sat}"},
    "a label": {"text": "pages: wd {Sun-Sat}"},
    "the lines are gone": {"lines": ("alert script.sh y stay", "upalert script.sh y stay")},
    "one re-read without it": {"gone": "yes"},
}


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "kill -9"])
@pytest.mark.parametrize("program", LINES)
@pytest.mark.parametrize("case", CASES)
async def test_what_was_taken_out_is_put_back(world: World, program: str, case: str, how: str) -> None:
    what = dict(CASES[case])
    world.configure(*LINES[program])
    await world.daemon.start()
    await world.fails()
    if what.pop("gone", None):
        world.configure()
        await world.again(how)
        world.configure(*LINES[program])
    else:
        world.configure(*what.pop("lines", LINES[program]), **what)
    await world.again(how)
    await world.recovers()
    assert await world.daemon.stop() == 0
    assert "unpaid" not in world.why()
    assert "script.sh x in" in world.why() or "keeper.alert -R one in" in world.why()


async def test_the_kernel_s_table_is_put_right_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """lvs.alert, on the daemon's table in memory: another text, and -W and -R spelled in another way."""
    monkeypatch.setenv("PYMON_IPVS", "memory")
    path = world.daemon.program("table.monitor", TABLE.format(here=str(world.here)))
    assert path.exists()
    down = "alert lvs.alert -P tcp -V 10.0.0.100:80 -R 10.0.0.1:80 -X down"
    world.configure(down, "upalert lvs.alert -P tcp -V 10.0.0.100:80 -R 10.0.0.1:80", monitor="table.monitor")
    await world.daemon.start()
    (world.here / "ill").touch()
    await _table(world, "")
    other = "lvs.alert -W 5 -V 10.0.0.100:80 -R 10.0.0.1"
    lines = (f"alert {other} -X down", f"upalert {other}")
    world.configure(*lines, text="x: wd {Sun-Sat}", monitor="table.monitor")
    await world.again("SIGHUP")
    (world.here / "ill").unlink()
    await _table(world, "10.0.0.1")
    assert await world.daemon.stop() == 0
    assert not [line for line in world.daemon.lines if "mon.cf has no upalert" in line["message"]], "it is the same"


async def _table(world: World, wanted: str) -> None:
    path = world.here / "table"
    await until(lambda: path.exists() and path.read_text() == wanted)


async def run(*command: str) -> str:
    """What a program says."""
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


async def test_who_left_for_good_is_listed_with_what_pays(world: World) -> None:
    (world.here / "auth.cf").write_text("command section\nlist: all\nwhy: all\n")
    world.daemon.configure(f"authfile = {world.here}/auth.cf\n{site(*LINES['script'])}")
    await world.daemon.start()
    await world.fails()
    (owed,) = await asyncio.to_thread(world.debts)
    assert (owed["state"], owed["alert"]) == ("owed", "script.sh x out")
    world.daemon.configure(f"authfile = {world.here}/auth.cf\n{site()}")
    await world.again("kill -9")
    await world.daemon.says("left mon.cf, and nothing pays for the down alert 'script.sh x out'")
    (owed,) = await asyncio.to_thread(world.debts)
    assert (owed["state"], owed["group"], owed["service"]) == ("unpaid", "web", "http")
    text = world.daemon.config.read_text()
    where = [text.partition(f"{word} = ")[2].split()[0] for word in ("serverbind", "serverport")]
    command = [sys.executable, "-m", "pymon.cli.main", "why", "web", "http", "--server", where[0], "--port", where[1]]
    told = await run(*command)
    assert "  unpaid   script.sh x out (called " in told
    assert [each["state"] for each in json.loads(await run(*command, "--json"))["debts"]] == ["unpaid"]
    (line,) = owed["by_hand"]
    assert "  by hand  MON_ALERTTYPE=up MON_GROUP=web MON_SERVICE=http script.sh -s http " in world.why(), (
        "of the record"
    )
    await run("sh", "-c", line)
    await world.until(is_in=True)
    assert await world.daemon.stop() == 0
