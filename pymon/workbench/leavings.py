"""What a run in process leaves behind: tasks, threads, and changes to what the process has only one of."""

from __future__ import annotations

import asyncio
import locale
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

THREAD_WAIT = 0.2
"""seconds that a thread may take to end after the run"""


class Before(NamedTuple):
    """What there was before a run."""

    tasks: Collection[asyncio.Task[object]]
    threads: Collection[threading.Thread]
    commons: Mapping[str, object]


def look() -> Before:
    """Note what there is, from within the event loop."""
    return Before(asyncio.all_tasks(), threading.enumerate(), _commons())


def left_behind(before: Before) -> list[str]:
    """What is there now and was not before, a phrase for each. Call it before anything else is awaited.

    The daemon cancels tasks that a run leaves behind; in that moment they can still be seen. Threads get THREAD_WAIT
    seconds to end, and those of the event loop's own pool (``asyncio.to_thread``) stay, which is as it should be.
    """
    return [*_tasks(before), *_threads(before), *_changes(before)]


def _tasks(before: Before) -> Iterator[str]:
    for task in asyncio.all_tasks() - set(before.tasks):
        coroutine = task.get_coro()
        name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        yield f"left a task behind: {name} (in the daemon it is cancelled when the run is over)"


def _threads(before: Before) -> Iterator[str]:
    new = [
        each for each in threading.enumerate() if each not in before.threads and not each.name.startswith("asyncio_")
    ]
    end = time.monotonic() + THREAD_WAIT
    for thread in new:
        thread.join(max(0.0, end - time.monotonic()))
    for thread in new:
        if thread.is_alive():
            yield f"left a thread behind: {thread.name} (nobody can end it; the daemon goes on with it)"


def _changes(before: Before) -> Iterator[str]:
    after = _commons()
    for name, value in before.commons.items():
        if after[name] != value:
            yield f"changed {name}, which is the whole daemon's"


def _commons() -> dict[str, object]:
    """What a process has only one of, and a plugin could change."""
    return {
        "os.environ": dict(os.environ),
        "sys.argv": list(sys.argv),
        "the working directory": Path.cwd(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "socket.setdefaulttimeout": socket.getdefaulttimeout(),
        "signal handlers": {
            number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        },
    }
