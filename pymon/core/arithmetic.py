"""Values of dependency expressions, by Perl's rules.

A comparison or ``!`` gives 1 or 0 (Perl's empty string counts as 0 in each further operation); ``&&`` and ``||``
give the value that decided; ``%`` takes whole numbers and the sign of its right operand; ``/`` divides exactly.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import trunc

from pymon.errors import DependencyError
from pymon.model.depend import Binary, Expression, Number, ServiceKey, StatusOf, Ternary, Unary

Value = int | float


def value_of(expression: Expression, status: Callable[[ServiceKey], bool]) -> Value:
    """Evaluate an expression; ``status`` answers whether a service counts as fine.

    Raises DependencyError where Perl would die: a division by zero, or a number that is too large.
    """
    match expression:
        case StatusOf(key):
            return int(status(key))
        case Number(value):
            return value
        case Unary(sign, operand):
            return _UNARY[sign](value_of(operand, status))
        case Binary("&&", left, right):
            return value_of(left, status) and value_of(right, status)
        case Binary("||", left, right):
            return value_of(left, status) or value_of(right, status)
        case Binary(sign, left, right):
            return _binary(sign, value_of(left, status), value_of(right, status))
        case Ternary(condition, then, otherwise):
            return value_of(then if value_of(condition, status) else otherwise, status)


def _binary(sign: str, left: Value, right: Value) -> Value:
    try:
        return _BINARY[sign](left, right)
    except ZeroDivisionError:
        raise DependencyError("a division by zero") from None
    except (OverflowError, ValueError):
        raise DependencyError(f"a number too large for {sign}") from None


def _quotient(left: Value, right: Value) -> Value:
    if isinstance(left, int) and isinstance(right, int) and right and left % right == 0:
        return left // right
    return left / right


_UNARY: Mapping[str, Callable[[Value], Value]] = {
    "!": lambda value: int(not value),
    "-": operator.neg,
    "+": operator.pos,
}

_BINARY: Mapping[str, Callable[[Value, Value], Value]] = {
    "*": operator.mul,
    "/": _quotient,
    "%": lambda left, right: trunc(left) % trunc(right),
    "+": operator.add,
    "-": operator.sub,
    "<": lambda left, right: int(left < right),
    "<=": lambda left, right: int(left <= right),
    ">": lambda left, right: int(left > right),
    ">=": lambda left, right: int(left >= right),
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
}
