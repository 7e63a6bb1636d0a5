"""Finds what a run in process still holds when it is over: processes, sockets, files.

The daemon has no way to know whose they are, so they stay until the daemon ends.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from pymon.runner.containment import CURRENT

PATIENCE = 0.2
"""seconds in which what the run gave up may end by itself, such as a connection that is being closed"""

_PROCESS = Path("/proc/self")
_ZOMBIE = "Z"


class Holding(NamedTuple):
    """Something that a run kept. ``kind`` is process, socket or file; ``what`` tells of it in a phrase."""

    kind: str
    what: str


class Holdings:
    """While entered, watches what one run on this event loop takes of the system: call ``find`` once it is over.

    Sockets are those that the run's own code made: a test may have its server in the same process. Processes that
    others made by ``subprocess`` are not the run's either. Of files it is only known that they are new.
    """

    def __init__(self) -> None:
        self._children = frozenset(_children())
        self._files = frozenset(_files())
        self._made: list[weakref.ref[socket.socket]] = []
        self._others: set[int] = set()
        self._init = socket.socket.__init__
        self._start = subprocess.Popen.__init__

    def __enter__(self) -> Holdings:
        init, made = self._init, self._made

        def noting(connection: socket.socket, *arguments: Any, **options: Any) -> None:
            init(connection, *arguments, **options)
            if CURRENT.get() is not None:
                made.append(weakref.ref(connection))

        start, others = self._start, self._others

        def noting_process(process: subprocess.Popen[Any], *arguments: Any, **options: Any) -> None:
            start(process, *arguments, **options)
            if CURRENT.get() is None:
                others.add(process.pid)

        # put back at the end
        socket.socket.__init__ = noting  # type: ignore[method-assign,assignment]
        subprocess.Popen.__init__ = noting_process  # type: ignore[method-assign,assignment]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        socket.socket.__init__ = self._init  # type: ignore[method-assign]  # as it was
        subprocess.Popen.__init__ = self._start  # type: ignore[method-assign]  # as it was

    async def find(self) -> list[Holding]:
        """Find what is new, after PATIENCE seconds at most. Await it while this context is entered."""
        end = time.monotonic() + PATIENCE
        while (found := list(self._now())) and time.monotonic() < end:
            gc.collect()  # what nobody can reach any more is closed sooner or later
            await asyncio.sleep(0.02)
        return found

    def _now(self) -> Iterator[Holding]:
        for pid in _children() - self._children - self._others:
            yield Holding("process", f"left a process behind: {_name(pid)} (nobody ends it but itself)")
        for made in self._made:
            connection = made()
            if connection is not None and connection.fileno() >= 0:
                yield Holding("socket", f"left a socket open{_describe_peer(connection)}")
        for path in {path for _, path in _files() - self._files}:
            yield Holding("file", f"left a file open: {path}")


def _children() -> set[int]:
    """The processes that this one has started and that have not ended."""
    lists = list(_PROCESS.glob("task/*/children"))
    found = {pid for each in lists for pid in _numbers(each)} if lists else _all_processes()
    own = str(os.getpid())
    statuses = {pid: _status(pid) for pid in found}
    return {pid for pid, (state, parent) in statuses.items() if parent == own and state != _ZOMBIE}


def _numbers(file: Path) -> list[int]:
    try:
        return [int(word) for word in file.read_text().split()]
    except OSError:
        return []  # the thread has ended


def _all_processes() -> set[int]:
    """For kernels that do not list the children of a process (CONFIG_PROC_CHILDREN)."""
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}


def _status(pid: int) -> tuple[str, str]:
    """A process' state, a letter as in proc(5), and the number of its parent; nothing when it is no more."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
    except OSError:
        return "", ""
    return words[0], words[1]


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


def _describe_peer(connection: socket.socket) -> str:
    try:
        peer = connection.getpeername()
    except OSError:
        return ""
    return f", to {peer[0]} port {peer[1]}" if isinstance(peer, tuple) else f", to {peer}" if peer else ""
