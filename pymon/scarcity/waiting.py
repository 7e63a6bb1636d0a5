"""Waits until the machine has a descriptor, thread, process or memory to spare again, and logs that it had none.

Such a shortage says nothing about the watched services: a check that failed because of it would take healthy servers
out of service, and an alert would be lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from pymon.clock import awake
from pymon.scarcity.lack import note_lack
from pymon.scarcity.symptoms import SHORTAGES, NoThread

log = logging.getLogger("pymon.plugin")

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""seconds between two attempts: twice as long each time"""

THREAD_WAIT = 10.0
"""seconds that a thread waits for what is short"""

_WARNING_INTERVAL = 60.0
"""seconds between two warnings: where one thing is short, thousands may wait for it"""


NO_LONGER: ContextVar[asyncio.Event | None] = ContextVar("pymon_no_longer", default=None)
"""once this is set, nothing waits any more for what is short: the daemon ends, and leaves the rest to the next one"""


def is_worth_waiting() -> bool:
    """Whether waiting for a resource still makes sense: the daemon is not about to end."""
    no_longer = NO_LONGER.get()
    return no_longer is None or not no_longer.is_set()


async def retry_until_possible(make: Callable[[], T], what: str, *, limit: float | None = None) -> T:
    """Return what ``make`` returns. While it raises one of SHORTAGES, it is called again.

    ``what`` says what it does, for the log. ``limit`` is in seconds: after these its error is raised. Other errors
    are raised at once. Without a limit the caller has one of its own.
    """
    began = awake()
    pause = FIRST_PAUSE
    while True:
        try:
            return make()
        except OSError as error:
            left = None if limit is None else began + limit - awake()
            if error.errno not in SHORTAGES:
                raise
            _warn(what, error)
            if (left is not None and left <= 0) or not is_worth_waiting():
                raise
        await asyncio.sleep(pause if left is None else min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def wait_in_thread(make: Callable[[], T], what: str, *, limit: float = THREAD_WAIT) -> T:
    """The same for a thread that may block; where an event loop runs, ``make`` is called once."""
    end = time.monotonic() + limit
    pause = FIRST_PAUSE
    while True:
        try:
            return make()
        except OSError as error:
            left = end - time.monotonic()
            if error.errno not in SHORTAGES:
                raise
            _warn(what, error)
            if left <= 0 or asyncio._get_running_loop() is not None:
                raise
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def start_thread(thread: threading.Thread) -> None:
    """Start a thread; raises NoThread where the system has none left."""
    try:
        thread.start()
    except RuntimeError as error:
        raise NoThread(str(error)) from error


def has_descriptors(number: int) -> bool:
    """Whether the system has so many descriptors now, and memory for them."""
    opened: list[int] = []
    try:
        while len(opened) < number:
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True


def _warn(what: str, error: OSError) -> None:
    note_lack(f"could not {what}: {error.strerror}")
    now = time.monotonic()
    if now >= _WARNED.get("again", 0.0):
        _WARNED["again"] = now + _WARNING_INTERVAL
        log.warning("cannot %s for now: %s; it waits, as do others that need the same", what, error.strerror)


_WARNED: dict[str, float] = {}
