"""Dependency expressions are read with Perl's precedences."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymon.config.dependencies import names_in, parse_dependency, scan_dependency
from pymon.errors import DependencyError
from pymon.model.depend import Binary, Dependency, Expression, Number, ServiceKey, StatusOf, Ternary, Unary
from tests.tools import missing

A, B, C = (StatusOf(ServiceKey("g", name)) for name in "abc")
BIG = 10**9


def value(expression: Expression) -> int:
    """The value of an expression in which every service is fine."""
    match expression:
        case Number(number):
            return number
        case StatusOf():
            return 1
        case Unary(operator, operand):
            inner = value(operand)
            return {"!": int(not inner), "-": -inner, "+": inner}[operator]
        case Ternary(condition, then, otherwise):
            return value(then) if value(condition) else value(otherwise)
        case Binary("&&", left, right):
            return value(left) and value(right)
        case Binary("||", left, right):
            return value(left) or value(right)
        case Binary(operator, left, right):
            one, two = value(left), value(right)
            if operator == "/":
                raise ZeroDivisionError
            return {
                "+": one + two, "-": one - two, "*": one * two, "%": one % two if two else BIG,
                "<": int(one < two), "<=": int(one <= two), ">": int(one > two), ">=": int(one >= two),
                "==": int(one == two), "!=": int(one != two),
            }[operator]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expression"),
    [  # the last one: D3
        ("g:a", A),
        ("(g:a)", A),
        ("!g:a", Unary("!", A)),
        ("not g:a", Unary("!", A)),
        ("!g:a == 0", Binary("==", Unary("!", A), Number(0))),
        ("not g:a == 0", Unary("!", Binary("==", A, Number(0)))),
        ("g:a || g:b && g:c", Binary("||", A, Binary("&&", B, C))),
        ("g:a or g:b and g:c", Binary("||", A, Binary("&&", B, C))),
        ("g:a || g:b and g:c", Binary("&&", Binary("||", A, B), C)),
        ("not g:a and g:b", Binary("&&", Unary("!", A), B)),
        ("not (g:a) || g:b", Binary("||", Unary("!", A), B)),
        ("not(g:a) == 0", Binary("==", Unary("!", A), Number(0))),
        ("g:a ? g:b : g:c ? 0 : 1", Ternary(A, B, Ternary(C, Number(0), Number(1)))),
        ("g:a + 1 > 1", Binary(">", Binary("+", A, Number(1)), Number(1))),
        ("1 - 2 - 3", Binary("-", Binary("-", Number(1), Number(2)), Number(3))),
        ("g:a+g:b*2", Binary("+", A, Binary("*", B, Number(2)))),
        ("-1", Unary("-", Number(1))),
        ("g:p && g:p-2", Binary("&&", StatusOf(ServiceKey("g", "p")), StatusOf(ServiceKey("g", "p-2")))),
    ],
)
def test_precedence(text: str, expression: Expression) -> None:
    assert parse_dependency(text).expression == expression


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 0, "is empty"),
        ("g:a g:b", 4, "an operator"),
        ("g:a &&", 6, "missing at the end"),
        ("foo", 0, "'foo' is no service"),
        ("g:a & g:b", 4, "write &&, not &"),
        ("g:a | g:b", 4, r"write \|\|, not \|"),
        ("g:a = 1", 4, "write == to compare"),
        ("g:a ? 1:0", 9, "missing at the end"),
        ("(g:a", 4, "missing at the end"),
        ("g:a)", 3, "cannot stand here"),
        ("system('ls')", 0, "'system' is no service"),
        ("g:a; 1", 3, "';' cannot stand here"),
        ("010", 1, "no service"),
        ("1 < 2 < 3", 6, "cannot stand here"),
    ],
)
def test_nonsense_is_refused_where_it_begins(text: str, column: int, words: str) -> None:
    """D4, D7: only sensible expressions are accepted, and a blank-separated list is none."""
    with pytest.raises(DependencyError, match=words) as caught:
        parse_dependency(text)
    assert caught.value.column == column


def test_nesting_has_a_limit() -> None:
    assert parse_dependency("(" * 5000 + "g:a" + ")" * 5000).expression == A
    with pytest.raises(DependencyError, match="nested deeper"):
        parse_dependency("!" * 101 + "g:a")


def test_names_in_order_without_repetition() -> None:
    assert names_in("x:y, g:a whatever x:y") == (ServiceKey("x", "y"), ServiceKey("g", "a"))
    assert scan_dependency("x:y z") == Dependency("x:y z", (ServiceKey("x", "y"),), None)


@given(st.text(max_size=80) | st.text(alphabet="g:a1 !()&|?<>=+-*/%notandor.", max_size=40))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    try:
        dependency = parse_dependency(text)
    except DependencyError as error:
        column = error.column
    else:
        assert dependency.expression is not None
        column = 0
    assert 0 <= column <= len(text)


LEAVES = st.integers(0, 5).map(str)
OPERATORS = ["*", "%", "+", "-", "<", "<=", ">", ">=", "==", "!=", "&&", "||"]
TIGHT = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("! {}".format),
        inner.map("- {}".format),
        st.tuples(inner, inner, inner).map(lambda each: "{} ? {} : {}".format(*each)),
    ),
    max_leaves=8,
)
EXPRESSIONS = st.recursive(
    TIGHT,
    lambda inner: st.one_of(
        inner.map("not {}".format),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("(not {})".format),
    ),
    max_leaves=4,
)
PERL = """
use strict; no warnings;
while (<STDIN>) { chomp; my $v = eval $_; print $@ ? "error\\n" : ($v ? "1\\n" : "0\\n"); }
"""


@pytest.mark.slow
@pytest.mark.peer
@settings(max_examples=30)
@given(st.lists(EXPRESSIONS, min_size=20, max_size=40))
def test_perl_agrees(texts: list[str]) -> None:
    """Perl evaluates the same expressions to the same truth; what it refuses may be refused here too."""
    perl = shutil.which("perl")
    if perl is None:
        missing("perl is not installed: apt-get install perl")
    answers = subprocess.run(
        [perl, "-e", PERL], input="\n".join(texts), capture_output=True, text=True, check=True, timeout=20
    ).stdout.split()
    for text, answer in zip(texts, answers, strict=True):
        try:
            expression = parse_dependency(text).expression
        except DependencyError:
            # Chains of comparisons are an error in older Perls too; they are of no use here.
            assert sum(text.count(sign) for sign in ("<", ">", "==", "!=")) >= 2 or answer == "error", text
            continue
        assert expression is not None
        ours = value(expression)
        if "%" not in text:
            assert answer == str(int(bool(ours))), text
