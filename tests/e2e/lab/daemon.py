"""The daemon on the director: pymon (or whatever takes its place), started as its users start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.lab import netns

WORK_TREE = Path(__file__).resolve().parents[3]
STOP_LIMIT = 120.0
"""Seconds that a daemon may take to end after SIGTERM."""


@dataclass(slots=True)
class DirectorDaemon:
    """A daemon in the director's namespace, with directories and a log of its own under ``home``."""

    home: Path
    argv: Sequence[str]
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it; it is not ready yet when this returns."""
        for folder in (self.logdir, self.statedir):
            folder.mkdir(parents=True, exist_ok=True)
        with netns.inside("director"), self.log.open("ab") as log:
            self._process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home)

    @property
    def running(self) -> bool:
        """Whether the process started last is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        """What it writes to standard error."""
        return self.home / "daemon.log"

    @property
    def logdir(self) -> Path:
        """mon's logdir."""
        return self.home / "log"

    @property
    def statedir(self) -> Path:
        """mon's statedir."""
        return self.home / "state"

    def test_alerts(self) -> list[str]:
        """What test.alert wrote, a line for each alert."""
        log = self.logdir / "test.alert.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of its log, as far as it logs in JSON."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def last_words(self) -> str:
        """The end of its log and what is in its directories, for whoever must find out what went wrong."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else "(none)"
        files = "\n".join(str(path) for path in sorted(self.home.rglob("*")))
        return f"the daemon's log:\n{text[-8000:]}\nits files:\n{files}\n"

    def why(self, group: str, service: str) -> list[str]:
        """What ``pymon why`` tells from its record: a line each."""
        argv = [script("pymon"), "why", "--statedir", str(self.statedir), group, service]
        told = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=netns.COMMAND_LIMIT)
        return told.stdout.splitlines()

    def terminate(self) -> int:
        """Ask it to end (SIGTERM), and wait for that: its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_LIMIT)

    def kill(self) -> None:
        """Kill it with all that it has started in its process group."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def pymon(home: Path, site_file: Path, level: str = "suppressed") -> DirectorDaemon:
    """``pymon run`` on a site, with the plugins of this work tree, logging JSON from a level on."""
    home.mkdir(parents=True, exist_ok=True)
    options = ("--log", "json", "--log-level", level, *_directories(home, "--{}dir"))
    return DirectorDaemon(home, (script("pymon"), "run", "-c", str(site_file), *options))


def pymon_as_mon(home: Path, site_file: Path) -> DirectorDaemon:
    """The drop-in: ``mon`` with mon's own options, in the foreground."""
    home.mkdir(parents=True, exist_ok=True)
    letters = {"mon": "-s", "alert": "-a", "log": "-L", "state": "-D"}
    return DirectorDaemon(home, (script("mon"), "-c", str(site_file), "-P", "", *_directories(home, letters)))


def _directories(home: Path, options: str | dict[str, str]) -> list[str]:
    places = {
        "mon": WORK_TREE / "monitors",
        "alert": WORK_TREE / "alerts",
        "log": home / "log",
        "state": home / "state",
    }
    words: list[str] = []
    for name, place in places.items():
        words += [options.format(name) if isinstance(options, str) else options[name], str(place)]
    return words


def script(name: str) -> str:
    """The path of a command that this environment installs."""
    found = Path(sys.executable).with_name(name)
    if not os.access(found, os.X_OK):
        raise FileNotFoundError(f"{found} is missing: install the work tree into this environment")
    return str(found)
