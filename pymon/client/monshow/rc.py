"""monshow's configuration: ``.monshowrc`` and the views, files of the same form.

set show-disabled | set full | set host H | set port N | set prot 1.2.3 | set refresh SECONDS | set summary-len N
set bg C | set bg-ok C | set bg-fail C | set bg-untested C | set table-color C
set html-header … END
watch GROUP | service GROUP SERVICE
link GROUP SERVICE URL | link-text GROUP SERVICE … END
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pymon.client.monshow.options import MonshowUsageError, protocol_version
from pymon.errors import PymonError

SYSTEM_RC = Path("/etc/mon/monshowrc")
VIEWS = Path("/etc/mon/monshow")
RC_NAME = ".monshowrc"

_Key = tuple[str, str]
"""group and service"""


class RcError(PymonError):
    """A configuration file cannot be used, or a view is not there."""


class Preferences(NamedTuple):
    """The contents of a configuration file; the defaults are mon's.

    Colours are without ``#``. ``refresh`` is in seconds, 0 for never. ``selected`` are groups (their service is
    None) and services to show, all if empty. ``complaints`` are what was passed over, for people.
    """

    show_disabled: bool = False
    full: bool = False
    host: str = ""
    port: int | None = None
    bg: str = "d5d5d5"
    bg_ok: str = "a0d0a0"
    bg_fail: str = "e088b7"
    bg_untested: str = "e0e0e0"
    table_color: str = "cccccc"
    refresh: int = 0
    summary_len: int = 80
    html_header: str = ""
    selected: tuple[tuple[str, str | None], ...] = ()
    links: Mapping[_Key, str] = {}
    link_texts: Mapping[_Key, str] = {}
    complaints: tuple[str, ...] = ()


def view_path(name: str) -> Path:
    """The file of a view; what leads out of the folder of views is removed from the name, as mon's CGI does."""
    return VIEWS / name.replace("..", "").lstrip("./")


def find(rcfile: str | None, view: str | None, home: Path | None) -> Path | None:
    """The configuration file to read, None without one.

    ``rcfile`` as such, else the view, else ``.monshowrc`` in ``home`` (for CGI: the current folder), else the
    system's. Raises RcError if a view is wanted that is not there.
    """
    if rcfile is not None:
        return Path(rcfile) if _is_there(Path(rcfile)) else None
    if view:
        path = view_path(view)
        if not os.path.isfile(path):  # noqa: PTH113  # as in _is_there
            raise RcError("no view found")
        return path
    candidates = [home / RC_NAME, SYSTEM_RC] if home else [SYSTEM_RC]
    return next((path for path in candidates if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    """Whether a file is there to be read; one in a folder that is not ours (HOME after ``sudo``) is not."""
    return os.path.exists(path)  # noqa: PTH110  # pathlib's raises PermissionError


def read(path: Path | None) -> Preferences:
    """Read a configuration file; the defaults if it is None. Raises RcError."""
    if path is None:
        return Preferences()
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise RcError(f"could not open config file {path}: {error.strerror}") from error
    return parse(text)


def parse(text: str) -> Preferences:
    """Read the text of a configuration file. Raises RcError for a line that is nothing it knows, with its number."""
    found: dict[str, Any] = {"links": {}, "link_texts": {}}
    selected: list[tuple[str, str | None]] = []
    complaints: list[str] = []
    lines = iter(enumerate(text.split("\n"), start=1))
    for number, line in lines:
        words = line.split()
        match words:
            case []:
                pass
            case [word, *_] if word.startswith("#"):
                pass
            case ["set", "html-header", *_]:
                found["html_header"] = _block(lines)
            case ["set", name, *values]:
                _set(found, complaints, number, name, values[0] if values else "")
            case ["watch", group, *_]:
                selected.append((group, None))
            case ["service", group, service, *_]:
                selected.append((group, service))
            case ["link", group, service, _, *_]:
                found["links"][group, service] = line.split(None, 3)[3].strip()
            case ["link-text", group, service, *_]:
                found["link_texts"][group, service] = _block(lines)
            case _:
                raise RcError(f"error in config file, line {number}")
    return Preferences(**found, selected=tuple(dict.fromkeys(selected)), complaints=tuple(complaints))


def _block(lines: Iterator[tuple[int, str]]) -> str:
    """The lines up to ``END``, or up to the end of the file."""
    taken = []
    for _, line in lines:
        if line.rstrip() == "END":
            break
        taken.append(line)
    return "\n".join(taken)


def _set(found: dict[str, Any], complaints: list[str], number: int, name: str, value: str) -> None:
    if name in _FLAGS:
        found[_FLAGS[name]] = True
    elif name == "prot":
        try:
            protocol_version(name, value)
        except MonshowUsageError:
            complaints.append(f"set prot: must match 1.2.3 format, line {number}")
    elif name not in _VALUES:
        complaints.append(f"unknown set, line {number}")
    elif not value:
        complaints.append(f"set {name}: value missing, line {number}")
    else:
        field, pattern, least, most = _VALUES[name]
        if not pattern.fullmatch(value) or (most and not least <= int(value) <= most):
            complaints.append(f"set {name}: cannot use {value!r}, line {number}")
        else:
            found[field] = int(value) if most else value


_FLAGS = {"show-disabled": "show_disabled", "full": "full"}
_COLOUR = re.compile(r"[0-9A-Fa-f]{3,8}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_VALUES = {
    "host": ("host", re.compile(r"\S+"), 0, 0),
    "port": ("port", _NUMBER, 1, 65535),
    "bg": ("bg", _COLOUR, 0, 0),
    "bg-ok": ("bg_ok", _COLOUR, 0, 0),
    "bg-fail": ("bg_fail", _COLOUR, 0, 0),
    "bg-untested": ("bg_untested", _COLOUR, 0, 0),
    "table-color": ("table_color", _COLOUR, 0, 0),
    "refresh": ("refresh", _NUMBER, 0, 86400),
    "summary-len": ("summary_len", _NUMBER, 1, 100000),
}
"""word after ``set`` → the field, what a value looks like, and for numbers the least and the most"""
