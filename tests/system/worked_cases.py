"""Reads the table of worked examples into messages, facts and questions of a running product.

Does not send or judge anything; imports nothing of the product.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

_TABLE = Path(__file__).with_name("cases") / "worked_examples.yaml"
_WHOLE_MONTHS = (11, 10, 9)
"""Months that belong to one case each, counted back from the present one; all else happens in other ones."""

_USUAL_MONTHS_BACK = 2
_USUAL_DAY = 5
_LONG_MONTHS = (8, 1)
"""August and January: they and the month before have 31 days each."""


def month_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of a day (negative: after)."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Question:
    """One number that is printed: the metric over its bucket, and how it must show."""

    metric: str
    first: date
    last: date
    grain: str
    shows: str
    status: str = ""


class Case:
    """An example on a calendar that ends today. `slug` is the channel that all it sends carries."""

    def __init__(self, number: int, row: Mapping[str, Any], month: date, today: date) -> None:
        self.slug = f"case-{number:02d}"
        self.example: str = row["example"]
        self.is_whole: bool = row.get("whole", False)
        self.month = month
        self._row = row
        self._today = today

    def messages(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """(time in Unix seconds, message), in the order of the table."""
        for position, row in enumerate(self._row.get("events", [])):
            name, _, numbers = row["who"].rpartition(" ")
            first, _, last = numbers.partition("-")
            for number in range(int(first), int(last) + 1):
                for repetition in range(row.get("times", 1)):
                    at = self._moment(row) + repetition * 60
                    yield at, self._message(row, position, f"{self.slug}-{name}-{number}", number, repetition, at)

    def facts(self) -> Iterator[dict[str, Any]]:
        for row in self._row.get("facts", []):
            fact = {"fact": row["fact"], "date": self._day(row).isoformat(), "value": row["value"]}
            yield fact | {"category": row.get("category", ""), "channel": self.slug}

    @cached_property
    def questions(self) -> list[Question]:
        return [self._question(row) for row in self._row["prints"]]

    @property
    def cards(self) -> list[dict[str, str]]:
        """What a board over the month shows, compared with the month before."""
        return self._row.get("board", [])

    @property
    def last_day(self) -> date:
        return min(month_before(self.month, -1) - timedelta(days=1), self._today)

    def _message(
        self, row: Mapping[str, Any], position: int, user: str, number: int, repetition: int, at: float
    ) -> dict[str, Any]:
        kind = row.get("type", "track")
        message: dict[str, Any] = {
            "type": kind,
            "messageId": f"{self.slug}-{position}-{number}-{repetition}",
            "userId": user,
            "timestamp": datetime.fromtimestamp(at, UTC).isoformat(),
        }
        if kind == "group":
            return message | {"groupId": row["group"], "traits": {}}
        given = {key: _numbered(value, number) for key, value in row.get("properties", {}).items()}
        message["properties"] = {"channel": self.slug, **given}
        return message | ({"event": row["event"]} if kind == "track" else {"name": "Home"})

    def _moment(self, row: Mapping[str, Any]) -> float:
        noon = datetime.combine(self._day(row), datetime.min.time(), UTC) + timedelta(hours=12)
        return noon.timestamp() + float(row.get("second", 0))

    def _day(self, row: Mapping[str, Any]) -> date:
        if "weekday" in row:
            return self._monday + timedelta(days=row["weekday"] - 1)
        month = month_before(self.month, -row.get("month", 0))
        day = row.get("day", _USUAL_DAY)
        if day == "last":
            return month_before(month, -1) - timedelta(days=1)
        return month + timedelta(days=day - 1 + row.get("plus", 0))

    @property
    def _monday(self) -> date:
        """Of the week that a question by week asks for."""
        middle = self.month + timedelta(days=14)
        return middle - timedelta(days=middle.weekday())

    def _question(self, row: Mapping[str, Any]) -> Question:
        if row.get("by") == "week":
            first, last = self._monday, self._monday + timedelta(days=6)
        else:
            first = month_before(self.month, -row.get("month", 0))
            last = min(month_before(first, -1) - timedelta(days=1), self._today)
        return Question(row["metric"], first, last, row.get("by", "month"), row["shows"], row.get("status", ""))


def _numbered(value: Any, number: int) -> Any:
    return value.format(n=number) if isinstance(value, str) else value


def read_cases(today: date) -> list[Case]:
    """All cases, each in its month; those that are asked whole have theirs alone."""
    rows = yaml.safe_load(_TABLE.read_text("utf-8"))
    whole_months = iter(_WHOLE_MONTHS)
    return [Case(number, row, _month_of(row, today, whole_months), today) for number, row in enumerate(rows, start=1)]


def _month_of(row: Mapping[str, Any], today: date, whole_months: Iterator[int]) -> date:
    if row.get("whole"):
        return month_before(today, next(whole_months))
    if row.get("running"):
        return month_before(today, 0)
    if row.get("pair"):
        return next(month for back in range(1, 9) if (month := month_before(today, back)).month in _LONG_MONTHS)
    return month_before(today, _USUAL_MONTHS_BACK)


def printed(value: float | None, like: str) -> str:
    """A value written as an example is: with its decimals, in per cent or points where it has them, signed if it is."""
    if value is None:
        return "nothing"
    number, _, unit = like.replace("−", "-").partition(" ")
    scale = 100 if unit else 1
    decimals = Decimal(1).scaleb(-len(number.partition(".")[2]))
    rounded = (Decimal(repr(value)) * scale).quantize(decimals, ROUND_HALF_UP)
    text = f"{rounded:+}" if number.startswith(("+", "-")) and rounded else f"{rounded}"
    return f"{text} {unit}".strip().replace("-", "−" if "−" in like else "-")
