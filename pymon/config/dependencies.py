"""Dependency expressions: a small language with Perl's precedences, read by a grammar and never by an eval."""

from __future__ import annotations

import re
from functools import cache
from typing import cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from pymon.config.lark_errors import stop_column
from pymon.config.time_values import BLANKS
from pymon.errors import DependencyError
from pymon.model.depend import Binary, Dependency, Expression, Number, ServiceKey, StatusOf, Ternary, Unary

_NAME = re.compile(r"([a-zA-Z0-9_.\-]+):([a-zA-Z0-9_.\-]+)")
_DEEPEST = 100
"""parentheses, ``!`` and the like nested deeper than this are refused, since evaluation recurses"""


def parse_dependency(text: str) -> Dependency:
    """Read an expression such as ``SELF:ping && db:mysql`` (``SELF`` already replaced).

    Raises DependencyError with the column (from 0) where it stops making sense.
    """
    try:
        # A transformer makes the result: it is not a tree, whatever lark's types say.
        expression = cast("Expression", _grammar().parse(text))
    except UnexpectedInput as error:
        column = stop_column(error, text)
        raise DependencyError(_explain(text, column), column) from None
    if _is_deeper(expression, _DEEPEST):
        raise DependencyError(f"the expression is nested deeper than {_DEEPEST} levels")
    return Dependency(text, names_in(text), expression)


def scan_dependency(text: str) -> Dependency:
    """Take only the ``group:service`` names of a text, as host dependencies do: anything may stand between."""
    return Dependency(text, names_in(text), None)


def names_in(text: str) -> tuple[ServiceKey, ...]:
    """The services a text names, in order and without repetition."""
    return tuple(dict.fromkeys(ServiceKey(group, service) for group, service in _NAME.findall(text)))


class _Build(Transformer[Token, Expression]):
    """Turn the parser's reductions into records."""

    def number(self, children: list[Token]) -> Expression:
        return Number(int(children[0]))

    def service(self, children: list[Token]) -> Expression:
        group, _, service = children[0].partition(":")
        return StatusOf(ServiceKey(group, service))

    def unary(self, children: list[Token | Expression]) -> Expression:
        return Unary(str(children[0]), _expression(children[1]))

    def not_(self, children: list[Expression]) -> Expression:
        return Unary("!", children[0])

    def binary(self, children: list[Token | Expression]) -> Expression:
        return Binary(str(children[1]), _expression(children[0]), _expression(children[2]))

    def and_(self, children: list[Expression]) -> Expression:
        return Binary("&&", children[0], children[1])

    def or_(self, children: list[Expression]) -> Expression:
        return Binary("||", children[0], children[1])

    def ternary(self, children: list[Expression]) -> Expression:
        return Ternary(children[0], children[1], children[2])


def _expression(child: Token | Expression) -> Expression:
    """A child that the grammar says is an expression."""
    if isinstance(child, Token):
        raise TypeError(f"the token {child} stands where an expression is awaited")
    return child


@cache
def _grammar() -> Lark:
    """Compile depend.lark, once."""
    return Lark.open("depend.lark", rel_to=__file__, parser="lalr", start="expression", transformer=_Build())


def _is_deeper(expression: Expression, limit: int) -> bool:
    """Whether an expression is nested deeper than a limit (measured without recursion)."""
    waiting: list[tuple[Expression, int]] = [(expression, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > limit:
            return True
        match node:
            case Unary(_, operand):
                waiting.append((operand, depth + 1))
            case Binary(_, left, right):
                waiting += [(left, depth + 1), (right, depth + 1)]
            case Ternary(condition, then, otherwise):
                waiting += [(condition, depth + 1), (then, depth + 1), (otherwise, depth + 1)]
            case _:
                pass
    return False


def _explain(text: str, column: int) -> str:
    """Say what is wrong where the grammar stopped."""
    rest = text[column:]
    word = re.match(r"[a-zA-Z0-9_.\-]+", rest)
    if not rest.strip(BLANKS):
        return "something is missing at the end of the expression" if text.strip(BLANKS) else "the expression is empty"
    if _NAME.match(rest):
        if "?" in text[:column] or re.match(r"[0-9]+:[0-9]+", rest):
            return "put blanks around the colon of ? : , or it reads as the name of a service"
        return "an operator (&&, ||) is missing between the services"
    if re.match(r"[&|](?![&|])", rest):
        return f"write {rest[0] * 2}, not {rest[0]}"
    if re.match(r"=(?!=)", rest):
        return "write == to compare"
    if word:
        return f"'{word[0]}' is no service (GROUP:SERVICE), number or operator"
    return f"'{rest[0]}' cannot stand here"
