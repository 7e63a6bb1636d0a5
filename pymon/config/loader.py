"""Reading a configuration from the disk: the only module of this room that touches files and starts m4."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lark import Token

from pymon.config.auth import parse_auth
from pymon.config.build import ParsedSite, build
from pymon.config.check import check
from pymon.config.check_arguments import ArgumentLines
from pymon.config.check_lvs import ReadLine, lvs_problems
from pymon.config.check_programs import check_programs
from pymon.config.encoding import Undecodable, decode_lines, guess_encoding
from pymon.config.files import observe
from pymon.config.keyword import CURRENT, Keyword
from pymon.config.keywords import FIRST_WORDS, VARIABLES
from pymon.config.limits import ConfigLimits
from pymon.config.lines import Source
from pymon.config.m4 import M4Failed, run_m4
from pymon.config.parse import parse
from pymon.config.paths import resolve_paths
from pymon.config.report import ProblemReport
from pymon.config.tree import Node
from pymon.config.value_types import DIRECTORY, FILE, PATHS
from pymon.errors import ConfigError
from pymon.executable import Search, find_absence, find_read_error, search
from pymon.installed import ALERTS, MONITORS, Offer, offers
from pymon.model.argument import Verdicts
from pymon.model.auth import AuthRules
from pymon.model.place import Place
from pymon.model.problem import Problem, Severity
from pymon.model.seen import FileSeen
from pymon.model.settings import PluginOrder, Settings
from pymon.model.site import Site
from pymon.share import share_path
from pymon.text import decode, encode


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, the warnings about it in the order of the file, and who may do what.

    ``auth`` is None when there is no auth.cf, or pymon cannot read it. ``arguments`` are the lines that call programs.
    ``files`` are those that it was read from, as they were before that.
    """

    site: Site
    problems: tuple[Problem, ...]
    auth: AuthRules | None = None
    arguments: ArgumentLines | None = field(default=None, repr=False, compare=False)
    files: tuple[FileSeen, ...] = ()

    def argument_problems(self, verdicts: Verdicts) -> tuple[Problem, ...]:
        """The problems that plugins found in their arguments: warnings, since the daemon can run nevertheless."""
        if self.arguments is None:
            return ()
        return tuple(replace(each, severity=Severity.WARNING) for each in self.arguments.problems(verdicts))


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole result of reading a file, with its problems; use ``site`` only if there are no errors."""

    tree: Node
    parsed: ParsedSite
    site: Site
    report: ProblemReport
    auth: AuthRules | None = None

    def arguments(self) -> ArgumentLines:
        """The lines that call programs, for the plugins to be asked about."""
        return ArgumentLines(self.parsed, self.report.source)

    def lvs_problems(self, read_line: ReadLine, names: Collection[str]) -> tuple[Problem, ...]:
        """The problems of the lines of lvs.alert (or of programs with one of these ``names``) with each other."""
        return lvs_problems(self.site, self.report.source, read_line, names)

    def paths(self, programs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Where programs (entry-point group and name) are: path, or a package's origin; without the missing."""
        find = program_finder(self.site.settings)
        found = {(group, name): find(name, group).path for group, name in programs}
        return {program: path for program, path in found.items() if path}


def load(
    path: Path,
    *,
    overrides: Mapping[str, object] | None = None,
    m4: str | None = None,
    limits: ConfigLimits | None = None,
) -> Loaded:
    """Read a configuration; it is checked as a whole, and its paths are made absolute.

    ``overrides`` are values of Settings by their names, as given on the command line: they beat those of the file.
    ``m4`` is the m4 to pass the file through; a file whose name ends in ``.m4`` is passed through ``m4`` anyhow.
    pymon's own monitors and alerts are found after those in mondir and alertdir.

    Blocks while it reads; call it in a thread where that matters. Raises ConfigError with all problems, warnings
    included, if the file cannot be used.
    """
    files = observe(path, with_includes=_m4_of(path, m4) is not None, limits=limits)
    try:
        loaded = _require_usable(read(path, overrides=overrides, m4=m4, limits=limits))
    except ConfigError as error:
        error.files = files
        raise
    return replace(loaded, files=files)


def _require_usable(reading: Reading) -> Loaded:
    """Return the configuration that was read. Raises ConfigError if it has errors."""
    problems = reading.report.problems()
    if reading.report.has_errors:
        raise ConfigError(problems)
    warnings = tuple(replace(each, severity=Severity.WARNING) for each in problems)
    return Loaded(reading.site, warnings, reading.auth, reading.arguments())


