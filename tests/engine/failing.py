"""An engine on one service that fails, for tests of its parts on a real event loop."""

from __future__ import annotations

from pathlib import Path

from pymon.config.loader import load
from pymon.engine.engine import Engine
from pymon.model.depend import ServiceKey
from tests.programs import write_program

KEY = ServiceKey("web", "x")


def engine(directory: Path, *keywords: str) -> Engine:
    """An engine whose service has these keywords; each check writes to ``calls``."""
    monitor = directory / "x.monitor"
    write_program(monitor, f"#!/bin/sh\necho called >>{directory}/calls\nexit 1\n")
    config = directory / "mon.cf"
    config.write_text(
        f"mondir = {directory}\nstatedir = {directory}\nlogdir = {directory}\n\nhostgroup web host1\n\n"
        "watch web\n    service x\n        " + "\n        ".join(keywords) + "\n"
    )
    return Engine(load(config).site, environ={"PATH": "/usr/bin:/bin"})
