"""The daemon as users run it: real processes, real signals, real files."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.engine.conftest import Daemon

pytestmark = pytest.mark.slow

FAILING = "#!/bin/sh\necho web1\necho detail\nexit 1\n"
FINE = "#!/bin/sh\nexit 0\n"


def watch(group: str, *services: str) -> str:
    body = "\n".join(f"    {line}" for service in services for line in service.splitlines())
    return f"hostgroup {group} host1 host2\n\nwatch {group}\n{body}\n\n"


def service(name: str, monitor: str, *keywords: str, interval: str = "1s", period: str = "") -> str:
    head = [f"service {name}", f"    interval {interval}", f"    monitor {monitor}", *(f"    {k}" for k in keywords)]
    return "\n".join([*head, "    period", *(f"        {line}" for line in period.splitlines())])


def is_process(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends while it is read
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_failure_alert_recovery_upalert(daemon: Daemon) -> None:
    calls = daemon.recorder()
    flag = daemon.directory / "well"
    daemon.program("flag.monitor", f'#!/bin/sh\ntest -e {flag} && exit 0\necho "$2 is down"\nexit 3\n')
    period = 'alert rec.alert "to me"\nupalert rec.alert up'
    daemon.configure(watch("web", service("http", "flag.monitor", period=period)))
    await daemon.start()
    await daemon.says("calling alert rec.alert for web/http")
    flag.touch()
    await daemon.says("calling upalert rec.alert for web/http")
    await daemon.says("rec.alert", count=4)
    assert await daemon.stop() == 0
    texts = sorted(path.read_text() for path in calls.glob(".*.done"))
    failures = [text for text in texts if " -u " not in text]
    ups = [text for text in texts if " -u " in text]
    assert failures
    assert len(ups) == 1
    assert failures[0].startswith("-s http -g web -h host1 host2 -t ")
    assert failures[0].endswith(" to me\nhost2 is down\n")
    assert ups[0].endswith(" -u up\nhost2 is down\n")


async def test_interval_is_honoured(daemon: Daemon) -> None:
    """S-interval: mon manages one check in three at interval 1s."""
    daemon.program("fine.monitor", FINE)
    stamps = daemon.directory / "stamps"
    daemon.program("stamp.monitor", f"#!/bin/sh\ndate +%s.%N >>{stamps}\nexit 1\n")
    daemon.configure(watch("web", service("tick", "stamp.monitor", interval="1s")))
    await daemon.start()
    await daemon.says("failure for web tick", count=5)
    await daemon.stop()
    times = [float(line) for line in stamps.read_text().split()]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(1.0, abs=0.2)


async def test_a_hung_monitor_is_stopped_with_its_children(daemon: Daemon) -> None:
    """S-timeout: under mon it would blind its service for ever."""
    pids = daemon.directory / "pids"
    daemon.program("hang.monitor", f"#!/bin/sh\necho $$ >>{pids}\nsleep 600 &\necho $! >>{pids}\necho partial\nwait\n")
    daemon.configure(
        watch(
            "web",
            service("hang", "hang.monitor", "timeout 1s", interval="30s"),
        )
        + "randstart = 1s\n"
    )
    await daemon.start()
    (line,) = await daemon.says("failure for web hang")
    assert "1s" in line["message"]
    await daemon.stop()
    parent, child = map(int, pids.read_text().split()[:2])
    assert not is_process(parent)
    assert not is_process(child)


async def test_stop_ends_monitors_and_lets_alerts_finish(daemon: Daemon) -> None:
    """S-stop: mon leaves its monitors running, and waits for them."""
    pid, done = daemon.directory / "pid", daemon.directory / "done"
    daemon.program("fail.monitor", FAILING)
    daemon.program("hang.monitor", f"#!/bin/sh\necho $$ >{pid}\nexec sleep 600\n")
    daemon.program("slow.alert", f"#!/bin/sh\nsleep 1\ntouch {done}\n")
    daemon.configure(
        "randstart = 1s\n"
        + watch("web", service("hang", "hang.monitor"), service("bad", "fail.monitor", period="alert slow.alert"))
    )
    await daemon.start()
    await daemon.says("calling alert slow.alert")
    assert await daemon.stop() == 0
    assert done.exists(), "an alert under way finishes"
    if pid.exists():
        assert not is_process(int(pid.read_text()))


async def test_reload_keeps_what_did_not_change_and_refuses_what_is_broken(daemon: Daemon) -> None:
    """S-reload: mon ends every monitor, and starts all services anew."""
    daemon.program("fail.monitor", FAILING)
    daemon.program("fine.monitor", FINE)
    daemon.recorder()
    kept = watch("kept", service("bad", "fail.monitor", period="alertevery 1h\nalert rec.alert kept"))
    daemon.configure(kept + watch("gone", service("old", "fail.monitor")))
    await daemon.start()
    await daemon.says("calling alert rec.alert for kept/bad")
    daemon.configure(kept + watch("broken", "service x\n    intervall 1s\n    monitor fine.monitor"))
    daemon.hang_up()
    (refusal,) = await daemon.says("the configuration is refused")
    assert f"{daemon.config}:" in refusal["message"]
    assert "intervall" in refusal["message"]
    await daemon.says(
        "failure for gone old", count=len([1 for line in daemon.lines if "failure for gone old" in line["message"]]) + 1
    )
    daemon.configure(kept + watch("new", service("young", "fail.monitor", period="alert rec.alert young")))
    daemon.hang_up()
    await daemon.says("1 services unchanged, 0 changed, 1 new, 1 gone")
    await daemon.says("calling alert rec.alert for new/young")
    failures = len([1 for line in daemon.lines if "failure for kept bad" in line["message"]])
    await daemon.says("failure for kept bad", count=failures + 1)
    await daemon.stop()
    alerts = [line for line in daemon.lines if "calling alert rec.alert for kept/bad" in line["message"]]
    assert len(alerts) == 1, "alertevery goes on counting over the reload"


async def test_maxprocs_throttles_and_loses_nothing(daemon: Daemon) -> None:
    """S-queue: in mon a service can starve."""
    count, running = daemon.directory / "most", daemon.directory / "running"
    running.mkdir()
    daemon.program(
        "busy.monitor",
        f"#!/bin/sh\n: >{running}/$$\nls {running} | wc -l >>{count}\nsleep 0.3\nrm {running}/$$\nexit 1\n",
    )
    services = [service(f"s{n}", "busy.monitor", interval="10s") for n in range(6)]
    daemon.configure("maxprocs = 2\nrandstart = 1s\n" + watch("web", *services))
    await daemon.start()
    await daemon.says("throttled at 2 processes")
    for n in range(6):
        await daemon.says(f"failure for web s{n}")
    await daemon.says("no check has to wait any more")
    await daemon.stop()
    assert max(map(int, count.read_text().split())) <= 2


async def test_a_missing_monitor_is_a_failure_that_alerts(daemon: Daemon) -> None:
    """E-monitor: mon writes a line in its log each second, and nobody is told."""
    calls = daemon.recorder()
    daemon.configure(watch("web", service("x", "nowhere.monitor -a", period="alert rec.alert\nalertevery 1h")))
    await daemon.start()
    await daemon.says("calling alert rec.alert for web/x")
    await daemon.stop()
    (text,) = [path.read_text() for path in calls.glob(".*.done")]
    assert "no monitor 'nowhere.monitor' in" in text


async def test_a_monitor_that_is_not_executable_fails_with_that_reason(daemon: Daemon) -> None:
    daemon.program("nox.monitor", "#!/bin/sh\nexit 0\n").chmod(0o644)
    calls = daemon.recorder()
    daemon.configure(watch("web", service("x", "nox.monitor", period="alert rec.alert\nalertevery 1h")))
    await daemon.start()
    await daemon.says("calling alert rec.alert for web/x")
    await daemon.stop()
    (text,) = [path.read_text() for path in calls.glob(".*.done")]
    assert re.search(r"monitor 'nox.monitor' cannot be run: \S+/nox.monitor is not executable", text)


async def test_reasons_of_held_back_alerts_are_logged(daemon: Daemon) -> None:
    """R-reasons: mon says nothing."""
    daemon.program("fail.monitor", FAILING)
    daemon.recorder()
    period = "alertevery 10m\nalert rec.alert"
    daemon.configure(watch("web", service("x", "fail.monitor", period=period)))
    await daemon.start()
    (line, *_) = await daemon.wait(lambda line: line["level"] == "suppressed")
    assert "alertevery 10m: last alert" in line["message"]
    assert (line["group"], line["service"]) == ("web", "x")
    await daemon.stop()


async def test_a_broken_configuration_ends_the_start_with_its_problems(daemon: Daemon) -> None:
    daemon.configure("watch web\n    service x\n        intervall 5s\n        monitr fping.monitor\n")
    with pytest.raises(AssertionError, match="the daemon ended"):
        await daemon.start()
    assert "intervall" in daemon.text()
    assert "monitr" in daemon.text()
    assert await daemon.stop() == 2


CRASHERS = {
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "flood": "#!/bin/sh\nyes flooded | head -c 3000000\nexit 1\n",
    "closes": "#!/bin/sh\nexec >&- 2>&-\nexit 1\n",
    "bytes": "#!/bin/sh\nprintf 'caf\\351 \\377\\n'\nexit 1\n",
    "orphans": "#!/bin/sh\n(sleep 600 &)\necho left children\nexit 1\n",
    "noexec": "#!/nonexistent/interpreter\n",
}
BROKEN = {"killed", "noexec"}
"""those of them whose end says nothing of the service"""


async def test_a_crash_of_a_monitor_hurts_its_check_only(daemon: Daemon) -> None:
    """M-output: output is cut at 1 MiB, and read as fast as it comes."""
    for name, text in CRASHERS.items():
        daemon.program(f"{name}.monitor", text)
    daemon.program("well.monitor", "#!/bin/sh\necho still here\nexit 1\n")
    services = [service(name, f"{name}.monitor", interval="2s") for name in CRASHERS]
    daemon.configure(watch("web", *services, service("well", "well.monitor", interval="1s")))
    await daemon.start()
    for name in CRASHERS:
        what = "broken check of" if name in BROKEN else "failure for"
        await daemon.says(f"{what} web {name} ")
    seen = len([1 for line in daemon.lines if "failure for web well" in line["message"]])
    await daemon.says("failure for web well", count=seen + 2)
    assert await daemon.stop() == 0
    assert not [line for line in daemon.lines if line["level"] == "raw"], daemon.text()


INPROCESS = """#!/usr/bin/env python3
import asyncio, os, subprocess, sys, time
from dataclasses import dataclass
from pymon.plugin import Down, Monitor, Outcome, Up, option

