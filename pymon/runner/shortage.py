"""Waiting until the machine has a descriptor, a process or memory to spare again.

That it has none for a moment says nothing of what is watched: a check that failed for it would take healthy servers
out of service, and an alert would be lost.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger("pymon.plugin")

T = TypeVar("T")

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ETXTBSY})
"""errors of the system that pass by themselves (ETXTBSY: a program is just being written)"""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""seconds between two attempts: twice as long each time"""

THREAD_WAIT = 10.0
"""seconds that a thread waits for what is short"""

_WARNING_INTERVAL = 60.0
"""seconds between two warnings: where one thing is short, thousands may wait for it"""


async def when_possible(make: Callable[[], T], what: str, *, limit: float | None = None) -> T:
    """What ``make`` returns; while it raises one of SHORTAGES, it is called again.

    ``what`` says what it does, for the log. ``limit`` is in seconds: after these its error is raised. Other errors
    are raised at once. Without a limit the caller has one of its own.
    """
    began = 0.0 if limit is None else time.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            return make()
        except OSError as error:
            left = None if limit is None else began + limit - time.monotonic()
            if error.errno not in SHORTAGES or (left is not None and left <= 0):
                raise
            _warn(what, error)
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
            if error.errno not in SHORTAGES or left <= 0 or asyncio._get_running_loop() is not None:
                raise
            _warn(what, error)
        time.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_PAUSE)


def start_thread(thread: threading.Thread) -> None:
    """Start a thread; raises OSError (EAGAIN) where the system has none left."""
    try:
        thread.start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, str(error)) from error


def _warn(what: str, error: OSError) -> None:
    now = time.monotonic()
    if now >= _WARNED.get("again", 0.0):
        _WARNED["again"] = now + _WARNING_INTERVAL
        log.warning("cannot %s for now: %s; it waits, as do others that need the same", what, error.strerror)


_WARNED: dict[str, float] = {}
