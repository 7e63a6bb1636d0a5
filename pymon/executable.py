"""Names in directories → programs, as mon finds them: the first executable file of a name, or why none can be used."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

HEAD = 64 * 1024
"""bytes of a file that are searched for the import of pymon's SDK"""

_SDK_IMPORT = re.compile(rb"^\s*(?:from|import)\s+pymon\.(?:monitor|alert|plugin)\b", re.MULTILINE)
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})


class Search(NamedTuple):
    """The result of a search for a program: its ``path``, or the ``obstacle`` to using a file that has its name.

    ``advice`` says what may help against the obstacle. All three are empty if no file has the name.
    """

    path: str = ""
    obstacle: str = ""
    advice: str = ""


def search(name: str, directories: Iterable[str]) -> Search:
    """Look for a monitor or alert; directories may stand before its name. Never raises."""
    first = Search()
    if not name or "\0" in name:
        return first
    for directory in directories:
        path = f"{directory}/{name}"  # as mon puts it together: an absolute name is under the directory, too
        found = examine(path)
        if found.path:
            return found
        first = first if first.obstacle else found
    return first


def examine(path: str) -> Search:
    """Whether there is a program at a path. Never raises."""
    path = str(Path(path).absolute())
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # of many directories, some of which must not be searched
    except OSError as error:
        return Search() if error.errno in _ABSENT else Search("", f"{path}: {error.strerror}")
    if stat.S_ISDIR(mode):
        return Search("", f"{path} is a directory")
    if not stat.S_ISREG(mode):
        return Search("", f"{path} is no file")
    if not os.access(path, os.X_OK):
        return Search("", f"{path} is not executable", f"chmod +x {path}")
    return Search(path)


def find_read_error(directory: str) -> OSError | None:
    """Return why a directory cannot be read; None if it can. Never raises."""
    error = find_absence(directory)
    if error is None:
        try:
            with os.scandir(directory):
                os.stat(f"{directory}/.")  # noqa: PTH116  # entries can be read, and nothing more, where this fails
        except OSError as refused:
            return refused
    return error


def find_absence(directory: str) -> OSError | None:
    """Return why a directory does not exist, or cannot be seen; None if it exists. Never raises."""
    try:
        mode = os.stat(directory).st_mode  # noqa: PTH116  # as above
    except OSError as error:
        return error
    return None if stat.S_ISDIR(mode) else NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def is_sdk_plugin(head: bytes) -> bool:
    """Whether a file that begins so is Python, and written against pymon's SDK."""
    return head.startswith(b"#!") and b"python" in head.split(b"\n", 1)[0] and _SDK_IMPORT.search(head) is not None


def uses_sdk(path: str) -> bool:
    """The same of a file; False of one that cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            return is_sdk_plugin(file.read(HEAD))
    except OSError:
        return False
