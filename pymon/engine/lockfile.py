"""A file with the number of the daemon that holds a lock on it.

It may lie where others can write: what has its name may be a link, or a file of somebody else's, or it may be removed
while a daemon holds it. None of these is written to or followed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path

PAUSE = 0.05
"""seconds between two attempts to get a lock"""
_NUMBER_SIZE = 32
"""bytes of a lock file that are read"""


class HeldByAnother(Exception):
    """Another process holds the lock. The text is its number, or ``unknown``."""


class NotALockFile(Exception):
    """What has the name is something else. The text says what."""


def lock_file(path: Path, mode: int, *, wait: float = 0.0) -> int:
    """Lock the file, which is made with ``mode`` if there is none, and write this process's number into it.

    Returns its descriptor: closing that ends the lock. ``wait``: seconds to wait for another process's end. Raises
    HeldByAnother, NotALockFile, or OSError.
    """
    end = time.monotonic() + wait
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    while True:
        descriptor = _open(path, flags, mode)
        try:
            _lock(descriptor, end)
            if is_at(path, descriptor):  # if not, its holder was just removing it
                _write_number(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still has the path: somebody may have removed or replaced it."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def is_locked(descriptor: int, end: float) -> bool:
    """Lock an open file or directory; False if another process has it until ``end`` (monotonic seconds).

    Raises OSError where the file system has no such locks.
    """
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE)
        else:
            return True


def _open(path: Path, flags: int, mode: int) -> int:
    try:
        return os.open(path, flags, mode)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise NotALockFile("it is a symbolic link") from error
        raise


def _lock(descriptor: int, end: float) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise NotALockFile("it is no regular file")
    if found.st_nlink > 1:
        raise NotALockFile("it has further names (hard links)")
    if not _is_number(_content(descriptor)):
        raise NotALockFile("it holds something else than the number of a process")
    if not is_locked(descriptor, end):
        raise HeldByAnother(_content(descriptor) or "unknown")


def _content(descriptor: int) -> str:
    return os.pread(descriptor, _NUMBER_SIZE + 1, 0).decode("ascii", "replace").strip("\0 \t\n")


def _is_number(content: str) -> bool:
    """Whether a daemon may have written it: a number, or nothing yet."""
    return not content or (content.isdigit() and len(content) <= _NUMBER_SIZE)


def _write_number(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # the number is for people; a full disk is met elsewhere
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
