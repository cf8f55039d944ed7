"""Facts as people hand them in: checked field by field, all errors at once.

Pure; does not store: see `metrics.facts`. Values are decimal text, so that no digit is lost on the way.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.measuring import FactRow

MAX_ROWS = 10_000
"""Rows of one upload."""

MAX_TEXT = 200
MAX_NOTE = 1_000
MAX_DECIMALS = 10
MAX_DIGITS = 18
"""Digits before the point: what adds up to less than the 28 digits that sums are exact in."""

FIELDS = ("fact", "date", "value", "category", "channel", "source", "uploader", "note")

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
"""Days that the warehouse can hold."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE = re.compile(r"[+-]?([0-9]+)(?:\.([0-9]*))?")
_COMMA = re.compile(r"[+-]?[0-9.\u00a0\u202f ']+,[0-9.,\u00a0\u202f ']*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class FactError:
    """What is wrong with a row; rows count from 1, 0 is the upload itself. `other`: a row that it repeats, or 0."""

    row: int
    field: str
    message: str
    other: int = 0


_REPEATED = (
    "the same fact, date, category, channel and source as {}:"
    " add the two up, or tell them apart by category, channel or source"
)


class _Refused(ValueError):
    """A field's value cannot be taken; the message says why."""


def read_rows(upload: object, uploader: str = "") -> tuple[list[FactRow], list[FactError]]:
    """The rows of `{"facts": [{"fact", "date", "value", …}]}` as decoded from JSON, and everything wrong with it.

    `uploader` is whom rows name that name none. Rows that are wrong are left out; with any error nothing should be
    stored. Numbers should come as Decimal or text: a float counts as its shortest decimal.
    """
    listed = upload.get("facts") if isinstance(upload, Mapping) else None
    if not isinstance(listed, Sequence) or isinstance(listed, str | bytes):
        return [], [FactError(0, "facts", 'the body must be {"facts": [{"fact": …, "date": …, "value": …}]}')]
    if len(listed) > MAX_ROWS:
        return [], [FactError(0, "facts", f"{len(listed)} rows are too many: send {MAX_ROWS} at most at a time")]
    rows: list[FactRow] = []
    errors: list[FactError] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, fields in enumerate(listed, start=1):
        row = _row(fields, number, uploader, errors)
        if row is None:
            continue
        if (earlier := seen.setdefault(key_of(row), number)) != number:
            errors.append(FactError(number, "fact", _REPEATED.format(f"row {earlier}"), earlier))
        rows.append(row)
    return rows, errors


def key_of(row: FactRow) -> tuple[object, ...]:
    """What the versions of a fact have in common."""
    return row.fact, row.day, row.category, row.channel, row.source


def _row(fields: object, number: int, uploader: str, errors: list[FactError]) -> FactRow | None:
    if not isinstance(fields, Mapping):
        errors.append(FactError(number, "", "a fact is an object with fact, date and value"))
        return None
    before = len(errors)
    errors += [
        FactError(number, str(name), f'there is no field "{name}"; there are {", ".join(FIELDS)}')
        for name in fields
        if name not in FIELDS
    ]

    def read(name: str, reader: Any) -> Any:
        try:
            return reader(fields.get(name))
        except _Refused as error:
            errors.append(FactError(number, name, str(error)))
            return None

    fact, day, value = read("fact", _name), read("date", _day), read("value", _value)
    category, channel, source = (read(name, _text) for name in ("category", "channel", "source"))
    own_uploader, note = read("uploader", _text), read("note", _note)
    if len(errors) > before:
        return None
    return FactRow(fact, day, value, category, channel, source, own_uploader or uploader, note)


def _name(said: object) -> str:
    if said in (None, ""):
        raise _Refused('a fact needs a name, e.g. "spend"')
    if not isinstance(said, str) or not _NAME.fullmatch(said):
        raise _Refused("a name is lower-case letters, digits and _, begins with a letter, 64 characters at most")
    return said


def _day(said: object) -> date:
    if said in (None, ""):
        raise _Refused("a fact needs a date, e.g. 2026-11-30")
    if not isinstance(said, str) or not _DATE.fullmatch(said):
        raise _Refused(f"{_shown(said)} is no date; write it as year-month-day, e.g. 2026-11-30")
    try:
        day = date.fromisoformat(said)
    except ValueError as error:
        raise _Refused(f"{_shown(said)} is no day of the calendar") from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _Refused(f"{said} is outside of {FIRST_DAY} to {LAST_DAY}")
    return day


def _value(said: object) -> Decimal:
    if said is None or said == "":
        raise _Refused('a fact needs a value, e.g. "1234.50"')
    if isinstance(said, bool) or not isinstance(said, str | int | float | Decimal):
        raise _Refused("a value is a number or the text of one")
    text = said.strip() if isinstance(said, str) else _plain(said)
    if _COMMA.fullmatch(text):
        raise _Refused(
            f"{_shown(said)} has a comma, which may part thousands or decimals: write a point before the decimals"
            " and nothing between thousands, e.g. 1234.56"
        )
    matched = _VALUE.fullmatch(text)
    if matched is None:
        raise _Refused(f"{_shown(said)} is no number; write e.g. 1234.56, without currency or spaces")
    whole, decimals = matched[1].lstrip("0"), (matched[2] or "").rstrip("0")
    if len(whole) > MAX_DIGITS or len(decimals) > MAX_DECIMALS:
        raise _Refused(f"a value has at most {MAX_DIGITS} digits before the point and {MAX_DECIMALS} after it")
    return Decimal(text)


def _plain(number: float | Decimal) -> str:
    """The decimal text of a JSON number, without an exponent; what is no number stays as it is spelt."""
    decimal = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not decimal.is_finite() or abs(decimal.adjusted()) > 100:
        return str(number)
    return f"{decimal:f}"


def _text(said: object) -> str:
    return _bounded(said, MAX_TEXT)


def _note(said: object) -> str:
    return _bounded(said, MAX_NOTE)


def _bounded(said: object, most: int) -> str:
    if said is None:
        return ""
    if not isinstance(said, str):
        raise _Refused("must be text")
    text = said.strip()
    if len(text) > most:
        raise _Refused(f"is longer than {most} characters")
    if any(ord(character) < 32 for character in text):
        raise _Refused("has control characters")
    return text


def _shown(said: object) -> str:
    text = str(said)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
