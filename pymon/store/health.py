"""Looks after the record's file while it is in use, next to the thread that writes it.

What was written is synced, damage in any page is found, and a log that somebody lets grow is told of. A disk may take
seconds for that; no write waits for it, and so no alert does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from pymon.lockfile import find_lock_holders
from pymon.store import reading, schema
from pymon.store.schema import NotARecord, Unusable

log = logging.getLogger("pymon.record")

LOG_LIMIT = 16384
"""pages of 4 KiB (64 MiB) of the ``-wal`` that cannot be moved into the file, beyond which that is warned of"""


def find_damage(path: Path) -> str:
    """Read every page of the record; what is wrong, or nothing. Blocks for seconds; the daemon goes on writing."""
    try:
        with reading.opened(path) as connection:
            schema.verify(connection, thoroughly=True)
    except NotARecord as damage:
        return str(damage)
    except Unusable as problem:
        log.debug("%s could not be looked through: %s", path, problem)
    return ""


def checkpoint(path: Path, identity: tuple[int, int]) -> tuple[int, int] | None:
    """Sync the log of the record, and move what is in it into the file, unless that is another by now. Blocks.

    The pages of the log, and those of them that are in the file now (those that a reader needs stay). None: it could
    not be done, which the next write meets too, and reports.
    """
    try:
        if find_identity(path) != identity:
            return None
        with contextlib.closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=rw", uri=True)) as connection:
            _, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as problem:
        log.debug("%s: %s", path, problem)
        return None
    return pages, moved


def find_identity(path: Path) -> tuple[int, int] | None:
    """Which file is at a path; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class LogGrowth:
    """Warns of a ``-wal`` that grows because another process keeps on reading an old state of the record."""

    def __init__(self, path: Path, limit: int = LOG_LIMIT) -> None:
        """``limit``: pages."""
        self.path = path
        self._limit = limit
        self._is_told = False
        self._pages = 0

    def look(self, pages: int, moved: int) -> None:
        """The log has so many ``pages``, of which so many could be ``moved`` into the file."""
        # Readers of whom there is always one keep the log from beginning again, though all of it was moved.
        goes_on = 2 * self._limit <= pages > self._pages
        self._pages = pages
        if pages - moved < self._limit and not goes_on:
            if self._is_told:
                self._is_told = False
                log.warning("%s-wal can be moved into the file again", self.path)
            return
        if self._is_told:
            return
        self._is_told = True
        readers = find_lock_holders(Path(f"{self.path}-shm"))
        who = f"process {', '.join(map(str, readers))}" if readers else "another process"
        log.warning(
            "%s-wal grows (%d MiB): %s has been reading the record all the time; end that reader, or the disk fills up",
            *(self.path, pages * 4096 >> 20, who),
        )
