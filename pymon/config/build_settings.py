"""Global variables, and what the services after them inherit."""

from __future__ import annotations

from typing import Any

from lark import Token

from pymon.config.keyword import Inheritance
from pymon.config.keyword_reader import KeywordReader
from pymon.config.keywords import SERVICE_KEYWORDS, VARIABLES
from pymon.config.other_words import OTHER_VARIABLES, find_other_word
from pymon.config.report import ProblemReport
from pymon.config.time_values import BLANKS
from pymon.model.settings import Settings

_INHERITED = tuple(name for name, row in SERVICE_KEYWORDS.items() if row.inherits is Inheritance.EARLIER)


class SettingsBuilder:
    """Gathers the global variables; ``tokens`` keeps the last assignment of each, ``inherited`` what holds so far."""

    def __init__(self, report: ProblemReport) -> None:
        self._report = report
        self._reader = KeywordReader(report)
        self._fields: dict[str, Any] = {}
        self.tokens: dict[str, Token] = {}
        self.inherited: dict[str, object] = {name: VARIABLES[name].default[0] for name in _INHERITED}

    def assign(self, token: Token) -> None:
        """Read ``name = value``."""
        left, _, right = token.partition("=")
        name, text = left.rstrip(BLANKS), right.lstrip(BLANKS)
        keyword = VARIABLES.get(name)
        if keyword is None:
            hint = find_other_word(name, OTHER_VARIABLES) or self._report.guess(name.lower(), VARIABLES.keys())
            hint = hint or "see the list of global variables in mon(8)"
            self._report.add("unknown-variable", token.line or 0, 0, name=name, hint=hint)
            return
        value_token = Token("VALUE", text, len(token) - len(text), token.line)
        if name in self.tokens:
            first = self.tokens[name].line
            self._report.add("repeated-keyword", token.line or 0, 0, keyword=name, first=first, hint="")
        self.tokens[name] = value_token
        changes = self._reader.read(keyword, value_token)
        if changes is None:
            return
        self._fields.update(changes)
        if name in self.inherited:
            self.inherited.update(changes)

    def settings(self) -> Settings:
        """The settings as the file has them; what it leaves out has its default."""
        return Settings(**self._fields)
