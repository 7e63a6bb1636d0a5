"""Undone alerts as an older pymon kept them: one JSON file for each order key, in ``STATEDIR/pending``.

The record has them all now. What such files hold is taken into it at the first start, in one transaction; then the
files go. So nothing is lost on the way, and a daemon that is killed in between takes them up again. Blocking.
"""

from __future__ import annotations

import contextlib
import json
import logging
import uuid
from collections.abc import Iterable
from pathlib import Path

from pymon.model.delivery import Pending, PendingDelivery, pending_of

log = logging.getLogger("pymon.record")

FOLDER = "pending"
"""their folder, in the record's"""
_VERSION = 1
_SIZE_LIMIT = 8 << 20
"""bytes of one file that are read; a larger one was not written by us"""


def read_pending(folder: Path) -> list[Pending]:
    """The calls of all files, oldest first; a file that holds none is set aside as ``NAME.bad``. Never raises."""
    found = []
    for path in _files(folder):
        try:
            found.append(_read(path))
        except OSError as error:
            log.error("cannot read %s, which holds an undone alert: %s", path, error.strerror)
        except ValueError as error:
            _set_aside(path, str(error))
    return sorted(found, key=lambda pending: pending.at)


def newer_than(known: Iterable[PendingDelivery], found: Iterable[Pending]) -> list[PendingDelivery]:
    """Those of the calls that were found that the record does not know, nor a later one with their key (pure)."""
    latest: dict[str, float] = {}
    for each in known:
        latest[each.pending.key] = max(each.pending.at, latest.get(each.pending.key, 0.0))
    return [
        PendingDelivery(uuid.uuid4().hex, pending)
        for pending in found
        if pending.key not in latest or latest[pending.key] < pending.at
    ]


def remove_pending(folder: Path) -> None:
    """Remove the files, and their folder unless something else is in it."""
    try:
        for path in [*_files(folder), *folder.glob("*.new")]:  # a new one is a write that a crash cut short
            path.unlink(missing_ok=True)
    except OSError as error:
        log.error("cannot remove %s, whose alerts are in the record now: %s", error.filename, error.strerror)
        return
    with contextlib.suppress(OSError):  # what was set aside stays
        folder.rmdir()


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        log.error("cannot look for undone alerts in %s: %s", folder, error.strerror)
        return []


def _read(path: Path) -> Pending:
    """Read one file; raises ValueError with what is wrong with it."""
    if path.stat().st_size > _SIZE_LIMIT:
        raise ValueError("it is too large")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(values, dict) or values.pop("version", None) != _VERSION:
        raise ValueError(f"it has no undone alert of version {_VERSION}")
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
