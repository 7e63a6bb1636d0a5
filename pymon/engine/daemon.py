"""The process around an engine: signals, pid file, start and stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from pymon.config.loader import Loaded
from pymon.engine.engine import Engine, load_programs
from pymon.errors import PymonError
from pymon.model.problem import Problem

log = logging.getLogger("pymon")

Load = Callable[[], Loaded]
"""reads the configuration anew; raises PymonError if it cannot be used"""


async def watch(
    load: Load,
    *,
    pidfile: Path | None = None,
    stopped: bool = False,
    on_start: Callable[[Engine], None] | None = None,
) -> None:
    """Watch the site that ``load`` gives until SIGTERM or SIGINT; SIGHUP reads it again.

    ``load`` raises PymonError at the start if the configuration cannot be used; later it is then refused with
    its problems in the log, and the one in force goes on. ``on_start`` is given the running engine.
    """
    loaded = load()
    site = loaded.site
    _report(loaded.problems)
    engine = Engine(site, environ=dict(os.environ), stopped=stopped)
    stop, reload = asyncio.Event(), asyncio.Event()
    _handle_signals(stop, reload)
    _write_pidfile(pidfile)
    # What was built so far lives as long as the daemon: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    await engine.start()
    log.info("mon server started: %d services on %d watches", len(site.services), len(site.watches))
    if on_start is not None:
        on_start(engine)
    reloader = asyncio.create_task(_reload_on(reload, load, engine), name="reload")
    try:
        await stop.wait()
    finally:
        reloader.cancel()
        await engine.stop()
        _remove_pidfile(pidfile)
        log.info("stopped")


def _handle_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("caught %s signal, exiting", name)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, end, "TERM")
    loop.add_signal_handler(signal.SIGINT, end, "INT")
    loop.add_signal_handler(signal.SIGHUP, reload.set)


async def _reload_on(reload: asyncio.Event, load: Load, engine: Engine) -> None:
    while True:
        await reload.wait()
        reload.clear()
        try:
            loaded = await asyncio.to_thread(load)
            programs = await load_programs(loaded.site)
        except PymonError as error:
            log.error("the configuration is refused, the one in force goes on:\n%s", error)
        except Exception:
            log.exception("the configuration could not be read again, the one in force goes on")
        else:
            _report(loaded.problems)
            engine.reload(loaded.site, programs)


def _report(warnings: tuple[Problem, ...]) -> None:
    for problem in warnings:
        log.warning("%s", problem)


def _write_pidfile(pidfile: Path | None) -> None:
    if pidfile is None:
        return
    try:
        pidfile.write_text(f"{os.getpid()}\n")
    except OSError as error:
        log.warning("cannot write the pid file %s: %s", pidfile, error.strerror)


def _remove_pidfile(pidfile: Path | None) -> None:
    """Remove the pid file if it is still ours."""
    if pidfile is None:
        return
    try:
        if pidfile.read_text().strip() == str(os.getpid()):
            pidfile.unlink()
    except OSError as error:
        log.debug("the pid file %s is gone already: %s", pidfile, error.strerror)
