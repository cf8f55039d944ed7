"""CSV for spreadsheets (RFC 4180, UTF-8): no text from outside becomes a formula there.

Does not choose columns.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from fastapi import Response

MAX_MEMBERS_IN_A_FILE = 10_000

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file of this name (without its ending), header first."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_text(header, rows), 200, headers, "text/csv; charset=utf-8; header=present")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lines end with CRLF; None is empty, numbers stay, texts that begin like a formula get an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """A spreadsheet would run `=`, `+`, `-` and `@` at the start of a text; a negative number is no text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
