"""The files that a configuration is read from, as they were seen: has one changed, is one half-written?

Any beginning of a good mon.cf is a good mon.cf, so what is being written can be told only by its end without a newline,
and by what it becomes. Everything here blocks.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pymon.config.limits import ConfigLimits
from pymon.model.seen import FileSeen

_INCLUDE = re.compile(rb"\b(?:m4_)?s?include\(\s*`?([^`'()\n]+)'?\s*\)")


def observe(path: Path, *, with_includes: bool = False, limits: ConfigLimits | None = None) -> tuple[FileSeen, ...]:
    """A file as it is now; ``with_includes``: also those that m4 would include in it, where it names them plainly."""
    return tuple(_observe(name) for name in (_closure(path, limits or ConfigLimits()) if with_includes else [path]))


def find_changed(files: Iterable[FileSeen]) -> list[str]:
    """The files that are not any more as they were seen."""
    return [each.path for each in files if _observe(Path(each.path)) != each]


def find_unended(files: Iterable[FileSeen]) -> list[str]:
    """The files that end without a newline; an empty one, and one that cannot be read, does."""
    return [each.path for each in files if not each.is_ended]


def find_missing(files: Iterable[FileSeen]) -> list[str]:
    """The files that could not be read: they may be about to be replaced."""
    return [each.path for each in files if each.identity is None and not each.is_ended]


def _observe(path: Path) -> FileSeen:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return FileSeen(str(path), is_ended=True)  # a pipe: what is taken from it is gone
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size:
                file.seek(-1, os.SEEK_END)
            last = file.read(1)
    except OSError:  # it may be about to be replaced
        return FileSeen(str(path))
    return FileSeen(
        str(path), (status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns, last in (b"\n", b"\r")
    )


def _closure(path: Path, limits: ConfigLimits) -> Iterator[Path]:
    waiting, known = [path], {path}
    while waiting:
        here = waiting.pop(0)
        yield here
        for name in _find_included(here, limits.included_bytes):
            if name not in known and len(known) <= limits.included_files:
                known.add(name)
                waiting.append(name)


def _find_included(path: Path, most: int) -> Iterator[Path]:
    """What the first ``most`` bytes of a file include; m4 looks for it in the current directory."""
    try:
        with path.open("rb") as file:
            text = file.read(most)
    except OSError:
        return
    for match in _INCLUDE.finditer(text):
        name = Path(os.fsdecode(match[1].strip()))
        if name.is_file():
            yield name
