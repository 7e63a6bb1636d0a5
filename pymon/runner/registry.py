"""Directories and installed packages → plugins by name, the first that has a name winning.

Plugins are looked for in the user's directories, then among what installed packages offer (``pymon.installed``), then
in pymon's own set. One is an executable file, or the object of a package. A file that is Python and imports pymon's
SDK is also imported, once, so that it can run inside the daemon; when that fails it is run as a process, and the reason
is kept for the log. The object of a package is run as a process by ``python -m pymon.plugin``.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pymon.installed import Offer, offers
from pymon.runner.loading import plugin_at, plugin_in, reason
from pymon.runner.protocol import Plugin
from pymon.share import shared

log = logging.getLogger("pymon.plugin")

MAX_DEPTH = 4
"""how many directories deep below mondir or alertdir a plugin may lie"""

_HEAD = 64 * 1024
"""bytes of a file that are searched for the import of an SDK"""

_SDK_IMPORT = re.compile(rb"^\s*(?:from|import)\s+pymon\.(?:monitor|alert|plugin)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class PluginFile:
    """One plugin. ``name`` is what mon.cf calls it (``sub/dir.monitor`` in a sub-directory).

    ``path`` is what it is called with as argv[0]: its absolute path, of a package's the name. ``plugin`` is its form
    for running inside the daemon, if it has one; ``is_python`` says that it imports pymon, and so has to run under
    pymon's own interpreter. ``problem`` says why ``plugin`` is missing where it should be. ``offer`` is set for one
    of an installed package, and ``source`` then is the file that the plugin was made in. ``hides`` are the origins of
    others of its name, which come after it.
    """

    name: str
    path: str
    plugin: Plugin | None = None
    is_python: bool = False
    problem: str = ""
    offer: Offer | None = None
    source: str = ""
    hides: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where it is from, for people: its path, or the package with the object in it."""
        return self.offer.origin if self.offer else self.path

    @property
    def command(self) -> tuple[str, ...]:
        """What runs it as a process, before its arguments."""
        if self.offer is not None:
            return sys.executable, "-P", "-m", "pymon.plugin", self.offer.target, self.name
        return (sys.executable, self.path) if self.is_python and sys.executable else (self.path,)


class Found(NamedTuple):
    """A plugin, whether it counts or not. ``shadowed_by`` is the origin of the one of its name that does, if another.

    ``kind`` tells how it runs: ``in process`` (if mon.cf does not have it otherwise), or as a ``program``.
    """

    name: str
    origin: str
    kind: str
    problem: str
    shadowed_by: str
    file: PluginFile


def scan(
    directories: Sequence[str], only: Collection[str] | None = None, *, group: str = ""
) -> Mapping[str, PluginFile]:
    """Find the plugins in directories and their sub-directories; import those written against the SDK.

    ``group`` is the entry-point group of installed packages to look in, too (MONITORS, ALERTS; empty: none): those
    come before pymon's own set, if that is the last of the directories. ``only`` limits it to these names (a site's
    own), so that nothing is imported in vain. A directory that does not exist is passed over, since mon.cf's defaults
    name such; one that cannot be read is logged. Importing runs code of the plugins and takes its time: call it
    outside the event loop.
    """
    candidates: dict[str, list[_Candidate]] = {}
    for each in _candidates(directories, group):
        if only is None or each.name in only:
            candidates.setdefault(each.name, []).append(each)
    found = {name: _first_of(several) for name, several in candidates.items()}
    for name in sorted(set(only or ()) - found.keys()):
        named = _named(name, directories)
        if named is not None:
            found[name] = load(name, named)
    return found


def everything(directories: Sequence[str], group: str) -> list[Found]:
    """All plugins of directories and installed packages, also those hidden by others: by name, what counts first.

    Imports all of them; blocks, as ``scan`` does.
    """
    winners: dict[str, str] = {}
    found = []
    for each in _candidates(directories, group):
        file, origin = each.load(), each.origin
        winner = winners.setdefault(each.name, origin)
        kind = "program" if file.plugin is None else "in process"
        found.append(Found(each.name, origin, kind, file.problem, "" if winner is origin else winner, file))
    return sorted(found, key=lambda each: each.name)


class _Candidate(NamedTuple):
    name: str
    path: str
    offer: Offer | None = None

    @property
    def origin(self) -> str:
        return self.offer.origin if self.offer else self.path

    def load(self) -> PluginFile:
        return load(self.name, self.path) if self.offer is None else load_offer(self.offer)


def _candidates(directories: Sequence[str], group: str) -> Iterator[_Candidate]:
    """All that there is, in the order in which it counts."""
    own = shared("monitors"), shared("alerts")
    has_own = bool(directories) and Path(directories[-1]) in own
    before, after = (directories[:-1], directories[-1:]) if has_own else (directories, ())
    for directory in before:
        for name, path in _executables(directory, "", MAX_DEPTH):
            yield _Candidate(name, path)
    for several in offers(group).values() if group else ():
        for offer in several:
            yield _Candidate(offer.name, offer.name, offer)
    for directory in after:
        for name, path in _executables(directory, "", MAX_DEPTH):
            yield _Candidate(name, path)


def _first_of(candidates: Sequence[_Candidate]) -> PluginFile:
    file = candidates[0].load()
    return replace(file, hides=tuple(each.origin for each in candidates[1:])) if len(candidates) > 1 else file


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
        return PluginFile(name, path, plugin_in(path), is_python=True, source=path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        log.warning("%s cannot run inside the daemon: %s", path, reason(error))
        return PluginFile(name, path, is_python=True, problem=reason(error), source=path)


def load_offer(offer: Offer) -> PluginFile:
    """One plugin of an installed package; never raises."""
    try:
        plugin, source = plugin_at(offer.target)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        log.warning("%s of %s cannot run inside the daemon: %s", offer.name, offer.origin, reason(error))
        return PluginFile(offer.name, offer.name, is_python=True, problem=reason(error), offer=offer)
    return PluginFile(offer.name, offer.name, plugin, is_python=True, offer=offer, source=source)


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
