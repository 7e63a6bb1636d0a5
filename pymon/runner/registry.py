"""Directories → plugins by name, the first directory that has a name winning.

A plugin is an executable file. One that is Python and imports pymon's SDK is also imported, once, so that it can run
inside the daemon; when that fails it is run as a process, and the reason is kept for the log.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from pymon.errors import PluginError
from pymon.runner.protocol import Plugin

log = logging.getLogger("pymon.plugin")

MAX_DEPTH = 4
"""how many directories deep below mondir or alertdir a plugin may lie"""

_HEAD = 64 * 1024
"""bytes of a file that are searched for the import of an SDK"""

_SDK_IMPORT = re.compile(rb"^\s*(?:from|import)\s+pymon\.(?:monitor|alert|plugin)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class PluginFile:
    """One plugin. ``name`` is what mon.cf calls it (``sub/dir.monitor`` in a sub-directory), ``path`` is absolute.

    ``plugin`` is its form for running inside the daemon, if it has one; ``is_python`` says that it imports pymon,
    and so has to run under pymon's own interpreter. ``problem`` says why ``plugin`` is missing where it should be.
    """

    name: str
    path: str
    plugin: Plugin | None = None
    is_python: bool = False
    problem: str = ""


def scan(directories: Sequence[str], only: Collection[str] | None = None) -> Mapping[str, PluginFile]:
    """Find the plugins in directories and their sub-directories; import those written against the SDK.

    ``only`` limits it to these names (a site's own), so that nothing is imported in vain. A directory that does not
    exist is passed over, since mon.cf's defaults name such; one that cannot be read is logged. Importing runs code
    of the plugins and takes its time: call it outside the event loop.
    """
    found: dict[str, PluginFile] = {}
    for directory in directories:
        for name, path in _executables(directory, "", MAX_DEPTH):
            if name in found:
                log.debug("%s is hidden by %s", path, found[name].path)
            elif only is None or name in only:
                found[name] = load(name, path)
    for name in sorted(set(only or ()) - found.keys()):
        named = _named(name, directories)
        if named is not None:
            found[name] = load(name, named)
    return found


def _named(name: str, directories: Sequence[str]) -> str | None:
    """What mon finds by any name: ``../x.alert``, one that begins with a dot, one that lies deeper than MAX_DEPTH."""
    if "\0" in name:
        return None
    paths = (Path(f"{directory}/{name}").absolute() for directory in directories)
    return next((str(path) for path in paths if path.is_file() and os.access(path, os.X_OK)), None)


def load(name: str, path: str) -> PluginFile:
    """One plugin file; never raises."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return PluginFile(name, path)  # executable but not readable: fine for a compiled program
    if not (head.startswith(b"#!") and b"python" in head.split(b"\n", 1)[0] and _SDK_IMPORT.search(head)):
        return PluginFile(name, path)
    try:
        return PluginFile(name, path, _imported(path), is_python=True)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        problem = f"{type(error).__name__}: {error}" if not isinstance(error, PluginError) else str(error)
        log.warning("%s cannot run inside the daemon: %s", path, problem)
        return PluginFile(name, path, is_python=True, problem=problem)


def _executables(directory: str, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("cannot look for plugins in %s: %s", directory, error.strerror)
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        path = str(Path(entry.path).absolute())
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            log.warning("passed over %s: %s", path, error.strerror)
            continue
        if stat.S_ISDIR(mode):
            if depth > 1:
                yield from _executables(path, f"{prefix}{entry.name}/", depth - 1)
        elif stat.S_ISREG(mode) and os.access(path, os.X_OK):
            yield prefix + entry.name, path


class _Uncached(SourceFileLoader):
    """Reads the source each time and leaves no ``__pycache__`` in the plugins' directory."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _imported(path: str) -> Plugin:
    name = "pymon_plugin_file_" + re.sub(r"\W", "_", path)
    spec = importlib.util.spec_from_file_location(name, path, loader=_Uncached(name, path))
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return _plugin_of(module)


def _plugin_of(module: ModuleType) -> Plugin:
    found = {id(value): value for value in vars(module).values() if _is_plugin(value)}
    if len(found) != 1:
        raise PluginError(f"a plugin file makes one Monitor or Alert object; this one makes {len(found) or 'none'}")
    plugin: Plugin = next(iter(found.values()))
    return plugin


def _is_plugin(value: object) -> bool:
    return not isinstance(value, type | ModuleType) and isinstance(value, Plugin)
