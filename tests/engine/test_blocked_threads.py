"""A monitor whose plain function hangs in its thread, inside a real daemon: nobody waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.errors import RecordError
from pymon.model.depend import ServiceKey
from pymon.store.offline import look_up
from pymon.store.store import FILE
from tests.addresses import IN_A_FOLDER
from tests.ports import free_port
from tests.programs import write_program
from tests.waiting import wait_until

PLUGIN = '''#!/usr/bin/env python3
"""Hangs for some hosts."""
import sys, time
from dataclasses import dataclass
from pymon.plugin import Down, Host, Monitor, Outcome

@dataclass(frozen=True)
class Options:
    pass

def probe(host: Host, options: Options) -> Outcome:
    print("printed of", host.name)
    print("complained of", host.name, file=sys.stderr)
    host.measure("figure", 7)
    if host.name == "stuck":
        open({mark!r}, "a").close()
        time.sleep(600)
    return Down("no")

monitor = Monitor(Options, probe, look_up=False)

if __name__ == "__main__":
    monitor.main()
'''

CONFIG = (
    IN_A_FOLDER
    + """
mondir = {folder}
alertdir = {folder}

hostgroup web web1

hostgroup st stuck

watch web
    service s
        interval 1s
        monitor a.monitor

watch st
    service s
        interval {interval}
        monitor a.monitor -t 500
        timeout 600s
"""
)


@pytest.mark.slow
def test_reload_and_stop_wait_for_no_thread_and_prints_are_the_runs(tmp_path: Path) -> None:
    mark, log = tmp_path / "mark", tmp_path / "log"
    path = tmp_path / "a.monitor"
    write_program(path, PLUGIN.format(mark=str(mark)))
    (tmp_path / "state").mkdir()
    (tmp_path / "auth.cf").touch()
    config, port = tmp_path / "mon.cf", free_port()

    def until(condition: Callable[[], bool]) -> None:
        wait_until(condition, why=log.read_text)

    def output() -> str:
        try:
            found = look_up(tmp_path / "state" / FILE, ServiceKey("web", "s"))
        except RecordError:
            return ""
        return found.state.last_output if found.state else ""

    config.write_text(CONFIG.format(folder=tmp_path, port=port, interval="1s"))
    command = [sys.executable, "-m", "pymon.cli.main", "run", "-c", str(config)]
    with log.open("wb") as stderr, subprocess.Popen(command, stdout=stderr, stderr=stderr) as daemon:
        try:
            until(mark.exists)
            until(lambda: output() == "printed of web1\ncomplained of web1\nweb1\nweb1: no\n")
            mark.unlink()
            config.write_text(CONFIG.format(folder=tmp_path, port=port, interval="2s"))
            daemon.send_signal(signal.SIGHUP)
            until(lambda: "configuration read again: 1 services unchanged, 1 changed" in log.read_text())
            until(mark.exists)  # the changed service is checked anew
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(20) == 0
        finally:
            daemon.kill()
    told = log.read_text()
    assert "printed of stuck" not in told
    assert "printed of" not in "".join(line for line in told.splitlines() if "failure for web s" not in line)
    assert "held up" not in told
    assert "ended without waiting any longer" not in told
