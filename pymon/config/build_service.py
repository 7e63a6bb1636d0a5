"""One service of the tree → Service, with its periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lark import Token, Tree

from pymon.config import values
from pymon.config.build_period import PeriodBuilder
from pymon.config.keyword_reader import KeywordReader
from pymon.config.keywords import SERVICE_KEYWORDS
from pymon.config.report import ProblemReport
from pymon.config.tree import Node, header_of, tokens_of
from pymon.config.value_types import DEPENDENCY
from pymon.errors import DependencyError
from pymon.model.depend import DependBehavior, Dependency
from pymon.model.service import Service
from pymon.model.variables import MonVariable

_BY_TERMINAL = {keyword.terminal: keyword for keyword in SERVICE_KEYWORDS.values()}


class DependencyUse(NamedTuple):
    """A dependency as a service uses it, with what is wrong with its text, for the checks of the whole site."""

    token: Token
    behavior: DependBehavior
    dependency: Dependency
    error: DependencyError | None


class BuiltService(NamedTuple):
    """A service, its dependencies, and the tokens of its keywords by type (the last one of each)."""

    service: Service
    dependencies: tuple[DependencyUse, ...]
    tokens: Mapping[str, Token]


class ServiceBuilder:
    """Builds services; equal values are read once and shared."""

    def __init__(self, report: ProblemReport) -> None:
        self._report = report
        self._reader = KeywordReader(report)
        self._dependencies: dict[tuple[str, str], tuple[Dependency | None, DependencyError | None]] = {}
        self._periods = PeriodBuilder(report)

    def build(self, group: str, name: str, node: Node, defaults: Mapping[str, object]) -> BuiltService:
        """Build one service; ``defaults`` are the global dep_behavior, dep_memory and unack_summary so far."""
        header = header_of(node)
        fields: dict[str, Any] = dict(defaults)
        seen: dict[str, Token] = {}
        environment: dict[str, str] = {}
        errors: dict[str, DependencyError | None] = {}
        periods: list[Node] = []
        for child in node.children[1:]:
            if isinstance(child, Tree):
                periods.append(child)
                self._add_environment(environment, child)
            elif child.type == "ENVIRONMENT":
                self._read_environment(environment, child)
            else:
                if child.type in seen:
                    self._warn_repeated(child, seen[child.type])
                seen[child.type] = child
                keyword = _BY_TERMINAL[child.type]
                if keyword.type is DEPENDENCY:
                    fields[keyword.name], errors[child.type] = self._read_dependency(group, child)
                else:
                    fields.update(self._reader.read(keyword, child) or {})
        fields["environment"] = tuple(environment.items())
        fields["periods"] = self._periods.build_all(group, name, periods, fields.get("interval"))
        service = Service(group, name, header.line or 0, **fields)
        return BuiltService(service, _dependency_uses(service, seen, errors), seen)

    def _read_dependency(self, group: str, token: Token) -> tuple[Dependency | None, DependencyError | None]:
        """Read a dependency. Its errors are judged later, when dep_behavior is known."""
        key = (str(token), group if "SELF:" in token else "")
        if key not in self._dependencies:
            self._dependencies[key] = values.dependency(key[0], group, self._report.note_of(token))
        return self._dependencies[key]

    def _add_environment(self, environment: dict[str, str], period: Node) -> None:
        """Take the environment variables that stand among a period's keywords: they belong to the service."""
        for child in tokens_of(period):
            if child.type == "ENVIRONMENT":
                self._read_environment(environment, child)

    def _read_environment(self, environment: dict[str, str], token: Token) -> None:
        """Read ``NAME=value``; the value keeps its leading blanks."""
        name, _, value = token.partition("=")
        if name in _SET_BY_MON:
            self._report.add("overridden-environment", token.line or 0, 0, name=name)
        environment[name] = value

    def _warn_repeated(self, token: Token, first: Token) -> None:
        """Mention a keyword that is given twice."""
        hint = "it does not add hosts: write all of them in one line" if token.type == "EXCLUDE_HOSTS" else ""
        self._report.add(
            "repeated-keyword", token.line or 0, 0, keyword=token.type.lower(), first=first.line, hint=hint
        )


def _dependency_uses(
    service: Service, tokens: Mapping[str, Token], errors: Mapping[str, DependencyError | None]
) -> tuple[DependencyUse, ...]:
    """The dependencies of a service, each with the behaviour that it is used for."""
    if not errors:
        return ()
    uses = []
    for kind, error in errors.items():
        dependency = getattr(service, kind.lower())
        if dependency is not None:
            behavior = _BY_TERMINAL[kind].behavior or service.dep_behavior
            uses.append(DependencyUse(tokens[kind], behavior, dependency, error))
    return tuple(uses)


_SET_BY_MON = frozenset(MonVariable)
"""names that a service's environment cannot give a value"""
