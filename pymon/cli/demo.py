"""``pymon demo``: a failover to look at, on a machine with nothing set up."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

from pymon.demo.roundtrip import Stage
from pymon.demo.runner import LOG, play
from pymon.demo.screen import best_screen
from pymon.engine.log import TextFormatter
from pymon.errors import PymonError
from pymon.model.log_level import SUPPRESSED, register_levels

LOG_TAIL = 20
"""lines of the log that are shown when the round trip failed"""
COMMONPLACE = ("critical", "suppressed")
"""levels of the lines that each failing check writes; they do not say what went wrong"""


def demo(*, once: bool) -> int:
    """Show two web servers behind a virtual service, one of which dies and comes back.

    Without ``once`` it goes on until Ctrl-C. Returns 1 if the demo cannot run, or if not all of the round trip
    happened (as seen in the IPVS table itself), else 0.
    """
    with tempfile.TemporaryDirectory(prefix="pymon-demo-") as name:
        directory = Path(name)
        _log_to(directory / LOG)
        try:
            trip = asyncio.run(play(once=once, screen=best_screen(), directory=directory, environ=os.environ))
        except PymonError as error:
            print(f"pymon demo: {error}", file=sys.stderr)
            return 1
        if trip.stage is Stage.COMPLETE:
            print(f"pymon demo: {trip.victim} was stopped, left the IPVS table, and was put in again.")
        if not trip.failure:
            return 0
        print(f"pymon demo: {trip.failure}", file=sys.stderr)
        for line in _read_last_lines(directory / LOG):
            print(f"    {line}", file=sys.stderr)
        return 1


def _log_to(file: Path) -> None:
    """Send the log to a file, since the terminal has the picture."""
    register_levels()
    handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(TextFormatter(colour=False))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(SUPPRESSED)
    for noisy in ("apscheduler", "asyncio", "httpx", "httpcore", "pyroute2"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _read_last_lines(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.split()[1:2] not in [[level] for level in COMMONPLACE]][-LOG_TAIL:]
