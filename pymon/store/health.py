"""Looks after the record's file while it is in use: damage in any page of it, and a log that somebody lets grow."""

from __future__ import annotations

import logging
from pathlib import Path

from pymon.lockfile import find_lock_holders
from pymon.store import reading, schema
from pymon.store.schema import NotARecord, Unusable

log = logging.getLogger("pymon.record")

LOG_LIMIT = 16384
"""pages of 4 KiB (64 MiB) of the ``-wal`` that cannot be moved into the file, beyond which that is warned of"""


def find_damage(path: Path) -> str:
    """Read every page of the record; what is wrong, or nothing. Blocks for seconds, beside a daemon that writes."""
    try:
        with reading.opened(path) as connection:
            schema.verify(connection, thoroughly=True)
    except NotARecord as damage:
        return str(damage)
    except Unusable as problem:
        log.debug("%s could not be looked through: %s", path, problem)
    return ""


class LogGrowth:
    """Warns of a ``-wal`` that grows because another process keeps on reading an old state of the record."""

    def __init__(self, path: Path, limit: int = LOG_LIMIT) -> None:
        """``limit``: pages."""
        self._path = path
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
                log.warning("%s-wal can be moved into the file again", self._path)
            return
        if self._is_told:
            return
        self._is_told = True
        readers = find_lock_holders(Path(f"{self._path}-shm"))
        who = f"process {', '.join(map(str, readers))}" if readers else "another process"
        log.warning(
            "%s-wal grows (%d MiB): %s has been reading the record all the time; end that reader, or the disk fills up",
            *(self._path, pages * 4096 >> 20, who),
        )
