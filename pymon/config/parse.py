"""Tokens → tree, by grammar.lark and the table of keywords, going on after each error.

The parser says which tokens could have stood at the place of one that cannot: where keywords of a service may stand we
are in a service, where those of a period may we are in a period, else before the first service. Where a keyword belongs
stands in its row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer, LexerState

from pymon.config.keywords import PERIOD_KEYWORDS, RECORDS, SERVICE_KEYWORDS, WATCH_WORDS
from pymon.config.other_words import OTHER_WORDS, find_other_word
from pymon.config.report import ProblemReport, did_you_mean
from pymon.config.tokens import tokens
from pymon.config.tree import Node

_RULES = tuple(keyword.terminal for keyword in PERIOD_KEYWORDS.values())
_SETTINGS = tuple(keyword.terminal for keyword in SERVICE_KEYWORDS.values())


class _NoLexer(Lexer):
    """tokens.py makes the tokens; lark demands a lexer all the same."""

    def __init__(self, lexer_conf: object) -> None:
        """Take the arguments that lark gives to every lexer."""

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        """Give nothing."""
        return iter(())


@cache
def grammar() -> Lark:
    """Compile grammar.lark with the terminals and the two rules that the table of keywords gives it, once."""
    structure = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    records = [terminal for record in RECORDS for terminal in (record.terminal, record.content)]
    text = "\n".join((
        structure,
        f"_setting: {' | '.join(_SETTINGS)}",
        f"_rule: {' | '.join(_RULES)}",
        f"%declare {' '.join((*records, *_SETTINGS, *_RULES))}",
    ))  # fmt: skip
    return Lark(text, parser="lalr", start="site", lexer=_NoLexer, maybe_placeholders=False)


def parse(report: ProblemReport) -> Node:
    """Parse the source of a report. Lines that fit nowhere are reported, and left out of the tree."""
    return parse_tokens(tokens(report.source), report)


def parse_tokens(stream: Iterable[Token], report: ProblemReport) -> Node:
    """Feed tokens to the parser, one by one."""
    interactive = grammar().parse_interactive("")
    feed = interactive.parser_state.feed_token
    for token in stream:
        try:
            feed(token)
        except UnexpectedToken as error:
            _explain(token, frozenset(error.expected), report)
    tree: Node = interactive.feed_eof()  # type: ignore[no-untyped-call]  # lark leaves it untyped
    return tree


def _explain(token: Token, expected: frozenset[str], report: ProblemReport) -> None:
    """Report a line that cannot stand where it stands."""
    line = token.line or 0
    keyword = token.type.lower()
    text = str(token) if token.type in ("UNKNOWN", "ENVIRONMENT") else f"{keyword} {token}".rstrip()
    in_service, in_period = not expected.isdisjoint(_SETTINGS), not expected.isdisjoint(_RULES)
    if token.type == "ENVIRONMENT":
        report.add("environment-before-service", line, 0)
    elif not in_service and not in_period:
        report.add("keyword-before-service", line, 0, hint=_before_service(token))
    elif token.type in _SETTINGS:
        report.add("service-keyword-in-period", line, 0, line=text, keyword=keyword)
    elif token.type in _RULES:
        report.add("period-keyword-in-service", line, 0, line=text, keyword=keyword)
    else:
        known = {name.lower() for name in expected} & WATCH_WORDS
        report.add("unknown-keyword", line, 0, line=text, hint=_unknown(text, known, report))


def _before_service(token: Token) -> str:
    """Advise what to write instead of a keyword before the first service."""
    guess = did_you_mean(first_word(token), {"service"}) if token.type == "UNKNOWN" else ""
    return guess or "write a line 'service NAME' before it"


def _unknown(text: str, known: Collection[str], report: ProblemReport) -> str:
    """Advise what to write instead of a line that does not begin with a keyword."""
    word = first_word(text)
    if "=" in text and text.partition("=")[0].strip().isidentifier():
        return "an environment variable is NAME=value, with a name in capitals and no blank before the ="
    if right := find_other_word(word, OTHER_WORDS):
        return right
    guess = report.guess(word, known) or report.guess(word, WATCH_WORDS)
    return guess or f"what can stand here: {' '.join(sorted(known))}"


def first_word(text: str) -> str:
    """The word that a line begins with, lower-cased."""
    return (text.split() or [""])[0].lower()
