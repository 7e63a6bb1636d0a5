"""A new plugin and its test, to begin with: both work as they are, and say in comments what to change."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from pymon.errors import PluginError

KINDS = ("monitor", "alert")

_TEMPLATES = Path(__file__).with_name("templates")
_NAME = re.compile(rf"(?P<stem>[A-Za-z0-9][A-Za-z0-9_.-]*)\.(?P<kind>{'|'.join(KINDS)})")


def write_draft(name: str, directory: Path) -> tuple[Path, Path]:
    """Write the plugin ``name`` (``redis.monitor``, ``pager.alert``) and its test into a directory; gives both paths.

    The directory is made if it is not there. Raises PluginError for a name that is none, for files that exist (nothing
    is written then), and if they cannot be written.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise PluginError(_explain_bad_name(name))
    stem, kind = match["stem"], match["kind"]
    words = {"name": name, "subject": re.sub(r"[_.-]+", " ", stem)}
    plugin, test = directory / name, directory / f"test_{_word(stem)}_{kind}.py"
    try:
        existing = [str(path) for path in (plugin, test) if path.exists()]
        if existing:
            verb = "exists" if len(existing) == 1 else "exist"
            raise PluginError(f"{' and '.join(existing)} {verb} already: nothing was written")
        if directory.exists() and not directory.is_dir():
            raise PluginError(f"cannot write into {directory}: it is no directory")
        directory.mkdir(parents=True, exist_ok=True)
        _write(plugin, Template((_TEMPLATES / f"{kind}.txt").read_text(encoding="utf-8")).substitute(words), 0o755)
        _write(test, Template((_TEMPLATES / f"test_{kind}.txt").read_text(encoding="utf-8")).substitute(words), 0o644)
    except OSError as error:
        raise PluginError(f"cannot write {error.filename}: {error.strerror}") from error
    return plugin, test


def _write(path: Path, text: str, mode: int) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    path.chmod(mode)


def _word(stem: str) -> str:
    """The stem as a part of a Python name."""
    return re.sub(r"\W", "_", stem)


def _explain_bad_name(name: str) -> str:
    """Explain what is wrong with a name, and what would be right."""
    stem = name.rpartition("/")[2]
    if "/" in name:
        return f"{name!r} is a path: give the name alone, and the directory with --dir"
    if not stem.endswith(tuple(f".{kind}" for kind in KINDS)):
        example = re.sub(r"[^\w.-]", "", stem).strip(".-") or "redis"
        return f"{name!r} is neither a monitor nor an alert: call it {example}.monitor or {example}.alert"
    return f"{name!r} is no name of a plugin: it begins with a letter or digit, and has only these and . _ -"