def read(
    path: Path,
    *,
    overrides: Mapping[str, object] | None = None,
    m4: str | None = None,
    limits: ConfigLimits | None = None,
) -> Reading:
    """Read a configuration with everything that is wrong with it.

    Raises ConfigError only if there is no text to read: no such file, m4 fails, not UTF-8.
    """
    limits = limits or ConfigLimits()
    source = _read_source(path, m4, limits)
    report = ProblemReport(source, limits)
    with _pause_collector():
        tree = parse(report)
        for code, number, column, facts in source.notices:
            report.add_at(code, Place(source.name, number, column), **facts)
        parsed = build(tree, report)
        settings = complete_settings(parsed.site.settings, overrides or {})
        _check_files(parsed, settings, overrides or {}, report)
        auth, auth_problems = _read_auth(settings.authfile, is_given="authfile" in (overrides or {}))
        report.include(auth_problems)
        if not parsed.site.services and not report.has_errors:
            report.add_at("no-services", Place(source.name, 0))
        check(parsed, report, time.localtime().tm_year)
        check_programs(parsed, report, program_finder(settings), _places(settings))
    return Reading(tree, parsed, replace(parsed.site, settings=settings), report, auth)


@contextmanager
def _pause_collector() -> Iterator[None]:
    """Keep the cyclic collector from walking through a growing site again and again; nothing here makes cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _m4_of(path: Path, m4: str | None) -> str | None:
    """The program that a file is passed through."""
    return m4 or ("m4" if path.suffix == ".m4" else None)


def _read_source(path: Path, m4: str | None, limits: ConfigLimits) -> Source:
    """The text of a file, through m4 if wanted."""
    program = _m4_of(path, m4)
    name = f"{path} (after m4)" if program else str(path)
    try:
        with path.open("rb") as file:
            data = file.read(limits.file_bytes + 1) if program is None else b""
    except OSError as error:
        raise _refusal("unreadable", Place(str(path), 0), reason=f"{path}: {error.strerror}") from error
    if program is not None:
        try:
            data = run_m4(program, path, limits.m4_seconds)
        except M4Failed as error:
            raise _refusal("m4", Place(str(path), 0), reason=error, command=f"{program} {path}") from error
    if len(data) > limits.file_bytes:
        raise _refusal("too-large", Place(name, 0), limit=limits.file_bytes >> 20)
    return _decode_source(name, str(path), data)


def _decode_source(name: str, path: str, data: bytes) -> Source:
    """Decode a file; lines that are not UTF-8 make it unusable, unless they are comments."""
    text, undecodable = decode_lines(data)
    source = Source(name, text, FIRST_WORDS)
    if not undecodable:
        return source
    report = ProblemReport(source)
    encoding = guess_encoding(b"\n".join(line.raw for line in undecodable)) or guess_encoding(data)
    guess = f"; it looks like {encoding[1]}" if encoding else ""
    command = f"iconv -f {encoding[0] if encoding else 'ENCODING'} -t UTF-8 {path} > new.cf"
    for line in undecodable:
        code = "comment-encoding" if line.is_comment else "encoding"
        report.add_at(code, Place(name, line.number, line.column), guess=guess, command=command)
    if report.has_errors:
        codec = encoding[0] if encoding else "utf-8"
        raise ConfigError(tuple(_make_readable(problem, codec) for problem in report.problems()))
    source = Source(name, _make_legible(data, undecodable, encoding[0] if encoding else "utf-8"), FIRST_WORDS)
    for problem in report.problems():
        source.note(problem.code, problem.place.line, problem.place.column, guess=guess, command=command)
    return source


def _make_legible(data: bytes, undecodable: Iterable[Undecodable], codec: str) -> str:
    """The text of a file with the lines that are not UTF-8 as they read in ``codec``, or else with U+FFFD in them."""
    lines = data.split(b"\n")
    for line in undecodable:
        lines[line.number - 1] = line.raw.decode(codec, "replace").encode()
    return b"\n".join(lines).decode()


def _make_readable(problem: Problem, codec: str) -> Problem:
    """A problem whose source line people can read, by the encoding it seems to have; other bytes become U+FFFD."""
    return replace(problem, source=encode(problem.source).decode(codec, "replace"))


def _refusal(code: str, place: Place, **facts: object) -> ConfigError:
    """A file of which there is nothing to read."""
    report = ProblemReport(Source(place.file, ""))
    report.add_at(code, place, **facts)
    return ConfigError(report.problems())


def complete_settings(settings: Settings, overrides: Mapping[str, object]) -> Settings:
    """Apply the command line, make paths absolute, and let pymon's own plugins be found last, or first (plugins)."""
    changes: dict[str, Any] = {
        name: tuple(value.split(":")) if isinstance(value, str) and VARIABLES[name].type is PATHS else value
        for name, value in overrides.items()
    }
    resolved = resolve_paths(replace(settings, **changes), str(Path.cwd()))
    mondir = _add_own(resolved.mondir, str(share_path("monitors")), resolved.plugins)
    alertdir = _add_own(resolved.alertdir, str(share_path("alerts")), resolved.plugins)
    return replace(resolved, mondir=mondir, alertdir=alertdir)


