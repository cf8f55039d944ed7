"""Where an INSERT ends and its data begins, and which format a statement asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.face_statement import output_format, split_insert, tokens_of

INSERTS = [
    (b"INSERT INTO t FORMAT Native\n\x00\xff", ("INSERT INTO t", "Native", b"\x00\xff")),
    (b"insert into t format CSV 1,x", ("insert into t", "CSV", b"1,x")),
    (b"INSERT INTO t FORMAT TSV\r\n\n1", ("INSERT INTO t", "TSV", b"\n1")),
    (b"INSERT INTO t FORMAT JSONEachRow{}", ("INSERT INTO t", "JSONEachRow", b"{}")),
    (b"INSERT INTO t (a, b) VALUES (1, 'x')", ("INSERT INTO t (a, b)", "Values", b" (1, 'x')")),
    (b"INSERT INTO t", ("INSERT INTO t", "Values", b"")),
    (b"-- FORMAT\n/* VALUES */ INSERT INTO t VALUES(1)", ("-- FORMAT\n/* VALUES */ INSERT INTO t", "Values", b"(1)")),
    (b"INSERT INTO `FORMAT x` (`VALUES`) FORMAT TSV\n1", ("INSERT INTO `FORMAT x` (`VALUES`)", "TSV", b"1")),
    (b"INSERT INTO t (format, values) FORMAT TSV\n1", ("INSERT INTO t (format, values)", "TSV", b"1")),
    (b"INSERT INTO t SETTINGS s='FORMAT' FORMAT TSV\n1", ("INSERT INTO t SETTINGS s='FORMAT'", "TSV", b"1")),
    ("INSERT INTO été FORMAT TSV\n1".encode(), ("INSERT INTO été", "TSV", b"1")),
]


@pytest.mark.parametrize(("body", "parts"), INSERTS)
def test_an_insert_is_split_from_its_data(body: bytes, parts: tuple[str, str, bytes]) -> None:
    """Byte for byte: data may be binary, and keywords in names, strings and comments are none."""
    assert split_insert(body, "") == parts


@pytest.mark.parametrize("body", [b"", b"SELECT 1", b"INSERT INTO t SELECT 1 FORMAT TSV", b"/* INSERT */ SELECT 1"])
def test_other_statements_bring_no_data(body: bytes) -> None:
    """INSERT … SELECT reads its rows itself."""
    assert split_insert(body, "") is None


@given(st.binary(max_size=200))
def test_any_bytes_can_follow_the_format(data: bytes) -> None:
    """No byte of the data is taken for the statement's, whatever it is."""
    split = split_insert(b"INSERT INTO t FORMAT RowBinary\n" + data, "")
    assert split is not None
    assert split.data == data


@given(st.text(max_size=200))
def test_any_text_has_tokens(text: str) -> None:
    """What is no SQL must not make the reader fail."""
    assert "".join(token.text for token in tokens_of(text)) or not text.strip() or text.lstrip()[0] in "-#/"


def test_the_format_is_the_one_asked_for_at_the_end() -> None:
    """Not a column, an alias or a string of that name."""
    known = frozenset(("JSON", "TSV"))
    assert output_format("SELECT 1 FORMAT JSON", known) == "JSON"
    assert output_format("SELECT 1 FORMAT JSON SETTINGS max_threads = 1", known) == "JSON"
    assert output_format("SELECT 'FORMAT JSON'", known) == ""
    assert output_format("SELECT FORMAT FROM t", known) == ""
