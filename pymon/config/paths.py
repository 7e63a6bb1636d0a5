"""Relative paths of the settings → absolute ones, by mon's rules; nothing here looks at the disk.

What a path is under stands in the table of keywords.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pymon.config.keyword import CURRENT, Keyword
from pymon.config.keywords import VARIABLES
from pymon.model.settings import Settings


def resolve_paths(settings: Settings, current: str) -> Settings:
    """Make every path absolute; ``current`` is the current directory."""
    resolved: dict[str, Any] = {CURRENT: current}
    for keyword in VARIABLES.values():
        _resolve(keyword, settings, resolved)
    del resolved[CURRENT]
    return replace(settings, **resolved)


def _resolve(keyword: Keyword, settings: Settings, resolved: dict[str, Any]) -> None:
    """Resolve one variable, after the one whose directory it is under; a file that is not wanted stays so."""
    if not keyword.under or keyword.name in resolved:
        return
    if keyword.under != CURRENT:
        _resolve(VARIABLES[keyword.under], settings, resolved)
    base, value = resolved[keyword.under], getattr(settings, keyword.name)
    if isinstance(value, tuple):
        resolved[keyword.name] = _join_all(base, value)
    elif value or keyword.default[0]:
        resolved[keyword.name] = _join(base, value)


def _join(base: str, path: str) -> str:
    """A path joined to a base, without a trailing slash, dots and double slashes."""
    return posixpath.normpath(posixpath.join(base, path))


def _join_all(base: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Several paths, without repetition."""
    return tuple(dict.fromkeys(_join(base, path) for path in paths))
