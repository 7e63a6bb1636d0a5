"""Values of keywords: read once where nothing is to be said of them, and reported each time where something is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from lark import Token

from pymon.config.keyword import Keyword
from pymon.config.keyword_reader import KeywordReader
from pymon.config.keywords import SERVICE_KEYWORDS, VARIABLES
from pymon.config.lines import Source
from pymon.config.report import ProblemReport


def read_twice(keyword: Keyword, text: str) -> tuple[list[Mapping[str, Any] | None], list[tuple[str, int]]]:
    """What a value gives at lines 1 and 2, and the problems with their lines."""
    report = ProblemReport(Source("mon.cf", f"{text}\n{text}\n"))
    reader = KeywordReader(report)
    fields = [reader.read(keyword, Token("VALUE", text, 0, line)) for line in (1, 2)]
    return fields, [(problem.code, problem.place.line) for problem in report.problems()]


def test_equal_values_are_read_once() -> None:
    (first, second), problems = read_twice(SERVICE_KEYWORDS["interval"], "5m")
    assert first == {"interval": 300.0}
    assert second is first
    assert problems == []


@pytest.mark.parametrize(
    ("keyword", "text", "fields", "code"),
    [
        (SERVICE_KEYWORDS["interval"], "soon", None, "time"),
        (VARIABLES["dtlogging"], "maybe", {"dtlogging": False}, None),
    ],
)
def test_what_is_wrong_with_a_value_is_reported_each_time(
    keyword: Keyword, text: str, fields: Mapping[str, Any] | None, code: str | None
) -> None:
    found, problems = read_twice(keyword, text)
    assert found == [fields, fields]
    assert [line for _, line in problems] == [1, 2]
    assert code is None or {each for each, _ in problems} == {code}
