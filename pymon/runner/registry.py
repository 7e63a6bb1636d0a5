"""Directories and installed packages → plugins by name, the first that has a name winning.

Plugins are looked for in the user's directories, then among what installed packages offer (``pymon.installed``), then
in pymon's own set. One is an executable file, or the object of a package. A file that is Python and imports pymon's
SDK is also imported, once, so that it can run inside the daemon; when that fails it is run as a process, and the reason
is kept for the log. As processes such files, and the objects of packages, run by ``python -m pymon.plugin``, which
tells what breaks before they have come to the SDK from a host that is down.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pymon.contract.plugin import Plugin
from pymon.executable import HEAD, examine, is_sdk_plugin, search
from pymon.installed import Offer, offers
from pymon.plugin_object import plugin_at, plugin_in, reason
from pymon.runner.limits import RunnerLimits
from pymon.share import share_path

log = logging.getLogger("pymon.plugin")

_LIMITS = RunnerLimits()


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
        if self.is_python and sys.executable:
            return sys.executable, "-P", "-m", "pymon.plugin", self.path
        return (self.path,)


class FoundPlugin(NamedTuple):
    """A plugin, whether it counts or not. ``shadowed_by`` is the origin of the one of its name that does, if another.

    ``kind`` tells how it runs: ``in process`` (if mon.cf does not have it otherwise), as a ``program``, or ``not`` at
    all: there is something of a plugin's name, and ``problem`` is why it is passed over.
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
        # any name that mon finds: ``../x.alert``, one that begins with a dot, one that lies too deep
        named = search(name, directories)
        if named.path:
            found[name] = load(name, named.path)
    return found


def everything(
    directories: Sequence[str],
    group: str,
    *,
    suffix: str = "",
    limits: RunnerLimits = _LIMITS,
    on_slow: Callable[[str], None] = lambda _origin: None,
) -> list[FoundPlugin]:
    """All plugins of directories and installed packages, also those hidden by others: by name, what counts first.

    With a ``suffix`` (``.monitor``) also what is called so, and cannot be run. Imports all of them; each import may
    take as long as the limits say, and ``on_slow`` is told of one that takes long. Blocks, as ``scan`` does.
    """
    winners: dict[str, str] = {}
    found = []
    for each in _candidates(directories, group, suffix, limits):
        if each.obstacle:
            found.append(FoundPlugin(each.name, each.path, "not", each.obstacle, "", PluginFile(each.name, each.path)))
            continue
        file, origin = _load_in_time(each, limits, on_slow), each.origin
        winner = winners.setdefault(each.name, origin)
        kind = "program" if file.plugin is None else "in process"
        found.append(FoundPlugin(each.name, origin, kind, file.problem, "" if winner is origin else winner, file))
    return sorted(found, key=lambda each: each.name)


def _load_in_time(candidate: _Candidate, limits: RunnerLimits, on_slow: Callable[[str], None]) -> PluginFile:
    """Load a plugin in a thread; one that takes too long is given up, though it goes on until the program ends."""
    loaded: list[PluginFile] = []

    def work() -> None:
        try:
            loaded.append(candidate.load())
        except KeyboardInterrupt as error:  # the plugin's own: the user's is the main thread's
            loaded.append(PluginFile(candidate.name, candidate.path, is_python=True, problem=reason(error)))

    thread = threading.Thread(target=work, name=f"import of {candidate.name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system has no thread left
        work()
        return loaded[0]
    limit, slow = limits.import_time, limits.import_slow
    thread.join(min(slow, limit))
    if thread.is_alive():
        on_slow(candidate.origin)
        thread.join(max(0.0, limit - slow))
    if loaded:
        return loaded[0]
    problem = f"its import is not done after {limit:g} s; the daemon waits for it"
    return PluginFile(candidate.name, candidate.path, is_python=True, problem=problem, offer=candidate.offer)


class _Candidate(NamedTuple):
    name: str
    path: str
    offer: Offer | None = None
    obstacle: str = ""

    @property
    def origin(self) -> str:
        return self.offer.origin if self.offer else self.path

    def load(self) -> PluginFile:
        return load(self.name, self.path) if self.offer is None else load_offer(self.offer)


def _candidates(
    directories: Sequence[str], group: str, suffix: str = "", limits: RunnerLimits = _LIMITS
) -> Iterator[_Candidate]:
    """All that there is, in the order in which it counts; what cannot be run only with a ``suffix``."""
    own = share_path("monitors"), share_path("alerts")
    has_own = bool(directories) and Path(directories[-1]) in own
    before, after = (directories[:-1], directories[-1:]) if has_own else (directories, ())
    for directory in before:
        yield from _in_directory(directory, suffix, limits.plugin_depth)
    for several in offers(group).values() if group else ():
        for offer in several:
            yield _Candidate(offer.name, offer.name, offer)
    for directory in after:
        yield from _in_directory(directory, suffix, limits.plugin_depth)


def _first_of(candidates: Sequence[_Candidate]) -> PluginFile:
    file = candidates[0].load()
    return replace(file, hides=tuple(each.origin for each in candidates[1:])) if len(candidates) > 1 else file


def load(name: str, path: str) -> PluginFile:
    """One plugin file; never raises."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return PluginFile(name, path, problem=_unreadable(path, error))
    if not is_sdk_plugin(head):
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


def _unreadable(path: str, error: OSError) -> str:
    """What is wrong with a file that can be executed and not be read; nothing, if it has to be a compiled program."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        mode = 0
    if mode & (stat.S_ISUID | stat.S_ISGID):  # which the system heeds for compiled programs only
        return ""
    return f"the file cannot be read ({error.strerror}), and only a compiled program runs so"


def _in_directory(
    directory: str,
    suffix: str,
    depth: int,
    prefix: str = "",
    above: frozenset[tuple[int, int]] = frozenset(),
) -> Iterator[_Candidate]:
    """The programs in a directory and below it, and with a ``suffix`` what is called so and cannot be run.

    ``above`` are the directories that lead here, so that a link to one of them leads nowhere.
    """
    try:
        itself = os.stat(directory)  # noqa: PTH116  # as scandir takes it
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("cannot look for plugins in %s: %s", directory, error.strerror)
        if suffix:
            path = str(Path(directory).absolute())
            yield _Candidate(f"{prefix}*", path, obstacle=f"cannot be looked into: {error.strerror}")
        return
    above |= {(itself.st_dev, itself.st_ino)}
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        name, path = prefix + entry.name, str(Path(entry.path).absolute())
        try:
            found = entry.stat()
        except OSError as error:
            log.warning("passed over %s: %s", path, error.strerror)
            if suffix and name.endswith(suffix):
                yield _Candidate(name, path, obstacle=error.strerror or str(error))
            continue
        if stat.S_ISDIR(found.st_mode):
            if depth > 1 and (found.st_dev, found.st_ino) not in above:
                yield from _in_directory(path, suffix, depth - 1, f"{name}/", above)
        elif stat.S_ISREG(found.st_mode) and os.access(path, os.X_OK):
            yield _Candidate(name, path)
            continue
        if suffix and name.endswith(suffix):
            _, obstacle, advice = examine(path)
            said = f"{obstacle.removeprefix(path).strip()}: {advice}" if advice else obstacle.removeprefix(path).strip()
            yield _Candidate(name, path, obstacle=said or "cannot be run")
