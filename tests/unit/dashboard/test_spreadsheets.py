"""CSV as spreadsheets read it: RFC 4180, and no text from outside becomes a formula."""

import csv
import io
from decimal import Decimal

import pytest

from dashboard.spreadsheets import csv_answer, csv_text


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_lines_end_with_crlf_and_texts_are_quoted_where_they_must():
    """Commas, quotes and line breaks inside a cell survive; the header comes first."""
    text = csv_text(("a", "b"), [('x, "y"', "1\n2"), (None, "é")])
    assert text == 'a,b\r\n"x, ""y""","1\n2"\r\n,é\r\n'
    assert rows(text) == [["a", "b"], ['x, "y"', "1\n2"], ["", "é"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"])
def test_a_text_that_begins_like_a_formula_is_made_a_text(text):
    """Names and properties come from whoever sends events; a spreadsheet must not run them."""
    assert rows(csv_text(("a",), [(text,)]))[1] == [f"'{text}"]


def test_numbers_stay_numbers():
    """A negative amount is no formula; money keeps its digits; truth is a word."""
    text = csv_text(("a", "b", "c", "d", "e"), [(-5.5, Decimal("-0.10"), 3, True, 0.1)])
    assert rows(text)[1] == ["-5.5", "-0.10", "3", "true", "0.1"]


def test_the_answer_says_what_it_is():
    """A file with a name, in UTF-8, with a header."""
    answer = csv_answer("mrr", ("a",), [])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="mrr.csv"'
