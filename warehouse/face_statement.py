"""Statements as tokens: the head of an INSERT apart from its data, the FORMAT clause, names in use.

Does not parse SQL: the engine's own formatter does, and its output is what the guard reads.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|\#[!\s][^\n]*|/\*.*?\*/)
    |(?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<string>'(?:[^'\\]|\\.|'')*')
    |(?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
    |(?P<word>[^\W\d]\w*)
    |(?P<number>\d\w*)
    |(?P<sign>.)""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)|(``)|(\"\")")


class Token(NamedTuple):
    """`kind` is string, quoted, word, number, heredoc or sign; `depth` counts open round brackets before it."""

    kind: str
    text: str
    end: int
    depth: int

    @property
    def name(self) -> str:
        """The identifier it spells; empty for anything that cannot be one."""
        if self.kind == "word":
            return self.text
        if self.kind == "quoted":
            return _ESCAPED.sub(lambda found: found[1] or (found[2] or found[3])[0], self.text[1:-1])
        return ""

    def is_keyword(self, *keywords: str) -> bool:
        return self.kind == "word" and self.text.upper() in keywords


class Insert(NamedTuple):
    """An INSERT that brings data: the statement without its FORMAT, the data's format, the data."""

    statement: str
    format: str
    data: bytes


def tokens_of(text: str) -> Iterator[Token]:
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "sign"
        if kind == "tag":
            kind = "heredoc"
        if kind == "space":
            continue
        sign = found[0]
        if sign == ")":
            depth -= 1
        yield Token(kind, sign, found.end(), depth)
        if sign == "(":
            depth += 1


def split_insert(body: bytes, default_format: str) -> Insert | None:
    """The parts of an INSERT with data; None for any other statement, INSERT … SELECT included.

    The data may be binary, so only the head is read, byte for byte (Latin-1 keeps offsets).
    """
    text = body.decode("latin-1")
    tokens = tokens_of(text)
    first = next(tokens, None)
    if first is None or not first.is_keyword("INSERT"):
        return None
    head_end = first.end
    for token in tokens:
        if token.depth == 0 and token.is_keyword("SELECT", "WITH", "INFILE", "EXPLAIN"):
            return None
        if token.depth == 0 and token.is_keyword("VALUES"):
            return Insert(_utf8(body[:head_end]), "Values", body[token.end :])
        if token.depth == 0 and token.is_keyword("FORMAT"):
            named = next(tokens, None)
            if named is None or not named.name:
                return None
            return Insert(_utf8(body[:head_end]), named.name, body[_data_start(body, named.end) :])
        if token.depth == 0 and token.text == ";":
            return None
        head_end = token.end
    return Insert(_utf8(body), default_format or "Values", b"")


def output_format(normalised: str, known: frozenset[str]) -> str:
    """The format that a statement in the engine's own spelling asks for; empty if none."""
    asked = ""
    previous: Token | None = None
    for token in tokens_of(normalised):
        if previous is not None and previous.text == "FORMAT" and previous.depth == 0 and token.name in known:
            asked = token.name
        previous = token
    return asked


def _data_start(body: bytes, position: int) -> int:
    """Where data begins after a FORMAT name: blanks, then one line end, belong to the statement."""
    while body[position : position + 1] in (b" ", b"\t", b"\f"):
        position += 1
    if body[position : position + 1] == b"\r":
        position += 1
    if body[position : position + 1] == b"\n":
        position += 1
    return position


def _utf8(head: bytes) -> str:
    return head.decode("utf-8", "replace")
