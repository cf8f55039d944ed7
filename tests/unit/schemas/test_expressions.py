"""Expressions of the catalogue: what their text means, and what is said about a text that is none."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.expressions import (
    ExpressionError,
    Extreme,
    Name,
    Negation,
    Number,
    Operation,
    Previous,
    names_of,
    parse_expression,
)

A, B, C = Name("a"), Name("b"), Name("c")
ONE = Number(Decimal(1))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        (" 1 ", ONE),
        ("a + b * c", Operation("+", A, Operation("*", B, C))),
        ("(a + b) * c", Operation("*", Operation("+", A, B), C)),
        ("a - b - c", Operation("-", Operation("-", A, B), C)),
        ("a / b * c", Operation("*", Operation("/", A, B), C)),
        ("a − b × c ÷ a", Operation("-", A, Operation("/", Operation("*", B, C), A))),
        ("-a * b", Operation("*", Negation(A), B)),
        ("- - a", A),
        ("a * -b", Operation("*", A, Negation(B))),
        ("a ^ 3", Operation("*", Operation("*", A, A), A)),
        ("a**1", A),
        ("-a^2", Negation(Operation("*", A, A))),
        ("min(a, b, 1)", Extreme("min", (A, B, ONE))),
        ("max(a, b + c)", Extreme("max", (A, Operation("+", B, C)))),
        ("a - previous(a)", Operation("-", A, Previous("a"))),
        (".5 * a", Operation("*", Number(Decimal("0.5")), A)),
        ("1.10", Number(Decimal("1.10"))),
    ],
)
def test_a_text_means_what_arithmetic_says(text, tree):
    """Products before sums, from left to right, a power before a sign; typographic signs as their plain ones."""
    assert parse_expression(text) == tree


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "expected a number, a name or a parenthesis at the end", 1),
        ("a +", "expected a number, a name or a parenthesis at the end", 4),
        ("a b", 'expected an operator, found "b"', 3),
        ("2a", 'expected an operator, found "a"', 2),
        ("(a + b", 'expected ")" at the end', 7),
        ("a + * b", 'expected a number, a name or a parenthesis, found "*"', 5),
        ("a ; b", 'cannot read ";"', 3),
        ("a.b", 'cannot read "."', 2),
        ("sum(a)", 'there is no function "sum"; there are min, max, previous', 1),
        ("min(a)", '"min" needs two or more values', 1),
        ("previous(a + b)", '"previous" needs one name', 1),
        ("a + min", '"min" is a function; write min(…) at the end', 8),
        ("a ^ b", 'a power must be a whole number from 1 to 36, found "b"', 5),
        ("a ^ 99", 'a power must be a whole number from 1 to 36, found "99"', 5),
        ("(" * 50 + "a" + ")" * 50, 'is nested too deep, found "("', 41),
        ("(a^2)^2", 'a power of a power is too much; multiply the exponents, found "2"', 7),
        ("+".join("a" * 300), "is too long; make metrics of its parts", 401),
        ("__import__('os')", 'cannot read "\'"', 12),
    ],
)
def test_what_is_no_expression_is_said_with_its_place(text, message, column):
    """The author finds the sign that is wrong."""
    with pytest.raises(ExpressionError) as error:
        parse_expression(text)
    assert (str(error.value), error.value.column) == (message, column)


def test_names_are_all_that_must_be_known():
    """Also those in functions and of the bucket before."""
    assert names_of(parse_expression("a * (b - previous(c)) / max(1, d)")) == {"a", "b", "c", "d"}


@given(st.text(alphabet="ab1+-*/^(), minxprevou÷.", max_size=60))
def test_any_text_is_read_or_refused(text):
    """Nothing else is ever raised."""
    with suppress(ExpressionError):
        names_of(parse_expression(text))
