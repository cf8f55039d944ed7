"""Facts as people hand them in: what is taken, what is refused and in which words."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fact_rows import MAX_ROWS, FactError, read_rows
from schemas.measuring import FactRow

SPEND = {"fact": "spend", "date": "2026-11-30", "value": "10"}


def refused(**fields: Any) -> str:
    rows, errors = read_rows({"facts": [SPEND | fields]})
    assert rows == []
    assert [error.row for error in errors] == [1]
    return f"{errors[0].field}: {errors[0].message}"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("1234.50", "1234.5"),
        (" -3 ", "-3"),
        ("+0.0000000001", "0.0000000001"),
        (7, "7"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (Decimal("99.95"), "99.95"),
        ("5.", "5"),
        ("1000000000.00000000000000", "1000000000"),
    ],
)
def test_a_value_is_a_number_to_the_digit(said: Any, value: str) -> None:
    """Text, whole numbers and decimals are what they are; a float is its shortest decimal."""
    rows, errors = read_rows({"facts": [SPEND | {"value": said}]})
    assert errors == []
    assert rows[0].value == Decimal(value)


@pytest.mark.parametrize(
    "said", ["1234,56", "1.234,56", "1 234,56", "1\u202f234,5", "-0,5", "1'234,50", "1,234.56", "1,234"]
)
def test_a_comma_is_refused_and_not_guessed(said: str) -> None:
    """1,234 is a thousand and more to some, and one and a bit to others."""
    assert "write a point before the decimals" in refused(value=said)


@pytest.mark.parametrize(
    "said",
    [
        "",
        None,
        "abc",
        "€ 10",
        "1e5",
        "NaN",
        float("nan"),
        float("inf"),
        True,
        [],
        {},
        ".5",
        "٣",
        "1" * 19,
        "1e-11",
        1e300,
    ],
)
def test_what_is_no_number_or_too_long_is_refused(said: Any) -> None:
    """Digits are never cut off unasked."""
    assert refused(value=said).startswith("value: ")


@pytest.mark.parametrize(
    "said", ["", None, "30.11.2026", "11/30/2026", "2026-11-31", "20261130", "2026-11-30T00:00", 5, "1969-12-31"]
)
def test_a_date_is_year_month_day(said: Any) -> None:
    """No guess which of the numbers is the month."""
    assert refused(date=said).startswith("date: ")


@pytest.mark.parametrize("said", ["", None, "Spend", "ad spend", "9lives", "x" * 65, 3, "dépense"])
def test_a_name_is_plain(said: Any) -> None:
    """It stands in metric definitions, so it is written as ids are."""
    assert refused(fact=said).startswith("fact: ")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"chanel": "ads"}, "chanel"),
        ({"channel": 5}, "channel"),
        ({"category": "x" * 201}, "category"),
        ({"source": "a\x00b"}, "source"),
        ({"note": "x" * 1001}, "note"),
    ],
)
def test_unknown_fields_and_odd_texts_are_refused(fields: dict[str, Any], field: str) -> None:
    """A mistyped field would lose what it says."""
    assert refused(**fields).startswith(f"{field}: ")


def test_all_errors_come_at_once_with_their_rows() -> None:
    """Who mends a file wants to mend it once; right rows are told too, but nothing should be stored."""
    upload = {"facts": [SPEND, {"fact": "Spend", "date": "x", "value": "1,5"}, "no", SPEND | {"value": ""}]}
    rows, errors = read_rows(upload)
    assert rows == [FactRow("spend", date(2026, 11, 30), Decimal(10))]
    assert [(error.row, error.field) for error in errors] == [
        (2, "fact"),
        (2, "date"),
        (2, "value"),
        (3, ""),
        (4, "value"),
    ]


def test_one_key_twice_in_an_upload_is_an_error() -> None:
    """The second would replace the first, and half of the money would be gone."""
    upload = {"facts": [SPEND, SPEND | {"channel": "ads"}, SPEND | {"value": "4"}]}
    _, errors = read_rows(upload)
    assert [(error.row, error.field) for error in errors] == [(3, "fact")]
    assert "as row 1" in errors[0].message


def test_who_uploads_is_noted_unless_a_row_says_otherwise() -> None:
    """The route knows who asks."""
    rows, _ = read_rows({"facts": [SPEND, SPEND | {"channel": "ads", "uploader": "zoe"}]}, uploader="api")
    assert [row.uploader for row in rows] == ["api", "zoe"]


@pytest.mark.parametrize(
    "upload", [None, [], {}, {"facts": None}, {"facts": "x"}, {"facts": {}}, {"facts": [SPEND] * (MAX_ROWS + 1)}]
)
def test_an_upload_of_another_shape_or_size_is_one_error(upload: Any) -> None:
    """Row 0 is the upload."""
    rows, errors = read_rows(upload)
    assert (rows, [error.row for error in errors]) == ([], [0])


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(["fact", "date", "value", "channel", "note", "x"]), json_values, max_size=5)


@given(st.one_of(json_values, st.fixed_dictionaries({"facts": st.lists(st.one_of(fields, json_values), max_size=4)})))
def test_no_json_makes_it_fail(upload: Any) -> None:
    """Whatever comes, there are rows and errors, and an error for every row that is missing."""
    rows, errors = read_rows(upload)
    assert all(isinstance(error, FactError) for error in errors)
    if isinstance(upload, dict) and isinstance(upload.get("facts"), list):
        assert len(rows) + len({error.row for error in errors}) >= len(upload["facts"])
