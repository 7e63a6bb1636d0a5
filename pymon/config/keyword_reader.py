"""Values of keywords, read with their problems: the same for variables, services and periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lark import Token

from pymon.config.keyword import InvalidValue, Keyword
from pymon.config.report import ProblemReport


class KeywordReader:
    """Reads the keywords of one scope. Equal values are read once and shared, unless there is a problem to report."""

    def __init__(self, report: ProblemReport) -> None:
        self._report = report
        self._read: dict[tuple[str, str], Mapping[str, Any]] = {}

    def read(self, keyword: Keyword, token: Token) -> Mapping[str, Any] | None:
        """The fields that a value sets; None if it cannot be read, which the report has then."""
        text = str(token)
        fields = self._read.get((keyword.name, text))
        if fields is not None:
            return fields
        before = len(self._report)
        try:
            fields = keyword.read(text, self._report.note_of(token))
        except InvalidValue as invalid:
            self._report.add_invalid(invalid, token)
            return None
        if len(self._report) == before:
            self._read[keyword.name, text] = fields
        return fields
