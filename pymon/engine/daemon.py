"""The process around an engine: signals, pid file, start and stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pymon.clock import SystemClock
from pymon.config.loader import Loaded
from pymon.contract.environ import own_environ
from pymon.engine.attachments import Attach, Attachments
from pymon.engine.engine import Engine
from pymon.engine.pidfile import LOOK_EVERY, PidFile, claimed
from pymon.engine.requests.configuration import report
from pymon.engine.requests.configuration_reader import Load
from pymon.errors import PymonError
from pymon.model.request import SavedKind
from pymon.process.system_limits import raise_descriptor_limit
from pymon.scarcity.symptoms import shortage_in
from pymon.store.store import Store, record_path

log = logging.getLogger("pymon")

EXIT_WAIT = 5.0
"""seconds between the end of the watch and that of the process, if threads of plugins go on"""


async def watch(
    load: Load,
    *,
    pidfile: Path | None = None,
    stopped: bool = False,
    loadstate: tuple[SavedKind, ...] = (),
    first: Loaded | None = None,
    attach: Sequence[Attach] = (),
    on_start: Callable[[Engine], None] | None = None,
    on_stop: Callable[[], None] | None = None,
) -> None:
    """Watch the site that ``load`` gives until SIGTERM or SIGINT; SIGHUP reads it again.

    ``load`` raises PymonError at the start if the configuration cannot be used; later it is then refused with
    its problems in the log, and the one in force goes on. ``first`` is what it gave just now, if it was called
    already. ``loadstate`` are mon's state files to load at the start. ``attach`` make what works next to the engine
    (``pymon.engine.attachments``). ``on_start`` is given the running engine; ``on_stop`` is called when all is done.
    """
    signals = _Signals()
    signals.handle()  # before there is a pid file, by which others send them
    with claimed(pidfile) as held:
        looking = None if held is None else asyncio.create_task(_look_after(held), name="pid file")
        try:
            loaded = first or load()
            engine = _engine(loaded, load, stopped=stopped, loadstate=loadstate)
            attachments = Attachments([make(engine) for make in attach])
            await attachments.bind()
            await _begin(engine, attachments, loaded)
            arguments = asyncio.create_task(engine.warn_of_arguments(loaded), name="arguments")  # files may hang
            del loaded, first  # a reload replaces them, and nothing is to keep them
            if on_start is not None:
                on_start(engine)
            await _watch(engine, attachments, signals, arguments)
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


@dataclass(frozen=True, slots=True)
class _Signals:
    """What signals ask for."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)

    def handle(self) -> None:
        """Take note of signals from now on."""
        loop = asyncio.get_running_loop()
        # Whoever started the daemon may have ignored SIGCHLD, and then the kernel tells nobody how a process has
        # ended, or blocked signals; both are inherited.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        loop.add_signal_handler(signal.SIGTERM, self._end, "TERM")
        loop.add_signal_handler(signal.SIGINT, self._end, "INT")
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def _end(self, name: str) -> None:
        if not self.stop.is_set():
            log.info("caught %s signal, exiting", name)
        self.stop.set()


def _engine(loaded: Loaded, load: Load, *, stopped: bool, loadstate: tuple[SavedKind, ...]) -> Engine:
    settings = loaded.site.settings
    report(loaded.problems)
    if loaded.auth is None:
        log.warning("there is no %s: clients may do nothing", settings.authfile)
    clock = SystemClock()
    engine = Engine(
        loaded.site,
        environ=own_environ(),
        stopped=stopped,
        auth=loaded.auth,
        load=load,
        record=Store(record_path(settings.statedir), clock=clock),
        loadstate=loadstate,
        clock=clock,
    )
    # What was built so far lives as long as the daemon: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    return engine


async def _begin(engine: Engine, attachments: Attachments, loaded: Loaded) -> None:
    """Start the engine, and then what is attached to it; if either fails, what has begun ends again."""
    try:
        await engine.start()
    except BaseException:
        await attachments.stop()
        raise
    try:
        await attachments.start()
    except BaseException:
        await attachments.stop()
        await engine.stop()
        raise
    log.info("mon server started: %d services on %d watches", len(loaded.site.services), len(loaded.site.watches))


async def _watch(engine: Engine, attachments: Attachments, signals: _Signals, arguments: asyncio.Task[None]) -> None:
    """Let the engine watch until a signal or a client ends that."""
    reloader = asyncio.create_task(_reload_on(signals.reload, engine), name="reload")
    try:
        await _either(signals.stop, engine.terminated)
    finally:
        reloader.cancel()
        arguments.cancel()
        await attachments.stop()
        by_signal = "by a signal" if signals.stop.is_set() else ""
        await engine.stop("by a client" if engine.terminated.is_set() else by_signal)


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


async def _look_after(pidfile: PidFile) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY)
        pidfile.look_after()


async def _reload_on(reload: asyncio.Event, engine: Engine) -> None:
    while True:
        await reload.wait()
        reload.clear()
        await engine.reload_and_log()
