"""The arithmetic of the catalogue's expressions: a text becomes a small tree.

Does not evaluate: see `metrics`. Pure recursive descent; nothing of Python is ever evaluated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Operator = Literal["+", "-", "*", "/"]
FUNCTIONS = ("min", "max", "previous")
HIGHEST_POWER = 36
MAX_TOKENS = 400
"""Bounds the tree, so that walking it recursively is safe."""

_MAX_DEPTH = 40

_SPELLINGS: dict[str, str] = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "**": "^"}
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|(\*\*|[-+*/^(),−–×·÷]))")


class ExpressionError(ValueError):
    """The text is no expression; the message says what is wrong, `column` (from 1) where."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """A term of the expression or, where there is none of this name, a metric."""

    id: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The same name over the bucket before."""

    id: str


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Operation:
    operator: Operator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or greatest of two or more."""

    function: Literal["min", "max"]
    operands: tuple["Node", ...]


Node = Number | Name | Previous | Negation | Operation | Extreme


def parse_expression(text: str) -> Node:
    """The tree of an expression; `a ^ 3` is read as `a * a * a`.

    Raises:
        ExpressionError: it is none, with the column of the first thing that cannot be read.
    """
    tokens = list(_tokens(text))
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError("is too long; make metrics of its parts", tokens[MAX_TOKENS].column)
    return _Parser(tokens, len(text) + 1).whole()


def names_of(node: Node) -> frozenset[str]:
    """Every name that the expression needs, those in `previous` included."""
    if isinstance(node, Name | Previous):
        return frozenset((node.id,))
    return frozenset(name for child in children_of(node) for name in names_of(child))


def children_of(node: Node) -> tuple[Node, ...]:
    """What a node is made of, from left to right."""
    match node:
        case Negation(operand):
            return (operand,)
        case Operation(_, left, right):
            return (left, right)
        case Extreme(_, operands):
            return operands
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["number", "name", "sign"]
    text: str
    column: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(f'cannot read "{text[column]}"', column + 1)
        number, name, sign = match.groups()
        column = match.start(match.lastindex or 0) + 1
        if number is not None:
            yield _Token("number", number, column)
        elif name is not None:
            yield _Token("name", name, column)
        else:
            yield _Token("sign", _SPELLINGS.get(sign, sign), column)
        at = match.end()


class _Parser:
    """Reads tokens from left to right; each method takes what its name says and stands behind it."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._at = 0
        self._end = end
        self._depth = 0
        self._powers = 0

    def whole(self) -> Node:
        node = self._sum()
        if token := self._next():
            raise ExpressionError(f'expected an operator, found "{token.text}"', token.column)
        return node

    def _next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *signs: str) -> _Token | None:
        token = self._next()
        if token is None or token.kind != "sign" or token.text not in signs:
            return None
        self._at += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._error(f'expected "{sign}"')

    def _error(self, message: str) -> ExpressionError:
        token = self._next()
        if token is None:
            return ExpressionError(f"{message} at the end", self._end)
        return ExpressionError(f'{message}, found "{token.text}"', token.column)

    def _sum(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error("is nested too deep")
        node = self._product()
        while token := self._take("+", "-"):
            node = Operation("+" if token.text == "+" else "-", node, self._product())
        self._depth -= 1
        return node

    def _product(self) -> Node:
        node = self._signed()
        while token := self._take("*", "/"):
            node = Operation("*" if token.text == "*" else "/", node, self._signed())
        return node

    def _signed(self) -> Node:
        negative = False
        while token := self._take("-", "+"):
            negative ^= token.text == "-"
        node = self._power()
        return Negation(node) if negative else node

    def _power(self) -> Node:
        powers = self._powers
        base = self._atom()
        if self._take("^") is None:
            return base
        if self._powers > powers:
            raise self._error("a power of a power is too much; multiply the exponents")
        self._powers += 1
        token = self._next()
        if token is None or not token.text.isdigit() or not 1 <= int(token.text) <= HIGHEST_POWER:
            raise self._error(f"a power must be a whole number from 1 to {HIGHEST_POWER}")
        self._at += 1
        node = base
        for _ in range(int(token.text) - 1):
            node = Operation("*", node, base)
        return node

    def _atom(self) -> Node:
        if self._take("("):
            node = self._sum()
            self._expect(")")
            return node
        token = self._next()
        if token is None or token.kind == "sign":
            raise self._error("expected a number, a name or a parenthesis")
        self._at += 1
        if token.kind == "number":
            return Number(Decimal(token.text))
        if self._take("("):
            return self._call(token)
        if token.text in FUNCTIONS:
            raise self._error(f'"{token.text}" is a function; write {token.text}(…)')
        return Name(token.text)

    def _call(self, function: _Token) -> Node:
        if function.text not in FUNCTIONS:
            raise ExpressionError(
                f'there is no function "{function.text}"; there are min, max, previous', function.column
            )
        operands = [self._sum()]
        while self._take(","):
            operands.append(self._sum())
        self._expect(")")
        if function.text == "previous":
            return self._previous(operands, function)
        if len(operands) < 2:
            raise ExpressionError(f'"{function.text}" needs two or more values', function.column)
        return Extreme("min" if function.text == "min" else "max", tuple(operands))

    def _previous(self, operands: list[Node], function: _Token) -> Node:
        if len(operands) == 1 and isinstance(operands[0], Name):
            return Previous(operands[0].id)
        raise ExpressionError('"previous" needs one name', function.column)
