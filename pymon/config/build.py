"""Tree → Site: hostgroups, watches, views, aliases, and the order in which globals act on services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from lark import Token

from pymon.config.build_service import BuiltService, ServiceBuilder
from pymon.config.build_settings import SettingsBuilder
from pymon.config.keywords import FIRST_WORDS, RECORDS, VARIABLES
from pymon.config.other_words import OTHER_VARIABLES, OTHER_WORDS, find_other_word
from pymon.config.parse import first_word
from pymon.config.report import ProblemReport, did_you_mean
from pymon.config.shell_words import split_blanks
from pymon.config.tree import Node, header_of, tokens_of, trees_of
from pymon.model.depend import ServiceKey
from pymon.model.service import Alias, DeclaredHost, Hostgroup, Service, View, Watch
from pymon.model.site import Site

_NAME = re.compile(r"[a-zA-Z0-9_.\-]+")
_FINAL_CODE = re.compile("[0-9]{3}")
_STARTS_RECORD = re.compile(r"(watch|view|alias)\s+[a-zA-Z0-9_.\-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedSite:
    """A site with what the checks of the whole need to know: where things are written.

    ``implied`` are the watches that had no hostgroup when they were read, ``assignments`` the last assignment of
    each global variable, ``empty_watches`` those that vanish.
    """

    site: Site
    built: Mapping[ServiceKey, BuiltService]
    hostgroups: Mapping[str, Token]
    views: Mapping[str, tuple[Token, ...]]
    implied: Mapping[str, Token]
    empty_watches: Mapping[str, Token]
    assignments: Mapping[str, Token]


def build(tree: Node, report: ProblemReport) -> ParsedSite:
    """Build the site of a tree. Parts that cannot be built are reported, and left out."""
    return _SiteBuilder(report).build(tree)


class _SiteBuilder:
    """Walks the tree in the order of the file."""

    def __init__(self, report: ProblemReport) -> None:
        self._report = report
        self._settings = SettingsBuilder(report)
        self._services = ServiceBuilder(report)
        self._hostgroups: dict[str, Hostgroup] = {}
        self._hostgroup_tokens: dict[str, Token] = {}
        self._watches: dict[str, Watch] = {}
        self._built: dict[ServiceKey, BuiltService] = {}
        self._views: dict[str, View] = {}
        self._view_tokens: dict[str, tuple[Token, ...]] = {}
        self._aliases: dict[str, Alias] = {}
        self._implied: dict[str, Token] = {}
        self._empty: dict[str, Token] = {}
        self._ignored: list[Token] = []

    def build(self, tree: Node) -> ParsedSite:
        """Build everything."""
        for child in tree.children:
            if isinstance(child, Token):
                if child.type == "GLOBAL":
                    self._report_ignored()
                    self._settings.assign(child)
                else:
                    self._ignored.append(child)
            else:
                self._report_ignored()
                _BUILDERS[child.data](self, child)
        self._report_ignored()
        site = Site(
            self._settings.settings(),
            self._hostgroups,
            self._watches,
            {key: built.service for key, built in self._built.items()},
            self._views,
            self._aliases,
        )
        return ParsedSite(
            site, self._built, self._hostgroup_tokens, self._view_tokens, self._implied, self._empty,
            self._settings.tokens,
        )  # fmt: skip

    def _content(self, node: Node) -> list[Token]:
        """The lines of a record after its first one, with global variables assigned and taken out."""
        lines = []
        for child in tokens_of(node)[1:]:
            if child.type == "GLOBAL":
                self._settings.assign(child)
            elif child.type != "END":
                lines.append(child)
        return lines

    def _build_hostgroup(self, node: Node) -> None:
        """``hostgroup NAME hosts…``: a later one of the same name replaces it."""
        header = header_of(node)
        name, rest = _split_name(header)
        if rest and not rest[0].isspace():
            offset, cut = (header.start_pos or 0) + len(name), split_blanks(rest)[0]
            self._report.add("name-cut", header.line or 0, offset, keyword="hostgroup", name=name, text=cut)
        lines = self._content(node)
        for line in lines:
            self._warn_swallowed(line, "swallowed-line")
        hosts = [word for text in (rest, *lines) for word in split_blanks(text)]
        if name in self._hostgroup_tokens:
            first = self._hostgroup_tokens[name].line
            self._report.add("repeated-hostgroup", header.line or 0, header.start_pos or 0, name=name, first=first)
        self._hostgroups[name] = Hostgroup(name, tuple(_read_host(word) for word in hosts), header.line or 0)
        self._hostgroup_tokens[name] = header

    def _build_alias(self, node: Node) -> None:
        """``alias NAME`` and its text."""
        header = header_of(node)
        self._aliases[str(header)] = Alias(
            str(header), tuple(str(line) for line in self._content(node)), header.line or 0
        )

    def _build_view(self, node: Node) -> None:
        """``view NAME entries…``."""
        header = header_of(node)
        name, rest = _split_name(header)
        lines = self._content(node)
        for line in lines:
            self._warn_swallowed(line, "swallowed-by-view")
        entries = tuple(word for text in (rest, *lines) for word in split_blanks(text))
        self._views[name] = View(name, entries, header.line or 0)
        self._view_tokens[name] = (header, *lines)

    def _warn_swallowed(self, line: Token, code: str) -> None:
        """Mention a line that was meant to start a record, and is content of the one before."""
        match = _STARTS_RECORD.match(line)
        if match:
            self._report.add(code, line.line or 0, 0, count=len(split_blanks(line)), keyword=match[1])

    def _build_watch(self, node: Node) -> None:
        """``watch NAME`` and its services."""
        header = header_of(node)
        group, rest = _split_name(header)
        if rest:
            offset = (header.start_pos or 0) + len(group)
            hint = "a name is made of letters, digits and the characters _ . -" if not rest[0].isspace() else ""
            self._report.add("text-after-name", header.line or 0, offset, keyword="watch", text=rest.strip(), hint=hint)
        if _FINAL_CODE.fullmatch(group):
            self._report.add("number-for-name", header.line or 0, header.start_pos or 0, name=group)
        if group not in self._hostgroups:
            self._hostgroups[group] = Hostgroup(group, (DeclaredHost(group),), header.line or 0)
            self._implied[group] = header
        if group in self._watches:
            first = self._watches[group].line
            self._report.add("duplicate-watch", header.line or 0, header.start_pos or 0, group=group, first=first)
        services: dict[str, Service] = {}
        for child in trees_of(node):
            self._build_service(group, child, services)
        if services:
            self._watches[group] = Watch(group, tuple(services.values()), header.line or 0)
            self._empty.pop(group, None)
        else:
            self._empty[group] = header

    def _build_service(self, group: str, node: Node, services: dict[str, Service]) -> None:
        """``service NAME`` and all that belongs to it."""
        header = header_of(node)
        name = intern(str(header))
        at = header.line or 0, header.start_pos or 0
        if not _NAME.fullmatch(name):
            self._report.add("service-name", *at, name=name)
        elif name in services:
            self._report.add("duplicate-service", *at, name=name, group=group, first=services[name].line)
        built = self._services.build(group, name, node, self._settings.inherited)
        if name not in services:
            services[name] = built.service
            self._built[built.service.key] = built

    def _report_ignored(self) -> None:
        """Report the ignored lines gathered so far, as one: they follow one another."""
        if self._ignored:
            token = self._ignored[0]
            count = len(self._ignored) - 1
            more = f", and so are the {count} after it" if count > 1 else ", and so is the next" if count else ""
            self._report.add("ignored-line", token.line or 0, 0, more=more, hint=_ignored_hint(token))
            self._ignored.clear()


def _ignored_hint(token: Token) -> str:
    """Guess what a line outside of all records was meant to be."""
    word = first_word(token)
    for record in RECORDS:
        if word == record.name:
            return f"a {word} needs {record.needs}"
    if word in FIRST_WORDS:
        return "an empty line ends a watch: remove it, or write 'watch NAME' again"
    if right := find_other_word(word, OTHER_VARIABLES) or find_other_word(word, OTHER_WORDS):
        return right
    if word in VARIABLES:
        return f"write {word} = {' '.join(split_blanks(token)[1:]) or 'VALUE'}"
    return did_you_mean(word, FIRST_WORDS | VARIABLES.keys())


def _split_name(header: Token) -> tuple[str, str]:
    """Split a record's first line into the name, as far as it is legal, and the rest."""
    match = _NAME.match(header)
    name = match[0] if match else ""
    return intern(name), str(header[len(name) :])


def _read_host(word: str) -> DeclaredHost:
    """A member of a hostgroup; a star before it disables it."""
    return DeclaredHost(word.removeprefix("*"), word.startswith("*"))


_BUILDERS = {
    "hostgroup": _SiteBuilder._build_hostgroup,
    "alias": _SiteBuilder._build_alias,
    "view": _SiteBuilder._build_view,
    "watch": _SiteBuilder._build_watch,
}
"""what builds each kind of record"""
