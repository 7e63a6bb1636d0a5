"""Waiting until the machine has a descriptor, thread, process or memory to spare again, and telling that it had none.

That it has none for a moment says nothing of what is watched: a check that failed for it would take healthy servers
out of service, and an alert would be lost.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from pymon.clock import awake
from pymon.runner.shortage import note_lack

log = logging.getLogger("pymon.plugin")

T = TypeVar("T")

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOBUFS, errno.ETXTBSY})
"""errors of the system that pass by themselves (ETXTBSY: a program is just being written)"""

_OF_ANY_CALL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""errors that tell of this machine whatever was called; the last one: no local port, or no address of that family"""

_STARTERS = ("/subprocess.py", "/multiprocessing/popen_fork.py", "/pty.py", "/threading.py")
"""files of Python's that start processes and threads: EAGAIN of theirs means that there is none to be had"""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""seconds between two attempts: twice as long each time"""

THREAD_WAIT = 10.0
"""seconds that a thread waits for what is short"""

_WARNING_INTERVAL = 60.0
"""seconds between two warnings: where one thing is short, thousands may wait for it"""


NO_LONGER: ContextVar[asyncio.Event | None] = ContextVar("pymon_no_longer", default=None)
"""once this is set, nobody waits any more for what is short: the daemon ends, and what is undone is the next one's"""


def is_worth_waiting() -> bool:
    """Whether what is short may still come in time."""
    no_longer = NO_LONGER.get()
    return no_longer is None or not no_longer.is_set()


async def when_possible(make: Callable[[], T], what: str, *, limit: float | None = None) -> T:
    """What ``make`` returns; while it raises one of SHORTAGES, it is called again.

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


def shortage_in(error: BaseException | None) -> str:
    """What this machine lacked, if that is what the error tells, or the one that it came from; else empty.

    An error of the system counts by its number, whatever it came from. EAGAIN tells of a shortage only where a thread
    or process was to be started: to others it means that something has not come yet.
    """
    for _ in range(_LONGEST_CHAIN):
        match error:
            case None:
                return ""
            case MemoryError():
                return "no memory"
            case RuntimeError() if "can't start new thread" in str(error):
                return "no thread to be had"
            case BaseExceptionGroup():
                return next((found for each in error.exceptions if (found := shortage_in(each))), "")
            case socket.gaierror() if error.errno == socket.EAI_MEMORY:
                return "no memory"
            case OSError() if error.errno is not None and not isinstance(error, _NUMBERED_OTHERWISE):
                return _of_system(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ""


_LONGEST_CHAIN = 10
"""errors that one came from, which are looked at"""

_NUMBERED_OTHERWISE = (socket.gaierror, socket.herror, ssl.SSLError)
"""kinds of OSError whose numbers are not the system's"""


def _of_system(error: OSError) -> str:
    number = error.errno or 0
    if number in _OF_ANY_CALL or (number == errno.EAGAIN and _is_of_a_start(error)):
        return os.strerror(number)
    return ""


def _is_of_a_start(error: OSError) -> bool:
    if isinstance(error, NoThread):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and (frames[-1].filename.endswith(_STARTERS) or "fork" in (frames[-1].line or ""))


class NoThread(OSError):
    """The system has no thread to give, or they all hang (EAGAIN)."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EAGAIN, why)


def start_thread(thread: threading.Thread) -> None:
    """Start a thread; raises NoThread where the system has none left."""
    try:
        thread.start()
    except RuntimeError as error:
        raise NoThread(str(error)) from error


def has_descriptors(number: int) -> bool:
    """Whether so many can be had now, and memory for them."""
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
