"""The journal of ordered deliveries: what was decided and is not done yet outlives a stop or crash of the daemon.

One small JSON file for each order key, in ``STATEDIR/pending``, replaced atomically, and gone once the delivery
has ended. Writes are not synced: a crash of the machine takes the kernel's tables with it as well, and a file cut
short by one is set aside. All file work is done by a thread of its own, in the order it was asked for, so that
a slow disk holds up neither the event loop nor, for longer than a bounded wait, a delivery.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from pymon.model.delivery import Pending, pending_of

log = logging.getLogger("pymon.alert")

T = TypeVar("T")

_VERSION = 1
_SIZE_LIMIT = 8 << 20
"""bytes of one journal file that are read; a larger one was not written by us"""


class Journal:
    """Keeps at most one delivery for each key. No method blocks or raises; the log tells what failed."""

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet; the folder is made with the first write."""
        self.folder = folder
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_failing = False

    def write(self, pending: Pending) -> asyncio.Future[bool]:
        """Keep a delivery in place of an older one with its key; whether it, or an earlier like it, is on file now."""

        def work() -> bool:
            self._guarded(lambda: _write(self.folder, pending))
            return _stands(_path(self.folder, pending.key))

        return self._do(work)

    def remove(self, key: str) -> asyncio.Future[None]:
        """Forget the delivery of a key."""
        return self._do(lambda: self._guarded(lambda: _path(self.folder, key).unlink(missing_ok=True)))

    def read(self) -> asyncio.Future[list[Pending]]:
        """All deliveries on file, oldest first; a file that is none of ours is set aside as ``NAME.bad``."""
        return self._do(lambda: _read_all(self.folder))

    def flush(self) -> asyncio.Future[None]:
        """Done when all that was asked for before is done: at once, and here, where the system has no thread for it."""
        done = self._do(lambda: None)
        while self._thread is None and not self._work.empty() and (work := self._work.get()) is not None:
            work()
        return done

    def close(self) -> None:
        """Let the thread end once its work is done."""
        if self._thread is not None:
            self._work.put(None)
            self._thread = None

    def _do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        if self._thread is None:
            # A daemon thread: a disk that hangs for ever must not keep the daemon from ending.
            thread = threading.Thread(target=_work_off, args=(self._work,), name="pymon-journal", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has none left: the next work brings another attempt
                log.error("undone alerts are kept later: %s", error)
            else:
                self._thread = thread
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()  # who stops waiting for it does not cancel it

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # handed to whoever waits
                done.set_exception(error)
            else:
                done.set_result(result)

        self._work.put(run)
        return asyncio.wrap_future(done)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do file work; report the first failure of a row, and its end."""
        try:
            work()
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                log.error(
                    "cannot keep undone alerts in %s: %s; they are delivered all the same, "
                    "but those undone at a stop are lost until this is mended",
                    self.folder,
                    error.strerror,
                )
        else:
            if self._is_failing:
                self._is_failing = False
                log.warning("undone alerts are kept in %s again", self.folder)


def _work_off(work: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (item := work.get()) is not None:
        item()


def _path(folder: Path, key: str) -> Path:
    return folder / (hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32] + ".json")


def _stands(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be searched
        return False


def _write(folder: Path, pending: Pending) -> None:
    path = _path(folder, pending.key)
    text = json.dumps({"version": _VERSION} | asdict(pending))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".new")
    try:
        # Arguments and variables can hold passwords: nobody else reads them.
        with open(partial, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        _forget_overtaken(path, pending)
        raise


def _forget_overtaken(path: Path, pending: Pending) -> None:
    """Let no older decision stand where a newer one cannot be kept: the next start would do the opposite of it."""
    with contextlib.suppress(OSError, ValueError):
        older = _read(path)
        if (older.group, older.service, older.event) != (pending.group, pending.service, pending.event):
            path.unlink()


def _read_all(folder: Path) -> list[Pending]:
    found: list[Pending] = []
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".new"})
    except FileNotFoundError:
        return []
    except OSError as error:
        log.error("cannot look for undone alerts in %s: %s", folder, error.strerror)
        return []
    for path in paths:
        try:
            if path.suffix == ".new":
                path.unlink()  # a write that a crash cut short; the file it was to replace still stands
            else:
                found.append(_read(path))
        except OSError as error:
            log.error("cannot read %s, which holds an undone alert: %s", path, error.strerror)
        except ValueError as error:
            _set_aside(path, str(error))
    return sorted(found, key=lambda pending: pending.at)


def _read(path: Path) -> Pending:
    """Read one file; raises ValueError with what is wrong with it."""
    if path.stat().st_size > _SIZE_LIMIT:
        raise ValueError("it is too large")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(values, dict) or values.pop("version", None) != _VERSION:
        raise ValueError(f"it is no journal file of version {_VERSION}")
    return pending_of(values)


def _set_aside(path: Path, problem: str) -> None:
    aside = path.with_suffix(".bad")
    try:
        path.replace(aside)
    except OSError as error:
        log.error("%s holds no undone alert that can be read (%s); it stays there: %s", path, problem, error.strerror)
    else:
        log.error(
            "%s holds no undone alert that can be read (%s); set aside as %s: what it asked for is not done",
            *(path, problem, aside),
        )
