"""What of the system a run in process still holds when it is over: processes, sockets, files.

The daemon has no way to know whose they are, so they stay until the daemon ends.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from pymon.runner.contained import CURRENT

PATIENCE = 0.2
"""seconds in which what the run gave up may end by itself, such as a connection that is being closed"""

_PROCESS = Path("/proc/self")
_ZOMBIE = "Z"


class Holding(NamedTuple):
    """Something that a run kept. ``kind`` is process, socket or file; ``what`` tells of it in a phrase."""

    kind: str
    what: str


class Holdings:
    """While entered, watches what one run on this event loop takes of the system: ``kept`` tells, once it is over.

    Sockets are those that the run's own code made: a test may have its server in the same process. Of processes and
    files it cannot be told who started them, only that they are new.
    """

    def __init__(self) -> None:
        self._children = frozenset(_children())
        self._files = frozenset(_files())
        self._made: list[weakref.ref[socket.socket]] = []
        self._init = socket.socket.__init__

    def __enter__(self) -> Holdings:
        init, made = self._init, self._made

        def noting(connection: socket.socket, *arguments: Any, **options: Any) -> None:
            init(connection, *arguments, **options)
            if CURRENT.get() is not None:
                made.append(weakref.ref(connection))

        socket.socket.__init__ = noting  # type: ignore[method-assign,assignment]  # put back at the end
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        socket.socket.__init__ = self._init  # type: ignore[method-assign]  # as it was

    async def kept(self) -> list[Holding]:
        """What is there now and was not before, after PATIENCE seconds at most."""
        end = time.monotonic() + PATIENCE
        while (found := list(self._now())) and time.monotonic() < end:
            gc.collect()  # what nobody can reach any more is closed sooner or later
            await asyncio.sleep(0.02)
        return found

    def _now(self) -> Iterator[Holding]:
        for pid in _children() - self._children:
            yield Holding("process", f"left a process behind: {_name(pid)} (nobody ends it but itself)")
        for made in self._made:
            connection = made()
            if connection is not None and connection.fileno() >= 0:
                yield Holding("socket", f"left a socket open{_towards(connection)}")
        for path in {path for _, path in _files() - self._files}:
            yield Holding("file", f"left a file open: {path}")


def _children() -> set[int]:
    """The processes that this one has started and that have not ended."""
    found: set[int] = set()
    for thread in _PROCESS.glob("task/*/children"):
        try:
            found.update(map(int, thread.read_text().split()))
        except OSError:
            continue  # the thread has ended
    return {pid for pid in found if _state(pid) not in ("", _ZOMBIE)}


def _state(pid: int) -> str:
    """A letter, as in proc(5); nothing when there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2][:1]
    except OSError:
        return ""


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return str(pid)


def _files() -> set[tuple[str, str]]:
    """Descriptors of files that have a path, and these paths: no sockets, no pipes."""
    found = set()
    for descriptor in _PROCESS.joinpath("fd").iterdir():
        try:
            path = str(descriptor.readlink())
        except OSError:
            continue  # closed meanwhile: one is that of this listing
        if path.startswith("/") and not path.startswith("/proc/"):
            found.add((descriptor.name, path))
    return found


def _towards(connection: socket.socket) -> str:
    try:
        peer = connection.getpeername()
    except OSError:
        return ""
    return f", to {peer[0]} port {peer[1]}" if isinstance(peer, tuple) else f", to {peer}" if peer else ""
