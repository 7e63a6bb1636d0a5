"""Which file this pymon keeps its record in, where an older and a newer one take turns. Blocking.

A newer pymon's record is not touched, and not even opened: its version stands in the header of the file. This pymon
then keeps a record of its own, next to it, under a name with the version of its tables: ``pymon.v3.db``. The newer
pymon finds its own record as it left it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from pymon.store.schema import APPLICATION_ID, VERSION

_HEADER = struct.Struct(">16s44xi4xI28x")
"""SQLite's: its name, user_version, application_id"""
_NAME = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """``path`` is the file to use.

    ``newer`` is the version of the tables of the record that it stands next to; 0 if it is the record itself.
    ``is_outdated``: the newer pymon has run since this file was written, so what it says of services is history.
    """

    path: Path
    newer: int = 0
    is_outdated: bool = False


def find_own_file(path: Path) -> OwnFile:
    """The file for the record ``path``."""
    found = _version(path)
    if found <= VERSION:
        return OwnFile(path)
    own = path.with_name(f"{path.stem}.v{VERSION}{path.suffix}")
    return OwnFile(own, found, is_outdated=own.exists() and _written(own) < _written(path))


def find_later_files(path: Path) -> list[Path]:
    """Records that another version has kept next to this one, after this one was written last."""
    others = path.parent.glob(f"{path.stem}.v*{path.suffix}")
    written = _written(path)
    return sorted(each for each in others if _written(each) > written)


def _version(path: Path) -> int:
    """The version of a record's tables; 0 if there is no record that can be read.

    Not to be asked while this process has the record open: POSIX drops the locks of a file with its first close.
    """
    try:
        with path.open("rb") as file:
            name, version, application = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error):
        return 0
    return version if (name, application) == (_NAME, APPLICATION_ID) else 0


def _written(path: Path) -> float:
    """When a record was written last, by its files; 0 if there is none."""
    times = [0.0]
    for each in (path, path.with_name(f"{path.name}-wal")):
        try:
            times.append(each.stat().st_mtime)
        except OSError:
            continue
    return max(times)
