"""A file with the number of the daemon that holds a lock on it.

It may lie where others can write: its name may be that of a link or of another program's file, or somebody may remove
it while a daemon holds it. pymon neither follows a link nor writes into such a file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

PAUSE = 0.02
"""seconds between two attempts to get a lock"""
_LOCKS = Path("/proc/locks")
_NUMBER_SIZE = 32
"""bytes of a lock file that are read"""


class HeldByAnother(Exception):
    """Another process holds the lock. The text is its number, or ``unknown``."""


class NotALockFile(Exception):
    """What has the name is something else. The text says what."""


def lock_file(path: Path, mode: int, *, wait: float = 0.0) -> int:
    """Lock the file (create it with ``mode`` if it is missing), and write this process's number into it.

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
    """Whether the open file still has the path: it may have been removed or replaced."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def try_lock(descriptor: int, end: float) -> bool:
    """Lock an open file or directory, and say whether it is: not if another process holds it until ``end`` (monotonic).

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


def find_lock_holders(path: Path, locks: Path = _LOCKS) -> list[int]:
    """The processes, but for this one, that hold locks on a file or directory; empty if the kernel does not tell.

    ``locks`` is where it does (proc_locks(5)).
    """
    try:
        file = path.stat()
        lines = locks.read_text().splitlines()
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
        if len(words) >= 8 and words[1] in ("POSIX", "FLOCK") and words[5].rpartition(":")[2] == str(inode):
            yield int(words[4]), words[5].rpartition(":")[0]


def _lock(descriptor: int, end: float) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise NotALockFile("it is no regular file")
    if found.st_nlink > 1:
        raise NotALockFile("it has further names (hard links)")
    if not _is_number(_content(descriptor)):
        raise NotALockFile("it holds something else than the number of a process")
    if not try_lock(descriptor, end):
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
