"""C-DANGER, C-ARGUMENTS: a start says what check says, as warnings, and starts all the same."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.engine.arguments import warn_of_arguments
from pymon.engine.plugin_lookup import find_programs
from tests.addresses import listening

ROOT = Path(__file__).resolve().parents[2]
SITE = f"""\
mondir = {ROOT / "monitors"}
alertdir = {ROOT / "alerts"}

hostgroup g 127.0.0.1

watch g
 service s
  interval 1m
  monitor tcp.monitor -p nosuch
  period wd {{Sun-Sat}}
   alert script.alert -- /bin/sh -c 'echo {{summary}}'
   alert mail.alert kim@example.org
"""


def test_a_start_warns_of_arguments(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """C-ARGUMENTS, C-DANGER."""
    path = tmp_path / "mon.cf"
    path.write_text(SITE)
    loaded = load(path)
    with caplog.at_level(logging.WARNING, logger="pymon"):
        warn_of_arguments(loaded, find_programs(loaded.site), {"PATH": "/bin", "PYMON_SENDMAIL": "/bin/true"})
    told = [record.getMessage().splitlines()[0] for record in caplog.records if record.name == "pymon"]
    assert [text.split(": warning: ")[0] for text in told] == [f"{path}:9:26", f"{path}:11:37"]
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_what_is_in_the_file_is_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A line may hold a password, and the log is read by more people than mon.cf."""
    path = tmp_path / "mon.cf"
    path.write_text(SITE.replace("mail.alert kim@example.org", "trap.alert -P hunter2 -o nope 127.0.0.1"))
    loaded = load(path)
    with caplog.at_level(logging.WARNING, logger="pymon"):
        warn_of_arguments(loaded, find_programs(loaded.site), {})
    assert "trap.alert" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.slow
def test_a_daemon_says_it_at_its_start_and_at_each_reload(tmp_path: Path) -> None:
    """C-DANGER, C-ARGUMENTS: an error of check is no reason not to start."""
    path = tmp_path / "mon.cf"
    path.write_text(f"{listening()}\nstatedir = {tmp_path}\nlogdir = {tmp_path}\n{SITE}")
    command = [sys.executable, "-m", "pymon.cli.main", "run", "-c", str(path), "--authfile", "/dev/null", "--stopped"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        limit = threading.Timer(60, daemon.kill)
        limit.start()
        assert daemon.stderr is not None
        warned = ["tcp.monitor refuses these arguments", "script.alert: what {summary} stands for"]
        try:
            for _ in range(2):
                for text in warned:
                    assert any(text in line for line in daemon.stderr), f"it never said: {text}"
                daemon.send_signal(signal.SIGHUP)
        finally:
            daemon.terminate()
            daemon.communicate()
            limit.cancel()
