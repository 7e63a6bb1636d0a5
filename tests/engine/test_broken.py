"""R-broken on a real daemon: checks that cannot be carried out tell people, and move no table."""

from __future__ import annotations

import asyncio
import re
import sys
from functools import partial

import pytest

from pymon.client import Client, OpStatus, ServiceStatus
from tests.engine.conftest import Daemon, Line
from tests.engine.test_daemon import service, watch
from tests.peers import require_peer

pytestmark = pytest.mark.slow

KIT = f"""#!{sys.executable}
from dataclasses import dataclass
from pymon.plugin import Broken, Down, Monitor, Up, option
"""
REST = """
@dataclass(frozen=True)
class Options:
    pass

async def probe(host, options):
    {body}

monitor = Monitor(Options, probe, look_up=False)
if __name__ == "__main__":
    monitor.main()
"""

DEPLOYED = {
    "syntax": KIT + "def f(:" + REST.format(body="return Up()"),
    "module": KIT + "import no_such_module" + REST.format(body="return Up()"),
    "bug": KIT + REST.format(body="return Upp()"),
    "ours": KIT + REST.format(body="return Broken('no library')"),
    "interpreter": "#!/no/such/perl\n",
    "segfault": "#!/bin/sh\nkill -SEGV $$\n",
    "command": "#!/bin/sh\nno_such_command\n",
}
"""what a bad deploy makes of a monitor"""
TOLD = {
    "syntax": "SyntaxError: invalid syntax",
    "module": "ModuleNotFoundError: No module named 'no_such_module'",
    "bug": "the monitor raised NameError: name 'Upp' is not defined",
    "ours": "no library",
    "interpreter": "its interpreter is missing (#!/no/such/perl)",
    "segfault": "ended by signal 11 (SIGSEGV)",
    "command": "no_such_command",
    "options": "is neither a port number nor the name of a TCP service",
    "nowhere": "no monitor 'nowhere.monitor'",
    "forbidden": "monitor 'forbidden.monitor' cannot be run",
}
ACTOR = "lvs.alert -P tcp -V 10.0.0.{n}:80 -R 10.1.0.{n}:80 -W 1 -F g -X {way}"


def acting(number: int) -> str:
    """The lines of a period: people are told, a real server is taken out and put back, a site's own actor is called."""
    return "\n".join(
        (
            "alert rec.alert",
            "alert exit=1-125 own.alert",
            f"alert {ACTOR.format(n=number, way='down')}",
            "upalert rec.alert",
            f"upalert {ACTOR.format(n=number, way='up')}",
        )
    )


@pytest.mark.parametrize("inprocess", ["yes", "no"])
async def test_a_bad_deploy_empties_no_pool(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, inprocess: str) -> None:
    monkeypatch.setenv("PYMON_IPVS", "memory")
    calls = daemon.directory / "calls"
    calls.mkdir()
    told_of = "$MON_SERVICE $MON_CHECK $MON_OPSTATUS $MON_RETVAL $line"
    daemon.program("rec.alert", f'#!/bin/sh\nread -r line\necho "{told_of}" >> {calls}/r\n')
    daemon.program("own.alert", f'#!/bin/sh\necho "$MON_SERVICE" >> {calls}/own\n')
    for name, text in DEPLOYED.items():
        daemon.program(f"{name}.monitor", text)
    daemon.program("forbidden.monitor", "#!/bin/sh\nexit 0\n").chmod(0)
    daemon.program("down.monitor", "#!/bin/sh\necho h1\nexit 1\n")
    monitors = {name: f"{name}.monitor" for name in TOLD} | {"options": "http.monitor -p notaport"}
    services = [
        service(name, monitor, interval="1s", period=acting(number))
        for number, (name, monitor) in enumerate({**monitors, "down": "down.monitor"}.items(), 1)
    ]
    daemon.configure(f"inprocess = {inprocess}\nserversocket = {daemon.directory}/socket\n{watch('web', *services)}")
    await daemon.start()
    for name in TOLD:
        await daemon.says(f"broken check of web {name} ")
    await daemon.says("failure for web down ")
    for name in TOLD:
        await daemon.wait(partial(is_refused, name))
    status = await asyncio.to_thread(statuses, daemon)
    assert {name: (each.opstatus, each.check) for name, each in status.items()} == {
        **dict.fromkeys(TOLD, (OpStatus.FAIL, "broken")),
        "down": (OpStatus.FAIL, "failed"),
    }
    assert await daemon.stop() == 0
    told = [line.split(" ", 4) for line in (calls / "r").read_text().splitlines()]
    for name, words in TOLD.items():
        check, opstatus, retval, summary = next(each[1:] for each in told if each[0] == name)
        assert (check, opstatus) == ("broken", "0")
        assert int(retval) >= 126
        assert summary.startswith("broken: ")
        assert words in summary
    assert next(each for each in told if each[0] == "down")[1:] == ["failed", "0", "1", "h1"]
    assert set((calls / "own").read_text().split()) == {"down"}
    said = [line["message"] for line in daemon.lines if "lvs.alert" in line["message"]]
    done = [text for text in said if "calling" not in text and "not done:" not in text and " done in " not in text]
    assert done, "the real failure was acted upon"
    assert all("web/down" in text for text in done)