def _add_own(directories: tuple[str, ...], own: str, order: PluginOrder) -> tuple[str, ...]:
    """Directories, and that of pymon's own plugins where it belongs."""
    return tuple(dict.fromkeys((own, *directories) if order is PluginOrder.OWN else (*directories, own)))


def _check_files(
    parsed: ParsedSite, settings: Settings, overrides: Mapping[str, object], report: ProblemReport
) -> None:
    """Reject a file that cannot be read, where mon.cf names one (mon does so too); warn of missing directories."""
    for keyword in VARIABLES.values():
        token = parsed.assignments.get(keyword.name)
        if token is None or keyword.name in overrides:
            continue
        if keyword.type is FILE:
            _check_file(keyword, token, settings, report)
        elif keyword.type in (DIRECTORY, PATHS):
            _check_directories(keyword, token, settings, report)


def _check_file(keyword: Keyword, token: Token, settings: Settings, report: ProblemReport) -> None:
    """Reject a file that cannot be read."""
    path: str = getattr(settings, keyword.name)
    if not (token and os.access(path, os.R_OK)):
        hint = f": relative names are under {keyword.under}" if not token.startswith("/") else ""
        facts = {"keyword": keyword.name, "value": token, "path": path, "hint": hint}
        report.add("unreadable-file", token.line or 0, token.start_pos or 0, **facts)


def load_auth(path: str) -> tuple[AuthRules, tuple[Problem, ...]]:
    """Read auth.cf again: its rules, and what is wrong with it. Raises ConfigError if there is nothing to read."""
    rules, problems = _read_auth(path, is_given=True)
    if rules is None:
        raise ConfigError(problems)
    return rules, problems


def _read_auth(path: str, *, is_given: bool) -> tuple[AuthRules | None, tuple[Problem, ...]]:
    """auth.cf, and what is wrong with it: a line that cannot be read keeps mon from starting, too.

    ``is_given``: the command line names the file, so it must be there. One that mon.cf names and that is not there is
    reported at its line; the usual one need not be there.
    """
    try:
        text = decode(Path(path).read_bytes())
    except OSError as error:
        problems = _refusal("auth-unreadable", Place(path, 0), reason=error.strerror).problems
        return None, problems if is_given else ()
    return parse_auth(text, path)


def _check_directories(keyword: Keyword, token: Token, settings: Settings, report: ProblemReport) -> None:
    """Warn of directories that the file names and that are not there."""
    read = keyword.read(str(token), report.note_of(token))[keyword.name]
    written = read if isinstance(read, tuple) else (read,)
    base = "" if keyword.under == CURRENT else getattr(settings, keyword.under)
    for name in written:
        path = Path(base, name)
        offset = (token.start_pos or 0) + max(0, token.find(name))
        # who checks need not be the one who runs the daemon, which alone has to write into the others
        error = find_read_error(str(path)) if keyword.type is PATHS else find_absence(str(path))
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            hint = (
                ""
                if path.is_absolute() and name.startswith("/")
                else f"relative names are under {base or 'the current one'}"
            )
            report.add("missing-directory", token.line or 0, offset, keyword=keyword.name, path=path, hint=hint)
        elif error is not None:
            reason = error.strerror
            report.add("unreadable-directory", token.line or 0, offset, keyword=keyword.name, path=path, reason=reason)


def program_finder(settings: Settings) -> Callable[[str, str], Search]:
    """Looks for a program, by name and entry-point group, in the directories of a site."""
    finder = PluginFinder()
    places = _places(settings)
    return lambda name, group: finder.search(name, places[group], group)


def _places(settings: Settings) -> Mapping[str, Sequence[str]]:
    """The directories of each entry-point group, in the order in which they are searched."""
    return {MONITORS: settings.mondir, ALERTS: settings.alertdir}


class PluginFinder:
    """Where monitors and alerts are, at one time: what packages offer is looked up once, and only if it matters."""

    def __init__(self) -> None:
        self._offers: dict[str, dict[str, list[Offer]]] = {}

    def __call__(self, name: str, directories: Sequence[str], group: str) -> str | None:
        """The path of a program, or the installed package that offers it in an entry-point group.

        Packages come before pymon's own set, if that is the last of the directories.
        """
        return self.search(name, directories, group).path or None

    def search(self, name: str, directories: Sequence[str], group: str) -> Search:
        """The same, and why there is nothing to run; of a package, ``path`` is its name."""
        has_own = bool(directories) and directories[-1] in (str(share_path("monitors")), str(share_path("alerts")))
        found = search(name, directories[:-1] if has_own else directories)
        if found.path:
            return found
        if group not in self._offers:
            self._offers[group] = offers(group)
        if offered := self._offers[group].get(name):
            return Search(offered[0].origin)
        return search(name, directories)
