"""Looks after the record's file while it is in use: damage in any page of it, and a log that somebody lets grow."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from pymon.engine.record import reading, schema
from pymon.engine.record.schema import NotARecord, Unusable

log = logging.getLogger("pymon.record")

LOG_LIMIT = 16384
"""pages of 4 KiB (64 MiB) of the ``-wal`` that cannot be moved into the file, beyond which that is warned of"""
_LOCKS = Path("/proc/locks")


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
        readers = find_readers(Path(f"{self._path}-shm"))
        who = f"process {', '.join(map(str, readers))}" if readers else "another process"
        log.warning(
            "%s-wal grows (%d MiB): %s has been reading the record all the time; end that reader, or the disk fills up",
            *(self._path, pages * 4096 >> 20, who),
        )


def find_readers(path: Path) -> list[int]:
    """The processes, but for this one, that hold locks on a file; empty if the kernel does not tell."""
    try:
        file = path.stat()
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        return []
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
    holders = {each for each in _holders(lines, file.st_ino) if each[0] > 0 and each[0] != os.getpid()}
    return sorted({process for process, where in holders if where == device or _has_open(process, file)})


def _has_open(process: int, file: os.stat_result) -> bool:
    """Whether a process has the file open: another file system may have a file of the same number."""
    try:
        descriptors = list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if os.path.samestat(descriptor.stat(), file):
                return True
    return False


def _holders(lines: Iterable[str], inode: int) -> Iterable[tuple[int, str]]:
    """Processes, and the devices of their files (some file systems tell another than stat does).

    Lines are such as ``1: POSIX  ADVISORY  READ 1234 08:01:5678 128 128`` (proc_locks(5)).
    """
    for line in lines:
        words = line.split()
        if len(words) >= 8 and words[1] == "POSIX" and words[5].rpartition(":")[2] == str(inode):
            yield int(words[4]), words[5].rpartition(":")[0]