@pytest.mark.peer
async def test_what_mons_own_clients_make_of_it(daemon: Daemon) -> None:
    """W-broken: to them it is a failure like any other, with a summary that says what it is."""
    moncmd, monshow = (str(require_peer(name)) for name in ("moncmd", "monshow"))
    daemon.program("x.monitor", "#!/bin/sh\nno_such_command\n")
    daemon.configure(watch("web", service("x", "x.monitor", period="alert rec.alert")))
    await daemon.start()
    await daemon.says("broken check of web x ")
    host, port = re.findall(r"^server(?:bind|port) = (\S+)$", daemon.config.read_text(), re.MULTILINE)
    asks = (
        f"use Mon::Client; my $c = Mon::Client->new(host => '{host}', port => {port}); $c->connect; "
        "my %o = $c->list_opstatus; my $s = $o{web}{x}; print qq($s->{opstatus} $s->{check} $s->{last_summary}\\n); "
        "my %f = $c->list_failures; print exists $f{web}{x} ? qq(fails\\n) : qq(well\\n);"
    )
    assert (await output_of("perl", "-e", asks)).startswith("0 broken broken: ")
    assert "\nfails\n" in await output_of("perl", "-e", asks)
    assert "opstatus=0" in await output_of(moncmd, "-s", host, "-p", port, "list", "failures")
    shown = await output_of(monshow, "--server", host, "--port", port, "--full")
    assert re.search(r"web +x +FAIL .*broken: ", shown), shown
    ours = await output_of(sys.executable, "-m", "pymon.client.monshow.main", "--server", host, "--port", port)
    assert re.search(r"web +x +BROKEN .*broken: ", ours), ours
    assert await daemon.stop() == 0


async def output_of(*command: str) -> str:
    """What a program prints."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()


async def test_what_a_deploy_has_broken_and_the_next_one_mends(daemon: Daemon) -> None:
    """The recovery is told to those who were told, and puts in nothing that nobody took out."""
    calls = daemon.recorder()
    period = "alertevery 1h\nalert rec.alert\nupalert rec.alert\nalert lvs.alert {0}\nupalert lvs.alert {0}"
    words = "-V 10.0.0.1:80 -R 10.1.0.1:80"
    daemon.program("x.monitor", "#!/bin/sh\nno_such_command\n")
    daemon.configure(watch("web", service("x", "x.monitor", period=period.format(words))))
    await daemon.start()
    await daemon.says("broken check of web x ")
    await daemon.says("not done: the check itself is broken: ")
    daemon.program("x.monitor", "#!/bin/sh\nexit 0\n")
    await daemon.says("not done: it was the check itself that was broken")
    await daemon.wait(lambda _: len(list(calls.glob(".*.done"))) == 2)
    assert await daemon.stop() == 0
    texts = [path.read_text() for path in calls.glob(".*.done")]
    assert sum("broken: " in text for text in texts) == 2


async def test_a_restart_keeps_it(daemon: Daemon) -> None:
    """Over the record: the broken outage goes on, and the failed one that waits."""
    calls = daemon.recorder()
    mode = daemon.directory / "mode"
    mode.write_text("1")
    daemon.program("x.monitor", f"#!/bin/sh\necho said\nexit $(cat {mode})\n")
    period = "alertevery 1h\nalert rec.alert\nupalert rec.alert"
    daemon.configure(watch("web", service("x", "x.monitor", period=period)))
    await daemon.start()
    await daemon.says("failure for web x ")
    mode.write_text("127")
    await daemon.says("broken check of web x ")
    assert await daemon.stop() == 0
    seen = len([line for line in daemon.lines if "broken check of" in line["message"]])
    await daemon.start()
    await daemon.says("broken check of web x ", count=seen + 1)
    failed = len([line for line in daemon.lines if "failure for web x" in line["message"]])
    mode.write_text("1")
    await daemon.says("failure for web x ", count=failed + 1)
    mode.write_text("0")
    await daemon.says("calling upalert rec.alert")
    assert await daemon.stop() == 0
    assert len(list(calls.glob(".*.done"))) == 3, "one of each outage, and one upalert"


def is_refused(service: str, line: Line) -> bool:
    """Whether it tells that lvs.alert did nothing for the service, since its check is broken."""
    return line.get("service") == service and "not done: the check itself is broken: " in line["message"]


def statuses(daemon: Daemon) -> dict[str, ServiceStatus]:
    with Client(path=str(daemon.directory / "socket")) as client:
        return {each.service: each for each in client.list_opstatus()}
