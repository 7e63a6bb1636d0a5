"""A delivery that was due is not lost: the daemon is killed while an alert waits for another attempt."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.errors import RecordError
from pymon.model.depend import ServiceKey
from pymon.store.offline import look_up
from pymon.store.store import FILE
from tests.addresses import IN_A_FOLDER
from tests.engine.conftest import Daemon
from tests.ports import free_port
from tests.programs import write_program
from tests.waiting import until

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


def outcomes(folder: Path) -> list[str]:
    """What the record tells of the alert's attempts and of its loss."""
    try:
        found = look_up(folder / "state" / FILE, WEB)
    except RecordError:
        return []
    return [event.text for event in found.events if event.kind == "outcome"] if found else []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "is_killed"), [*((kind, True) for kind in ALERTS), ("shell", False)])
async def test_a_delivery_that_is_due_outlives_the_daemon(tmp_path: Path, kind: str, is_killed: bool) -> None:
    """A-tempfail: both failures and the delivery are in the record, and it is done once."""
    daemon, out = Daemon(tmp_path), tmp_path / "out"

    async def until_told(part: str) -> None:
        await until(lambda: any(part in text for text in outcomes(tmp_path)), why=daemon.text)

    text, inprocess = ALERTS[kind]
    for name, content in {"try.alert": text, "down.monitor": "#!/bin/sh\necho gone; exit 3\n"}.items():
        write_program(tmp_path / name, content)
    (tmp_path / "auth.cf").touch()
    daemon.config.write_text(CONFIG.format(folder=tmp_path, port=free_port(), inprocess=inprocess))
    try:
        await daemon.start()
        await until_told("tried again in 1s: not now")
        await (daemon.kill() if is_killed else daemon.stop())
        assert not out.exists()
        (tmp_path / "gate").touch()
        await daemon.start()
        await until_told(" done in ")
        await daemon.kill()
        await daemon.start()
        await daemon.says("mon server started", count=3)
        await daemon.stop()
    finally:
        await daemon.kill()
    assert out.read_text() == "web http gone\n"
    told = outcomes(tmp_path)
    assert told[0].startswith(f"try.alert {tmp_path}/gate {tmp_path}/out failed (exit 75) after ")
    assert [text for text in told if "done in" in text] == told[-1:]
    assert "try.alert for web/http (failure) was left undone" in daemon.text()
