"""A parsed dependency expression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ServiceKey(NamedTuple):
    """What names a service: its watch (group) and its own name."""

    group: str
    service: str

    def __str__(self) -> str:
        """``group:service``, as in a dependency expression."""
        return f"{self.group}:{self.service}"


class DependBehavior(StrEnum):
    """What an unfulfilled ``depend`` does (mon.cf's dep_behavior)."""

    ALERTS = "a"
    """alerts are held back"""
    MONITOR = "m"
    """the monitor does not run"""
    HOSTS = "hm"
    """hosts named in the parent's summary are not checked"""


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: int


@dataclass(frozen=True, slots=True)
class StatusOf:
    """A service: 1 while it and its own dependencies are fine, else 0."""

    key: ServiceKey


@dataclass(frozen=True, slots=True)
class Unary:
    """``operator`` is ``!``, ``-`` or ``+`` (``not`` is read as ``!``)."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``operator`` is one of ``* / % + - < <= > >= == != && ||`` (``and``, ``or`` are read as ``&&``, ``||``)."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Ternary:
    """``condition ? then : otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


Expression = Number | StatusOf | Unary | Binary | Ternary


@dataclass(frozen=True, slots=True)
class Dependency:
    """A dependency as written, with the services it names, in order of appearance and without repetition.

    ``expression`` is None when the text is no expression, as a blank-separated list of services for host
    dependencies is (legal there, an error elsewhere).
    """

    text: str
    names: tuple[ServiceKey, ...]
    expression: Expression | None
