"""Finds what a run in process leaves behind: tasks, threads, and changes to what the whole process shares."""

from __future__ import annotations

import asyncio
import locale
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pymon.runner.containment import is_of_a_run

THREAD_WAIT = 0.2
"""seconds that a thread may take to end after the run"""


class Leavings:
    """While entered, on the event loop, watches what one run leaves behind: ``find`` tells, once the run is over."""

    def __init__(self) -> None:
        self._loops_thread = threading.current_thread()
        self._tasks = asyncio.all_tasks()
        self._commons = _read_process_state()
        self._starters: dict[threading.Thread, threading.Thread] = {}
        self._start = threading.Thread.start

    def __enter__(self) -> Leavings:
        start, starters = self._start, self._starters

        def noting(thread: threading.Thread) -> None:
            starters[thread] = threading.current_thread()
            start(thread)

        # so that the threads of others are not blamed on it
        threading.Thread.start = noting  # type: ignore[method-assign,assignment]  # put back at the end
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        threading.Thread.start = self._start  # type: ignore[method-assign]  # as it was

    def find(self) -> list[str]:
        """Find what is new, and describe each in a phrase. Call it before anything else is awaited.

        The daemon cancels tasks that a run leaves behind; in that moment they can still be seen. Threads get
        THREAD_WAIT seconds to end, and those of the event loop's own pool (``asyncio.to_thread``) stay, which is as it
        should be.
        """
        return [*self._left_tasks(), *self._left_threads(), *self._changes()]

    def _left_tasks(self) -> Iterator[str]:
        for task in filter(is_of_a_run, asyncio.all_tasks() - self._tasks):
            coroutine = task.get_coro()
            name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
            yield f"left a task behind: {name} (in the daemon it is cancelled when the run is over)"

    def _left_threads(self) -> Iterator[str]:
        own = [thread for thread in self._starters if self._is_of_the_run(thread)]
        end = time.monotonic() + THREAD_WAIT
        for thread in own:
            thread.join(max(0.0, end - time.monotonic()))
        for thread in own:
            if thread.is_alive():
                yield f"left a thread behind: {thread.name} (nobody can end it; the daemon goes on with it)"

    def _is_of_the_run(self, thread: threading.Thread) -> bool:
        """Whether it was started from the event loop, or by a thread of which that is true."""
        if thread.name.startswith("asyncio_") or thread.ident is None:
            return False
        starter = self._starters.get(thread)
        while starter is not None and starter is not self._loops_thread:
            starter = self._starters.get(starter)
        return starter is not None

    def _changes(self) -> Iterator[str]:
        after = _read_process_state()
        for name, value in self._commons.items():
            if after[name] != value:
                yield f"changed {name}, which is the whole daemon's"


def _read_process_state() -> dict[str, object]:
    """Read the state that the whole process shares and that a plugin could change."""
    return {
        "os.environ": dict(os.environ),
        "sys.argv": list(sys.argv),
        "the working directory": Path.cwd(),
        "the umask": _umask(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "socket.setdefaulttimeout": socket.getdefaulttimeout(),
        "signal handlers": {
            number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        },
    }


def _umask() -> str:
    """Read the umask from /proc, since os.umask can only be read by changing it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    return next((line for line in status.splitlines() if line.startswith("Umask:")), "")
