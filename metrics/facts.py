"""External facts: the store with all their versions, and what a bucket makes of them.

Does not check what people hand in: see `schemas.fact_rows`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from metrics.asking import WHOLE, Answer, Ask, Bucket, Pair, Query
from schemas.computes import Compute, Fact
from schemas.fact_rows import key_of
from schemas.measuring import FactRow, Segment, UnknownDimension

DIMENSIONS = ("category", "channel", "source")
"""By what facts can be split and filtered; what is empty is the NULL segment."""

_COLUMNS = ("fact", "day", "category", "channel", "source", "value", "uploader", "note")

_READ = """
SELECT fact, day, category, channel, source, value, uploader, note, version, uploaded_at
FROM northstream.{table}
WHERE fact IN {{facts:Array(String)}} AND day BETWEEN {{first:Date}} AND {{last:Date}}
ORDER BY fact, day, category, channel, source, version, uploaded_at
"""
_NAMES = "SELECT DISTINCT fact FROM northstream.facts ORDER BY fact"

_ENCODER = msgspec.json.Encoder()


class FactTable(Query, Protocol):
    """The warehouse, as far as facts need it."""

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None: ...


class FactVersion(NamedTuple):
    """A fact as it was handed in, once; versions of a key count from 1."""

    row: FactRow
    version: int
    uploaded_at: datetime


class FactStore:
    """Safe to call from several threads."""

    def __init__(self, warehouse: FactTable) -> None:
        self._warehouse = warehouse
        self._writing = threading.Lock()

    def write(self, rows: Sequence[FactRow]) -> int:
        """Store the facts as new versions of their keys, in one insert; the number of those that changed something.

        What is there already, with the same value and note, is left as it is, so that an upload can be repeated. Of
        rows with one key the last counts.
        """
        wanted = {key_of(row): row for row in rows}
        if not wanted:
            return 0
        days = [row.day for row in rows]
        with self._writing:
            known = {key_of(one.row): one for one in self._read({row.fact for row in rows}, min(days), max(days))}
            changed = [
                (row, known[key].version + 1 if key in known else 1)
                for key, row in wanted.items()
                if key not in known or (known[key].row.value, known[key].row.note) != (row.value, row.note)
            ]
            if changed:
                lines = _ENCODER.encode_lines([_line(row, version) for row, version in changed])
                self._warehouse.insert_lines("facts", (*_COLUMNS, "version"), lines, {})
        return len(changed)

    def read(self, fact: str, first: date, last: date) -> list[FactRow]:
        """The rows that count, by day."""
        return [one.row for one in self._read([fact], first, last)]

    def standing(self, fact: str, first: date, last: date) -> list[FactVersion]:
        """The rows that count, with their versions."""
        return self._read([fact], first, last)

    def versions(self, fact: str, first: date, last: date) -> list[FactVersion]:
        """Everything that was ever handed in, the versions of a key in their order."""
        return self._read([fact], first, last, "facts")

    def names(self) -> list[str]:
        """Every fact that has a row."""
        return [name for (name,) in self._warehouse.rows(_NAMES, {})]

    def _read(self, facts: Iterable[str], first: date, last: date, table: str = "current_facts") -> list[FactVersion]:
        parameters = {"facts": sorted(facts), "first": first, "last": last}
        return [
            FactVersion(FactRow(fact, day, value, category, channel, source, uploader, note), version, uploaded_at)
            for fact, day, category, channel, source, value, uploader, note, version, uploaded_at in (
                self._warehouse.rows(_READ.format(table=table), parameters)
            )
        ]


@dataclass(frozen=True, slots=True)
class FactComputer:
    """Implements `metrics.asking.Computer` for the kind Fact."""

    store: FactStore

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        """Raises UnknownDimension: facts know only their own category, channel and source."""
        if not isinstance(compute, Fact):
            raise TypeError(f"facts do not compute {type(compute).__name__}")
        if not ask.buckets:
            return {}
        for dimension in (*(one.dimension for one in ask.filters), *filter(None, (ask.split,))):
            _check(dimension, compute.fact)
        first = date.min if compute.aggregate == "last" else min(bucket.first for bucket in ask.buckets)
        last = max(bucket.last for bucket in ask.buckets)
        found = self.store.standing(compute.fact, max(first, date(1970, 1, 1)), last)
        segments: dict[str | None, list[FactVersion]] = {}
        for one in found:
            if _is_meant(one.row, compute, ask.filters):
                key = (getattr(one.row, ask.split) or None) if ask.split else WHOLE
                segments.setdefault(key, []).append(one)
        return {key: _pairs(rows, compute.aggregate, ask.buckets) for key, rows in segments.items()}


def _line(row: FactRow, version: int) -> dict[str, Any]:
    line = {name: getattr(row, name) for name in _COLUMNS}
    return line | {"value": f"{row.value:f}", "version": version}


def _check(dimension: str, fact: str) -> None:
    if dimension not in DIMENSIONS:
        known = ", ".join(DIMENSIONS)
        raise UnknownDimension(f'the fact "{fact}" is known by {known}, not by {dimension}')


def _is_meant(row: FactRow, compute: Fact, filters: Sequence[Segment]) -> bool:
    if compute.categories and row.category not in compute.categories:
        return False
    if compute.channels and row.channel not in compute.channels:
        return False
    return all(getattr(row, one.dimension) == (one.value or "") for one in filters)


def _pairs(rows: Sequence[FactVersion], aggregate: str, buckets: Sequence[Bucket]) -> dict[date, Pair]:
    """Buckets without a row are left out: nobody said that nothing was spent."""
    found = {}
    for bucket in buckets:
        if aggregate == "last":
            values = list(_latest(rows, bucket.last).values())
        else:
            values = [one.row.value for one in rows if bucket.first <= one.row.day <= bucket.last]
        if values:
            size = Decimal(len(values)) if aggregate == "mean" else None
            found[bucket.first] = Pair(sum(values, Decimal(0)), size)
    return found


def _latest(rows: Sequence[FactVersion], last: date) -> dict[tuple[str, str], Decimal]:
    """Of each category and channel what was said last: of its latest day, whichever source was uploaded last."""
    latest: dict[tuple[str, str], FactVersion] = {}
    for one in rows:
        place = (one.row.category, one.row.channel)
        before = latest.get(place)
        if one.row.day <= last and (before is None or _age(before) <= _age(one)):
            latest[place] = one
    return {place: one.row.value for place, one in latest.items()}


def _age(one: FactVersion) -> tuple[date, datetime]:
    return one.row.day, one.uploaded_at
