"""A delivery that was due is not lost: the daemon is killed while an alert waits for another attempt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pymon.errors import RecordError
from pymon.model.depend import ServiceKey
from pymon.store.offline import StoredService, look_up
from pymon.store.store import FILE
from tests.addresses import IN_A_FOLDER
from tests.ports import free_port
from tests.programs import write_program
from tests.waiting import wait_until

WEB = ServiceKey("web", "http")

CONFIG = (
    IN_A_FOLDER
    + """
mondir = {folder}
alertdir = {folder}

hostgroup web web1

watch web
    service http
        interval 1s
        inprocess {inprocess}
        monitor down.monitor
        period
            alert try.alert {folder}/gate {folder}/out
            alertevery 1h
"""
)

SHELL = """#!/bin/sh
while [ $# -gt 2 ]; do shift; done
[ -e "$1" ] || { echo "not now"; exit 75; }
echo "$MON_GROUP $MON_SERVICE $(head -n 1)" >> "$2"
"""
SDK = '''#!/usr/bin/env python3
"""Tries."""
import os
from dataclasses import dataclass
from pymon.plugin import Alert, AlertOutcome, Done, Event, TryAgain, words

@dataclass(frozen=True)
class Options:
    files: tuple[str, ...] = words("file", about="gate and output")

def deliver(event: Event, options: Options) -> AlertOutcome:
    gate, out = options.files
    if not os.path.exists(gate):
        return TryAgain("not now")
    with open(out, "a") as file:
        file.write(f"{event.group} {event.service} {event.summary}\\n")
    return Done()

alert = Alert(Options, deliver)

if __name__ == "__main__":
    alert.main()
'''
ALERTS = {"shell": (SHELL, "yes"), "sdk inside": (SDK, "yes"), "sdk as process": (SDK, "no")}


class Daemon:
    """One daemon after the other, on one statedir."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "pymon.cli.main", "run", "-c", str(self.folder / "mon.cf")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log)

    def end(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)
            self._process.wait(20)
            self._process = None

    def record(self) -> StoredService | None:
        try:
            return look_up(self.folder / "state" / FILE, WEB)
        except RecordError:
            return None

    def outcomes(self) -> list[str]:
        """What the record tells of the alert's attempts and of its loss."""
        found = self.record()
        return [event.text for event in found.events if event.kind == "outcome"] if found else []

    def until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition, why=lambda: f"{self.log.read_text()}\n{self.outcomes()}")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "end"), [*((kind, signal.SIGKILL) for kind in ALERTS), ("shell", signal.SIGTERM)])
def test_a_delivery_that_is_due_outlives_the_daemon(tmp_path: Path, kind: str, end: signal.Signals) -> None:
    """A-tempfail: both failures and the delivery are in the record, and it is done once."""
    text, inprocess = ALERTS[kind]
    for name, content in {"try.alert": text, "down.monitor": "#!/bin/sh\necho gone; exit 3\n"}.items():
        write_program(tmp_path / name, content)
    (tmp_path / "state").mkdir()
    (tmp_path / "auth.cf").touch()
    (tmp_path / "mon.cf").write_text(CONFIG.format(folder=tmp_path, port=free_port(), inprocess=inprocess))
    out, daemon = tmp_path / "out", Daemon(tmp_path)
    try:
        daemon.start()
        daemon.until(lambda: any("tried again in 1s: not now" in text for text in daemon.outcomes()))
        daemon.end(end)
        assert not out.exists()
        (tmp_path / "gate").touch()
        daemon.start()
        daemon.until(lambda: any(" done in " in text for text in daemon.outcomes()))
        daemon.end(signal.SIGKILL)
        daemon.start()
        daemon.until(lambda: daemon.log.read_text().count("mon server started") == 3)
        daemon.end(signal.SIGTERM)
    finally:
        daemon.end(signal.SIGKILL)
    assert out.read_text() == "web http gone\n"
    told = daemon.outcomes()
    assert told[0].startswith(f"try.alert {tmp_path}/gate {tmp_path}/out failed (exit 75) after ")
    assert [text for text in told if "done in" in text] == told[-1:]
    assert "try.alert for web/http (failure) was left undone" in daemon.log.read_text()
