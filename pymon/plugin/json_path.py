"""JSONPath (RFC 9535), with a bound on what a path may cost (``pymon.plugin.bounded``)."""

from __future__ import annotations

import functools
import re
from typing import Any

import jsonpath
from jsonpath.function_extensions import Match, Search

from pymon.plugin.bounded import watched
from pymon.plugin.matching import Regex

_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.ASCII: "a"}


class _Match(Match):
    """``match(text, expression)``, bounded."""

    def __call__(self, value: object, pattern: object) -> bool:
        found = _regex(pattern) if isinstance(value, str) and isinstance(pattern, str) else None
        return found is not None and found.fullmatch(str(value))


class _Search(Search):
    """``search(text, expression)``, bounded."""

    def __call__(self, value: object, pattern: object) -> bool:
        found = _regex(pattern) if isinstance(value, str) and isinstance(pattern, str) else None
        return found is not None and found.search(str(value))


class _Environment(jsonpath.JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        """Have the expressions in paths bounded."""
        super().setup_function_extensions()
        self.function_extensions |= {"match": _Match(), "search": _Search()}

    def compare(self, left: object, operator: str, right: object) -> bool:
        """Have those of the library's own ``=~ /…/`` bounded, too."""
        if operator == "=~" and isinstance(right, re.Pattern) and isinstance(left, str):
            flags = "".join(letter for flag, letter in _FLAGS.items() if right.flags & flag)
            found = _regex(f"(?{flags}){right.pattern}" if flags else right.pattern)
            return found is not None and found.fullmatch(left)
        return super().compare(left, operator, right)


_ENVIRONMENT = _Environment()


def find(path: str, document: Any) -> list[Any]:
    """What a path finds. Raises ValueError, which says what is wrong, and TooMuchWork."""
    compiled = compile_path(path)
    with watched(f"looking for {path} in a JSON document"):
        try:
            return list(compiled.findall(document))
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise ValueError(str(error).partition("\n")[0]) from error


@functools.lru_cache(maxsize=1024)
def compile_path(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    """A path, compiled. Raises ValueError."""
    try:
        return _ENVIRONMENT.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError) as error:
        raise ValueError(f"is no JSONPath: {str(error).partition(chr(10))[0]}") from error


@functools.lru_cache(maxsize=1024)
def _regex(pattern: str) -> Regex | None:
    """An expression; None for what is none, and then matches nothing (RFC 9535, 2.4.6)."""
    try:
        return Regex(pattern)
    except ValueError:
        return None
