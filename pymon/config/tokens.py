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
from enum import Enum

from lark import Token

from pymon.config.keywords import RECORD_KEYWORDS, WATCH_KEYWORDS
from pymon.config.lines import Line

_GLOBAL = re.compile(r"\w+\s*=", re.ASCII)
_NAME = r"([a-zA-Z0-9_.\-]+)"
_RECORDS = {
    "hostgroup": ("HOSTGROUP", re.compile(rf"hostgroup\s+{_NAME}", re.ASCII)),
    "alias": ("ALIAS", re.compile(rf"alias\s+{_NAME}$", re.ASCII)),
    "view": ("VIEW", re.compile(rf"view\s+{_NAME}\s+\S", re.ASCII)),
    "watch": ("WATCH", re.compile(rf"watch\s+{_NAME}", re.ASCII)),
}
_KEYWORD = re.compile(r"(\w+)\s*", re.ASCII)
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]*=", re.ASCII)
_TYPES = {keyword: keyword.upper() for keyword in WATCH_KEYWORDS}


class Record(Enum):
    """The kinds of record, by the token that their further lines are."""

    NONE = "IGNORED"
    HOSTGROUP = "HOSTS"
    ALIAS = "ALIAS_LINE"
    VIEW = "ENTRIES"
    WATCH = "UNKNOWN"


def tokens(lines: Iterable[Line]) -> Iterator[Token]:
    """Give one token for each logical line, and one END after each record.

    A token's value is what follows the keyword, ``start_pos`` where in the logical line that begins, ``line``
    the number of the logical line.
    """
    record = Record.NONE
    number = 0
    for text, number in lines:
        if not text:
            if record is not Record.NONE:
                record = Record.NONE
                yield Token("END", "", 0, number)
            continue
        if record is Record.WATCH:
            match = _KEYWORD.match(text)
            word = match[1] if match else ""
            if match and word in _TYPES:
                yield Token(_TYPES[word], text[match.end() :], match.end(), number)
                continue
        started = _record_start(text, record)
        if started is not None:
            if record is not Record.NONE:
                yield Token("END", "", 0, number)
            kind, start = started
            record = Record[kind]
            yield Token(kind, text[start:], start, number)
        elif record is Record.WATCH:
            yield Token("ENVIRONMENT" if _ENVIRONMENT.match(text) else "UNKNOWN", text, 0, number)
        else:
            yield Token("GLOBAL" if _GLOBAL.match(text) else record.value, text, 0, number)
    if record is not Record.NONE:
        yield Token("END", "", 0, number)


def _record_start(text: str, record: Record) -> tuple[str, int] | None:
    """The kind of record that a line starts here, and where its name begins; None if it starts none."""
    first = _KEYWORD.match(text)
    if first is None or first[1] not in RECORD_KEYWORDS or record in _SWALLOWED_BY[first[1]]:
        return None
    word = first[1]
    kind, pattern = _RECORDS[word]
    match = pattern.match(text)
    return (kind, match.start(1)) if match else None


_SWALLOWED_BY = {
    "hostgroup": frozenset[Record](),
    "alias": frozenset({Record.HOSTGROUP}),
    "view": frozenset({Record.HOSTGROUP, Record.ALIAS}),
    "watch": frozenset({Record.HOSTGROUP, Record.ALIAS, Record.VIEW}),
}
"""the records in which a line that would start another one is plain content"""
