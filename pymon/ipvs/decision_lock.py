"""Programs that change the same real server at the same time take turns, and the newest decision wins.

Inside the daemon its launcher sees to that. Where each call is a process of its own that nobody orders (under mon
itself), a slow name lookup can make the program that was started first act last: its stale decision would stand. So
each one takes a lock for what it acts upon, bounded in time, and leaves there the time of its decision; one that
comes with an older decision than that stands back. mon tells the time in whole seconds: of two decisions within one,
that of the process which was started later is the newer.
"""

from __future__ import annotations

import functools
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pymon.lockfile import try_lock
from pymon.text import encode

FOLDER = Path("/run/pymon")
LIMIT = 10.0
"""seconds to wait for the turn; then the change is made without it, rather than not at all"""


@contextmanager
def take_turn(key: str, decided: int, *, folder: Path = FOLDER, limit: float = LIMIT) -> Iterator[bool]:
    """Take the turn for ``key``; yields False if a newer decision than ``decided`` (epoch) had its turn.

    If it cannot be taken (no such directory, not ours, the limit reached) it gives True: nothing may keep a change
    from being made. A recorded time that lies in the future is of a clock that was set back, and does not count.
    """
    handle = _open(key, folder)
    if handle is None:
        yield True
        return
    is_ours = False
    try:
        with suppress(OSError):  # a file system without locks
            is_ours = try_lock(handle, time.monotonic() + limit)
        if not is_ours:
            yield True
            return
        newest, started = _read_newest(handle)
        own = _read_own_start()
        if newest <= time.time() + 1 and (decided, own) < (newest, started):
            yield False
            return
        os.pwrite(handle, b"%020d%020d" % (decided, own), 0)
        yield True
    finally:
        os.close(handle)


@contextmanager
def take_turns(keys: Iterable[str], decided: int, *, folder: Path = FOLDER, limit: float = LIMIT) -> Iterator[bool]:
    """Take the turns for several keys at once; False when a newer decision about one of them had its turn."""
    with ExitStack() as stack:
        newest = [stack.enter_context(take_turn(key, decided, folder=folder, limit=limit)) for key in sorted(set(keys))]
        yield all(newest)


def network_namespace() -> str:
    """The network namespace of this process: tables of different ones are different tables."""
    try:
        return str(Path("/proc/self/ns/net").stat().st_ino)
    except OSError:
        return ""


def _open(key: str, folder: Path) -> int | None:
    name = hashlib.sha256(encode(key)).hexdigest()[:32]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            return None
        return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None


def _read_newest(handle: int) -> tuple[int, int]:
    """The time of the newest decision, and when its process was started; 0 if that is not known."""
    text = os.pread(handle, 40, 0)
    if not text.isdigit():
        return 0, 0
    return int(text[:20]), int(text[20:]) if len(text) == len(b"%040d" % 0) else 0


@functools.cache
def _read_own_start() -> int:
    """When this process was started, in ticks since the machine was (proc(5)); 0 if that is not known."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[19])
