"""``pymon run``: the daemon in the foreground, with a log that people read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pymon.config.loader import load
from pymon.engine.daemon import leave_behind_threads, prepare_process, watch
from pymon.engine.log import set_up_logging
from pymon.engine.mon_state_sync import parse_kinds
from pymon.runner.event_loop import DaemonLoop
from pymon.server.server import Server


def run(
    file: Path,
    *,
    level: int,
    style: str,
    overrides: Mapping[str, object],
    m4: str | None = None,
    syslog: bool = False,
    stopped: bool = False,
    loadstate: str | None = None,
) -> int:
    """Watch the site of ``file`` until SIGTERM or SIGINT; returns 0. Raises ConfigError if it cannot be used."""
    read = partial(load, file.absolute(), overrides=overrides, m4=m4)
    prepare_process()
    loaded = read()
    settings = loaded.site.settings
    facility = settings.syslog_facility if syslog else None
    listener = set_up_logging(level=level, style=style, syslog_facility=facility)
    pidfile = Path(settings.pidfile) if settings.pidfile else None
    watching = watch(
        read,
        first=loaded,
        pidfile=pidfile,
        stopped=stopped,
        loadstate=parse_kinds(loadstate),
        attach=(Server,),
        on_stop=leave_behind_threads,
    )
    del loaded  # the first reload is to free it
    try:
        with asyncio.Runner(loop_factory=DaemonLoop) as runner:
            runner.run(watching)
    finally:
        listener.stop()
    return 0
