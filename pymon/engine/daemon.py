"""The process around an engine: signals, pid file, start and stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pymon.config.loader import Loaded
from pymon.contract.environ import own_environ
from pymon.engine.engine import Engine
from pymon.engine.pidfile import LOOK_EVERY, PidFile, claimed
from pymon.engine.requests.configuration import Load, report
from pymon.errors import PymonError
from pymon.model.request import SavedKind
from pymon.process.system_limits import raise_descriptor_limit
from pymon.scarcity.symptoms import shortage_in
from pymon.store.store import Store, record_path

log = logging.getLogger("pymon")

EXIT_WAIT = 5.0
"""seconds between the end of the watch and that of the process, if threads of plugins go on"""


class Attached(Protocol):
    """Something that works beside an engine as long as it watches, such as the server for its clients."""

    async def bind(self) -> None:
        """Take what it needs, before the engine begins. Raises PymonError if it cannot; the daemon then ends."""

    async def start(self) -> None:
        """Begin, when the engine has begun."""

    async def stop(self) -> None:
        """End, before the engine does."""


async def watch(
    load: Load,
    *,
    pidfile: Path | None = None,
    stopped: bool = False,
    loadstate: tuple[SavedKind, ...] = (),
    first: Loaded | None = None,
    attach: Callable[[Engine], Attached] | None = None,
    on_start: Callable[[Engine], None] | None = None,
    on_stop: Callable[[], None] | None = None,
) -> None:
    """Watch the site that ``load`` gives until SIGTERM or SIGINT; SIGHUP reads it again.

    ``load`` raises PymonError at the start if the configuration cannot be used; later it is then refused with
    its problems in the log, and the one in force goes on. ``first`` is what it gave just now, if it was called
    already. ``loadstate`` are mon's state files to load at the start. ``attach`` makes what works beside the engine.
    ``on_start`` is given the running engine; ``on_stop`` is called when all is done.
    """
    stop, reload = asyncio.Event(), asyncio.Event()
    _handle_signals(stop, reload)  # before there is a pid file, by which others send them
    with claimed(pidfile) as held:
        looking = None if held is None else asyncio.create_task(_look_after(held), name="pid file")
        try:
            await _watch(load, first or load(), stopped, loadstate, attach, on_start, stop, reload)
        except (OSError, RuntimeError) as error:
            if lack := shortage_in(error):
                raise PymonError(f"the system has too little for a daemon ({lack}): see ulimit -a") from error
            raise
        finally:
            if looking is not None:
                looking.cancel()
    log.info("stopped")
    if on_stop is not None:
        on_stop()


async def _watch(
    load: Load,
    loaded: Loaded,
    stopped: bool,
    loadstate: tuple[SavedKind, ...],
    attach: Callable[[Engine], Attached] | None,
    on_start: Callable[[Engine], None] | None,
    stop: asyncio.Event,
    reload: asyncio.Event,
) -> None:
    site = loaded.site
    report(loaded.problems)
    if loaded.auth is None:
        log.warning("there is no %s: clients may do nothing", site.settings.authfile)
    engine = Engine(
        site,
        environ=own_environ(),
        stopped=stopped,
        auth=loaded.auth,
        load=load,
        record=Store(record_path(site.settings.statedir)),
        loadstate=loadstate,
    )
    # What was built so far lives as long as the daemon: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    beside = attach(engine) if attach else None
    if beside is not None:
        await beside.bind()
    await engine.start()
    if beside is not None:
        await beside.start()
    log.info("mon server started: %d services on %d watches", len(site.services), len(site.watches))
    trying = asyncio.create_task(engine.warn_of_arguments(loaded), name="arguments")  # may read files that hang
    del loaded, site  # a reload replaces them, and nothing is to keep them
    if on_start is not None:
        on_start(engine)
    reloader = asyncio.create_task(_reload_on(reload, engine), name="reload")
    try:
        await _either(stop, engine.terminated)
    finally:
        reloader.cancel()
        trying.cancel()
        if beside is not None:
            await beside.stop()
        await engine.stop("by a client" if engine.terminated.is_set() else "by a signal" if stop.is_set() else "")


async def _either(*events: asyncio.Event) -> None:
    """Wait for the first of some events."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()


def prepare_process() -> None:
    """Make the process fit for a daemon, first of all.

    Closed standard descriptors are filled, as many files as allowed may be open, and a SIGHUP that comes before the
    configuration was first read is lost, as it asks for what is being done. Raises PymonError where too few files
    may be open.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _fill_standard_descriptors()
    raise_descriptor_limit()


def _fill_standard_descriptors() -> None:
    """Put /dev/null where standard input, output or error is closed, before something else gets its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest one that is free
        pass
    os.close(descriptor)


def leave_behind_threads() -> None:
    """End the process in EXIT_WAIT seconds, unless it has ended.

    Python waits for each thread, and for what holds a lock of the log, before it ends: a plugin's thread that hangs,
    or a terminal that takes no output, would keep a daemon that has done all it had to do.
    """
    try:
        threading.Thread(target=_leave, name="pymon-leave", daemon=True).start()
    except RuntimeError:  # the system has none left: the main thread does it, wherever it waits by then
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, EXIT_WAIT)


def _leave() -> None:
    time.sleep(EXIT_WAIT)
    names = [thread.name for thread in threading.enumerate() if not thread.daemon]
    log.warning("ended without waiting any longer for threads that go on (%s)", ", ".join(names))
    time.sleep(0.1)  # the log writes it
    os._exit(0)


def _handle_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    # Whoever started the daemon may have ignored SIGCHLD, and then the kernel tells nobody how a process has ended,
    # or blocked signals; both are inherited.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def end(name: str) -> None:
        if not stop.is_set():
            log.info("caught %s signal, exiting", name)
        stop.set()

    loop.add_signal_handler(signal.SIGTERM, end, "TERM")
    loop.add_signal_handler(signal.SIGINT, end, "INT")
    loop.add_signal_handler(signal.SIGHUP, reload.set)


async def _look_after(pidfile: PidFile) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY)
        pidfile.look_after()


async def _reload_on(reload: asyncio.Event, engine: Engine) -> None:
    while True:
        await reload.wait()
        reload.clear()
        await engine.reload_and_tell()
