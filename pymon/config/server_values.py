"""Converters for the values that concern the server: addresses, client patterns, modes (see ``values``)."""

from __future__ import annotations

import re

from pymon.config.clientallow import compile_pattern
from pymon.config.keyword import InvalidValue, Keyword, Note
from pymon.config.shell_words import split_blanks
from pymon.model.settings import PluginOrder, StatePolicy

NOBODY = ("",)
"""the patterns of an empty ``clientallow``, as in mon: no address is matched, everybody is refused"""


def addresses(text: str, keyword: Keyword, note: Note) -> tuple[str, ...]:
    """Addresses or names to listen on, separated by blanks or commas; ``*`` is every address."""
    return tuple(word for word in re.split(r"[\s,]+", text, flags=re.ASCII) if word)


def client_patterns(text: str, keyword: Keyword, note: Note) -> tuple[str, ...]:
    """Regular expressions for clients' addresses, separated by blanks."""
    for match in re.finditer(r"\S+", text, re.ASCII):
        try:
            compile_pattern(match[0])
        except re.error as error:
            raise InvalidValue("client-pattern", match.start(), value=match[0], hint=error) from None
    return tuple(split_blanks(text)) or NOBODY


def socket_mode(text: str, keyword: Keyword, note: Note) -> int:
    """The mode of a Unix socket, three or four octal digits."""
    if not re.fullmatch("0?[0-7]{3}", text):
        raise InvalidValue("socket-mode", value=text)
    return int(text, 8)


def state_policy(text: str, keyword: Keyword, note: Note) -> StatePolicy:
    """``keep`` or ``fresh``."""
    try:
        return StatePolicy(text)
    except ValueError:
        raise InvalidValue("state-policy", value=text) from None


def plugin_order(text: str, keyword: Keyword, note: Note) -> PluginOrder:
    """``own`` or ``first``."""
    try:
        return PluginOrder(text)
    except ValueError:
        raise InvalidValue("plugin-order", value=text) from None
