"""Files that grow by a line (mon's history file, the downtime log), written by a thread of its own.

A disk that is slow or full must not hold up a check, so the engine hands lines over and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
from concurrent.futures import Future
from pathlib import Path

log = logging.getLogger("pymon.engine")


WAIT = 2.0
"""seconds that anybody waits for a disk that hangs"""


class Appender:
    """Appends lines to files in the order given; a file that cannot be written is reported once until it can."""

    def __init__(self) -> None:
        """The thread starts with the first line."""
        self._lines: queue.SimpleQueue[tuple[Path, str] | Future[None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._failing: set[Path] = set()
        self._handed_over = self._finished = 0

    def append(self, path: Path, text: str) -> None:
        """Append text (with its newline) to a file, soon; surrogates are written as the bytes they stand for."""
        self._handed_over += 1
        self._lines.put((path, text))
        if self._thread is None:
            thread = threading.Thread(target=self._write_all, name="pymon-appender", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has none left: the next line brings another attempt
                log.error("lines for %s wait: %s", path, error)
            else:
                self._thread = thread

    async def written(self) -> None:
        """Return when all lines so far are in their files, or were reported as lost, or the disk takes too long."""
        if self._handed_over == self._finished or self._thread is None:
            return
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # who stops waiting for it does not cancel it
        self._lines.put(done)
        await asyncio.wait([asyncio.wrap_future(done)], timeout=WAIT)

    def close(self, timeout: float = 5.0) -> None:
        """Write what is left, for ``timeout`` seconds at most."""
        if self._thread is None and not self._lines.empty():  # the system had none left
            self._lines.put(None)
            self._write_all()
        if self._thread is not None:
            self._lines.put(None)
            self._thread.join(timeout)
            self._thread = None

    def _write_all(self) -> None:
        while (item := self._lines.get()) is not None:
            if isinstance(item, Future):
                item.set_result(None)
                continue
            path, text = item
            try:
                with open(path, "a", encoding="utf-8", errors="surrogateescape", opener=_open_private) as file:
                    file.write(text)
            except (OSError, ValueError) as error:  # ValueError: a path, or text, that no file can have
                if path not in self._failing:
                    self._failing.add(path)
                    reason = error.strerror if isinstance(error, OSError) else error
                    log.error("cannot write %s: %s; lines for it are lost until it can", path, reason)
            else:
                if path in self._failing:
                    self._failing.discard(path)
                    log.warning("%s can be written again", path)
            self._finished += 1


def _open_private(path: str, flags: int) -> int:
    """A new file is for its owner and group: what mon.cf says stands in it."""
    return os.open(path, flags, 0o640)
