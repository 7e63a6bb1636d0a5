"""monshow and pymon's own daemon: what only they can do together."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.differential import recording
from tests.differential.daemon import Rig, RiggedDaemon
from tests.ports import free_port
from tests.programs import write_program

_MON_CF = """
hostgroup web 127.0.0.1

watch web
    service http
        interval 1s
        monitor fails.monitor
        period p: wd {Sun-Sat}
            alert rec.alert
            alertevery 1h
"""


@pytest.mark.slow
def test_reasons_come_from_the_record(tmp_path: Path) -> None:
    """W-held: the table says which rule holds an alert back, and with which figures; the page says it, too."""
    rig = Rig(tmp_path / "rig", free_port())
    rig.create()
    fails = rig.folder / "mon.d/fails.monitor"
    write_program(fails, "#!/bin/sh\necho 'refused: <i>'\nexit 1\n")
    (rig.folder / "mon.cf").write_text(rig.settings() + _MON_CF)
    peers = recording.installed()

    def monshow(*words: str) -> str:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pymon.client.monshow.main",
                "--server",
                "127.0.0.1",
                "--port",
                str(rig.port),
                "--rcfile=none",
                *words,
            ],
            env={**os.environ, "HOME": str(tmp_path)},
            capture_output=True,
            timeout=20,
            check=False,
        ).stdout.decode()

    with RiggedDaemon(peers.pymon, rig, peers.environ) as daemon:
        daemon.wait_until(lambda: "" if "held back: " in monshow("--reasons") else "a reason", 30)
        text = monshow("--reasons")
        page = monshow("--html")
        daemon.stop()
    assert re.search(r"^R web +http +FAIL .* refused: <i>\n    held back: .*alertevery 1h", text, re.MULTILINE)
    assert re.search(r"held back: [^<]*alertevery 1h", page)
    assert "refused: &lt;i&gt;" in page
