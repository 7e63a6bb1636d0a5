"""A logical line → one token, by the record that it stands in.

mon.cf cannot be told apart by words alone: ``watch x`` is two hosts inside a hostgroup, and text inside an alias.
The order of recognition is mon's:

1. outside a watch, ``name = value`` is a global variable, inside other records too;
2. an empty line ends the record;
3. ``hostgroup NAME`` starts one anywhere; inside a hostgroup everything else is hosts;
4. ``alias NAME`` alone on its line; inside an alias everything else is its text;
5. ``view NAME ENTRIES``; inside a view everything else is entries;
6. ``watch NAME``; inside a watch, environment variables and keywords;
7. anything else outside is ignored.

A name is matched as far as it is legal, and what follows it is not looked at: ``watch g!`` is the watch ``g``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lark import Token

from pymon.config.keyword import RecordKeyword
from pymon.config.keywords import PERIOD_KEYWORDS, RECORDS, SERVICE_KEYWORDS
from pymon.config.lines import LogicalLine

_GLOBAL = re.compile(r"\w+\s*=", re.ASCII)
_KEYWORD = re.compile(r"(\w+)\s*", re.ASCII)
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]*=", re.ASCII)
_TERMINALS = {
    **{keyword.name: keyword.terminal for table in (SERVICE_KEYWORDS, PERIOD_KEYWORDS) for keyword in table.values()},
    **{"service": "SERVICE", "period": "PERIOD"},
}
"""the terminals of the words that begin a line of a watch"""
_RANKS = {record.name: (rank, record) for rank, record in enumerate(RECORDS)}
_WATCH = RECORDS[-1]


def tokens(lines: Iterable[LogicalLine]) -> Iterator[Token]:
    """Give one token for each logical line, and one END after each record.

    A token's value is what follows the keyword, ``start_pos`` where in the logical line that begins, ``line``
    the number of the logical line.
    """
    record: RecordKeyword | None = None
    number = 0
    for text, number in lines:
        if not text:
            if record is not None:
                record = None
                yield Token("END", "", 0, number)
            continue
        if record is _WATCH:
            match = _KEYWORD.match(text)
            word = match[1] if match else ""
            if match and word in _TERMINALS:
                yield Token(_TERMINALS[word], text[match.end() :], match.end(), number)
                continue
        started = _record_start(text, record)
        if started is not None:
            if record is not None:
                yield Token("END", "", 0, number)
            record, start = started
            yield Token(record.terminal, text[start:], start, number)
        elif record is _WATCH:
            yield Token("ENVIRONMENT" if _ENVIRONMENT.match(text) else "UNKNOWN", text, 0, number)
        else:
            content = "IGNORED" if record is None else record.content
            yield Token("GLOBAL" if _GLOBAL.match(text) else content, text, 0, number)
    if record is not None:
        yield Token("END", "", 0, number)


def _record_start(text: str, inside: RecordKeyword | None) -> tuple[RecordKeyword, int] | None:
    """The record that a line starts here, and where its name begins; None if the line starts no record."""
    first = _KEYWORD.match(text)
    if first is None or first[1] not in _RANKS:
        return None
    rank, record = _RANKS[first[1]]
    if inside is not None and _RANKS[inside.name][0] < rank:
        return None
    match = record.pattern.match(text)
    return (record, match.start(1)) if match else None
