"""The pid file: it tells who the daemon is, and keeps a second one from watching the same site.

Two would send each alert twice, and undo each other's changes of the IPVS table. (mon is kept from it by its port.)
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymon.errors import PymonError

log = logging.getLogger("pymon")


@contextmanager
def claimed(path: Path | None) -> Iterator[None]:
    """Hold a pid file with this process's number in it, and remove it at the end; None: there is none.

    Raises PymonError if a daemon that lives holds it. One that cannot be written is logged, and done without.
    """
    handle = None if path is None else _opened(path)
    if path is None or handle is None:
        yield
        return
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        if _is_same(path, handle):
            path.unlink(missing_ok=True)
        os.close(handle)


def _opened(path: Path) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        log.warning("cannot write the pid file %s: %s", path, error.strerror)
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
        os.close(handle)
        raise PymonError(f"another daemon runs already, as process {holder or '(unknown)'}: it holds {path}") from error
    return handle


def _is_same(path: Path, handle: int) -> bool:
    """Whether the file of that name still is the one that was opened: somebody may have replaced it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False
