"""One daemon keeps a record: the claim to it, which is two locks.

The lock of the directory cannot be removed by anybody. A file system that has none for directories (NFS) leaves the
lock of the file ``pymon.db.lock``, which also tells people who keeps the record. That one can be removed or replaced,
so it is looked at again before each write.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path

from pymon.lockfile import HeldByAnother, NotALockFile, find_lock_holders, is_at, lock_file, try_lock
from pymon.store.schema import Unusable

log = logging.getLogger("pymon.record")

LOCK_WAIT = 1.0
"""seconds to wait for another daemon's end before it counts as a second one"""


class Claim:
    """The claim to the record ``path``; to be used by one thread."""

    def __init__(self, path: Path) -> None:
        """Nothing is touched yet."""
        self._path = path.with_name(f"{path.name}.lock")
        self._directory: int | None = None
        self._file: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this daemon has claimed the record."""
        return self._file is not None

    def assert_held(self) -> None:
        """Claim the record, or see that the claim still stands; raises Unusable if another daemon keeps the record."""
        if self._file is not None:
            if is_at(self._path, self._file):
                return
            log.warning("%s was removed or replaced while the daemon runs: it is claimed again", self._path)
            os.close(self._file)
            self._file = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._claim_directory()
            self._file = lock_file(self._path, 0o600, wait=LOCK_WAIT)
        except HeldByAnother as other:
            raise Unusable(f"another daemon keeps it (pid {other})") from other
        except NotALockFile as problem:
            raise Unusable(f"{self._path} is not a lock file of pymon: {problem}; remove it") from problem
        except OSError as error:
            raise Unusable(f"{error.strerror} ({error.filename or self._path})") from error

    def release(self) -> None:
        """Let another daemon have it."""
        for descriptor in (self._file, self._directory):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._directory = None

    def _claim_directory(self) -> None:
        if self._directory is not None:
            return
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            is_mine = try_lock(descriptor, time.monotonic() + LOCK_WAIT)
        except OSError as error:
            log.debug("%s cannot be locked (%s): the lock file has to do", self._path.parent, error.strerror)
            is_mine = True
        if not is_mine:
            os.close(descriptor)
            raise HeldByAnother(self._holder())
        self._directory = descriptor

    def _holder(self) -> str:
        """The number of the process that keeps the record; its lock file may have been removed."""
        number = ""
        with contextlib.suppress(OSError):
            number = self._path.read_text("ascii", "replace")[:32].strip()
        if not number.isdigit():
            number = ", ".join(map(str, find_lock_holders(self._path.parent)))
        return number or "unknown"