@dataclass(frozen=True)
class Options:
    deed: str = option("-d", default="", metavar="DEED", about="what to do")

async def probe(host, options: Options) -> Outcome:
    deed = options.deed
    if deed == "raise":
        raise RuntimeError("on purpose")
    if deed == "exit":
        sys.exit(0)
    if deed == "interrupt":
        raise KeyboardInterrupt
    if deed == "block":
        time.sleep(600)
    if deed == "loop":
        while True:
            pass
    if deed == "hang":
        await asyncio.sleep(600)
    if deed == "flood":
        return Down("flooded", "x" * 3_000_000)
    if deed == "bytes":
        return Down("caf\\udce9 \\x00 \\ud800")
    return Down(f"pid {os.getpid()}")

monitor = Monitor(Options, probe, about="Misbehaves.", look_up=False)

if __name__ == "__main__":
    monitor.main()
"""
DEEDS = ("raise", "exit", "interrupt", "block", "loop", "hang", "flood", "bytes")

BROKEN_DEEDS = {"raise", "exit", "interrupt"}


async def test_a_plugin_in_process_cannot_take_the_daemon_down(daemon: Daemon) -> None:
    calls = daemon.recorder()
    services = []
    for deed in DEEDS:
        daemon.program(f"{deed}.monitor", INPROCESS)  # a file of its own each: misbehaving banishes the file
        keywords = ("timeout 3s",)
        services.append(service(deed, f"{deed}.monitor -d {deed}", *keywords, interval="2s", period="alert rec.alert"))
    daemon.program("well.monitor", INPROCESS)
    daemon.configure(watch("web", *services, service("well", "well.monitor", interval="1s", period="alert rec.alert")))
    await daemon.start()
    for deed in DEEDS:
        what = "broken check of" if deed in BROKEN_DEEDS else "failure for"
        await daemon.says(f"{what} web {deed} ", seconds=60)
    seen = len([1 for line in daemon.lines if "failure for web well" in line["message"]])
    await daemon.says("failure for web well", count=seen + 2)
    assert await daemon.stop() == 0
    assert [line for line in daemon.lines if "failure for web well" in line["message"]]
    inside = [line for line in daemon.lines if line["message"].startswith("checked web/well")]
    assert inside, "it was checked"
    texts = [path.read_text(errors="surrogateescape") for path in calls.glob(".*.done")]
    assert any("RuntimeError: on purpose" in text for text in texts)
    assert any("block.monitor" in line["message"] and "runs as a process" in line["message"] for line in daemon.lines)
    assert any("loop.monitor" in line["message"] and "runs as a process" in line["message"] for line in daemon.lines)


async def test_inprocess_can_be_switched_off(daemon: Daemon) -> None:
    """``inprocess = no`` for all, ``inprocess yes`` for one service."""
    daemon.program("pid.monitor", INPROCESS)
    inside = service("inside", "pid.monitor", "inprocess yes", "allow_empty_group")
    daemon.configure("inprocess = no\n" + watch("web", inside, service("outside", "pid.monitor")))
    calls = daemon.recorder()
    text = daemon.config.read_text().replace("    period\n", "    period\n        alert rec.alert\n")
    daemon.config.write_text(text)
    await daemon.start()
    await daemon.says("calling alert rec.alert for web/inside")
    await daemon.says("calling alert rec.alert for web/outside")
    await daemon.stop()
    texts = [path.read_text() for path in calls.glob(".*.done")]
    pids = {text.split()[1]: f"pid {daemon.pid}" in text for text in texts}
    assert pids == {"inside": True, "outside": False}


ORDERED = """#!/usr/bin/env python3
import os
from dataclasses import dataclass
from pathlib import Path
from pymon.plugin import Alert, AlertOutcome, Done, Event, TryAgain, option

