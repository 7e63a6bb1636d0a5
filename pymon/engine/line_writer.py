"""Files that grow by a line (mon's history file, the downtime log), written by a thread that may wait for the disk.

A disk that is slow or full must not hold up a check, so the engine hands lines over and goes on.
"""

from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from pathlib import Path

from pymon.engine.limits import EngineLimits
from pymon.store.disk_worker import DiskWorker

log = logging.getLogger("pymon.engine")


class LineWriter:
    """Appends lines to files in the order given; a file that cannot be written is reported once until it can."""

    def __init__(self, worker: DiskWorker, limits: EngineLimits) -> None:
        """``worker`` does the work, and may have other work to do."""
        self._limits = limits
        self._worker = worker
        self._failing: set[Path] = set()
        self._handed_over = self._finished = 0

    def append(self, path: Path, text: str) -> None:
        """Append text (with its newline) to a file, soon; surrogates are written as the bytes they stand for."""
        self._handed_over += 1
        self._worker.put(partial(self._write, path, text))

    async def written(self) -> None:
        """Return when all lines so far are in their files, or were reported as lost, or the disk takes too long."""
        if self._handed_over != self._finished:
            await asyncio.wait([self._worker.submit(_nothing)], timeout=self._limits.written_wait)

    def close(self) -> None:
        """Write what is left, for a few seconds at most."""
        self._worker.finish(self._limits.files_at_stop)

    def _write(self, path: Path, text: str) -> None:
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


def _nothing() -> None:
    """What is done when all before it is done."""


def _open_private(path: str, flags: int) -> int:
    """A new file is for its owner and group: what mon.cf says stands in it."""
    return os.open(path, flags, 0o640)
