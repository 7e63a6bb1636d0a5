"""The pid file: it tells who the daemon is, and keeps a second one from watching the same site.

Two would send each alert twice, and undo each other's changes of the IPVS table. (mon is kept from it by its port.)
The file may be removed while the daemon runs, by somebody who cleans up. So the daemon holds a name as well that cannot
be removed: an abstract Unix socket named after the file's place. It also looks after the file, and writes it again.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymon.errors import PymonError
from pymon.lockfile import HeldByAnother, NotALockFile, is_at, lock_file
from pymon.text import encode

log = logging.getLogger("pymon")

LOOK_EVERY = 10.0
"""seconds between two looks whether the file is still there"""
_MODE = 0o644
"""of the file: everybody may see who the daemon is"""
_CREDENTIALS = struct.Struct("3i")
"""of a socket's peer: process, user and group (unix(7), SO_PEERCRED)"""


class PidFile:
    """A pid file that is held; ``claimed`` makes it."""

    def __init__(self, path: Path, descriptor: int | None) -> None:
        """``descriptor`` is of the locked file; None if there could be none."""
        self._path = path
        self._descriptor = descriptor
        self._is_lost = False

    def look_after(self) -> None:
        """Write the file again if it was removed, and say so. Blocks for the time of a stat."""
        if self._descriptor is None or is_at(self._path, self._descriptor):
            return
        try:
            descriptor = lock_file(self._path, _MODE)
        except (HeldByAnother, NotALockFile, OSError) as problem:
            if not self._is_lost:
                self._is_lost = True
                log.error("the pid file %s is no longer this daemon's: %s", self._path, _describe(problem))
            return
        log.warning("the pid file %s was removed while the daemon runs: it is written again", self._path)
        os.close(self._descriptor)
        self._descriptor, self._is_lost = descriptor, False

    def remove(self) -> None:
        """Remove the file, if it is still this daemon's."""
        if self._descriptor is None:
            return
        if is_at(self._path, self._descriptor):
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


@contextmanager
def claimed(path: Path | None) -> Iterator[PidFile | None]:
    """Hold a pid file with this process's number in it, and remove it at the end; None: there is none.

    Raises PymonError if a daemon that lives holds it. One that cannot be written is logged, and done without.
    """
    if path is None:
        yield None
        return
    name = _claim_name(path)
    try:
        held = PidFile(path, _lock(path))
        try:
            yield held
        finally:
            held.remove()
    finally:
        if name is not None:
            name.close()


def _lock(path: Path) -> int | None:
    try:
        return lock_file(path, _MODE)
    except HeldByAnother as other:
        holder = "(unknown)" if str(other) == "unknown" else other
        raise PymonError(f"another daemon runs already, as process {holder}: it holds {path}") from other
    except NotALockFile as problem:
        log.warning("%s is not used as the pid file: %s; remove it, or name another in pidfile", path, problem)
    except OSError as error:
        log.warning("cannot write the pid file %s: %s", path, error.strerror)
    return None


def _claim_name(path: Path) -> socket.socket | None:
    """Hold the name that stands for the file's place; raises PymonError if a daemon of this user, or root's, has it."""
    try:
        folder = path.parent.stat()
    except OSError:
        return None  # then there will be no pid file either
    address = encode(f"\0pymon pid file {folder.st_dev}:{folder.st_ino}:{path.name}")
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(address[:_ADDRESS_SIZE])
        name.listen(128)
    except OSError as error:
        name.close()
        holder = _holder_of(address[:_ADDRESS_SIZE])
        if holder is not None:
            raise PymonError(f"another daemon runs already, as process {holder}: it holds {path}") from error
        return None
    return name


def _holder_of(address: bytes) -> int | None:
    """The process that has a name; None if it is nobody's, or of a user who cannot be this site's daemon."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(address)
            data = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    process, user, _group = _CREDENTIALS.unpack(data)
    return process if user in (0, os.geteuid()) else None


def _describe(problem: Exception) -> str:
    if isinstance(problem, HeldByAnother):
        return f"process {problem} holds it; two daemons must not watch one site, so end one of them"
    return (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)


_ADDRESS_SIZE = 107
"""bytes of a Unix socket's name (unix(7))"""