@dataclass(frozen=True)
class Options:
    wanted: str = option("-X", default="up", metavar="WANTED", about="what to do")

async def deliver(event: Event, options: Options) -> AlertOutcome:
    place = Path(__file__).parent.parent
    if not (place / "open").exists():
        return TryAgain("the table is closed")
    with (place / "table").open("a") as table:
        table.write(options.wanted + "\\n")
    return Done()

plugin = Alert(Options, deliver, about="Changes a table.", order_by=lambda event, options: "one")

if __name__ == "__main__":
    plugin.main()
"""


@pytest.mark.parametrize("how", ["term", "kill"])
async def test_a_change_that_was_decided_outlives_the_daemon(tmp_path: Path, how: str) -> None:
    """A-journal: what could not be done is done by the next daemon, and undone when the service turns out well."""
    first = Daemon(tmp_path)
    first.program("table.alert", ORDERED)
    flag = first.directory / "well"
    first.program("flag.monitor", f"#!/bin/sh\ntest -e {flag}\n")
    period = "alert table.alert -X down\nupalert table.alert -X up"
    first.configure(watch("web", service("http", "flag.monitor", period=period)))
    await first.start()
    await first.says("table.alert for web/http (failure) is tried again")
    if how == "term":
        assert await first.stop() == 0
    else:
        await first.kill()
    (first.directory / "open").touch()
    flag.touch()
    second = Daemon(tmp_path)
    try:
        await second.start()
        await second.says("calling upalert table.alert for web/http")
        assert await second.stop() == 0
    finally:
        await second.kill()
    assert (first.directory / "table").read_text().split() == ["down", "up"]
    assert not (first.directory / "state" / "pending").exists()


async def test_e_noauth_a_daemon_without_an_auth_file_watches(daemon: Daemon) -> None:
    """E-noauth: mon does not start."""
    daemon.program("fine.monitor", FINE)
    daemon.configure(f"cfbasedir = {daemon.directory}\n" + watch("web", service("x", "fine.monitor")))
    await daemon.start()
    await daemon.says(f"there is no {daemon.directory}/auth.cf: clients may do nothing")
    assert await daemon.stop() == 0
