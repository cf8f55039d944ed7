"""What has been published of the catalogue: values by version, which version counts since when, restatements.

Reads and writes the tables; does not decide what to write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import msgspec

from schemas.measuring import Grain, Value

_POINTS = """
SELECT grain, bucket, numerator, denominator, value, is_maturing, was_over
FROM northstream.metric_point_rows FINAL
WHERE metric = {metric:String} AND version = {version:UInt32}
SETTINGS max_threads = 1
"""
_VERSIONS = """
SELECT metric, version, argMin(since, noted_at), argMax(definition, noted_at), max(noted_at) AS latest
FROM northstream.metric_versions GROUP BY metric, version ORDER BY metric, latest
SETTINGS max_threads = 1
"""
_RESTATED = """
SELECT version, grain, bucket, ordinal, before, after, reason, cause FROM northstream.metric_restatement_rows
WHERE metric = {metric:String} ORDER BY version, grain, bucket, ordinal DESC, at DESC LIMIT 1 BY version, grain, bucket
SETTINGS max_threads = 1
"""

_ROWS_AT_ONCE = 20_000
_DIGITS = Decimal("1E-10")
_WIDE = Context(prec=60)
_MOST = Decimal("1E+27")

_ENCODER = msgspec.json.Encoder()


class Storage(Protocol):
    """Raises `schemas.reading.ReadingUnavailable`."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]: ...

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a metric's definition. `since`: the day on which it was published first."""

    version: int
    since: date
    definition: str


class Place(NamedTuple):
    """Where a value stands within a metric and version."""

    grain: Grain
    bucket: date


class Point(NamedTuple):
    """A value as published, rounded to ten decimals. `was_over`: its bucket was over by then, and it did not mature."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    is_maturing: bool
    was_over: bool


class Restatement(NamedTuple):
    """`ordinal` counts those of one place, from 1."""

    place: Place
    ordinal: int
    before: Decimal | None
    after: Decimal | None
    reason: str
    cause: str


class PublishedPoints:
    """The tables; safe to use from several threads."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def versions(self) -> dict[str, list[Version]]:
        """By metric, the one that counts last."""
        found: dict[str, list[Version]] = {}
        for metric, version, since, definition, _ in self._storage.rows(_VERSIONS, {}):
            found.setdefault(metric, []).append(Version(version, since, definition))
        return found

    def points(self, metric: str, version: int) -> dict[Place, Point]:
        rows = self._storage.rows(_POINTS, {"metric": metric, "version": version})
        return {Place(grain, bucket): Point(*point) for grain, bucket, *point in rows}

    def restated(self, metric: str) -> dict[tuple[int, Place], Restatement]:
        """By version and place the last restatement; its ordinal is their number."""
        rows = self._storage.rows(_RESTATED, {"metric": metric})
        return {
            (version, place): Restatement(place, *rest)
            for version, grain, bucket, *rest in rows
            for place in (Place(grain, bucket),)
        }

    def write_versions(self, versions: Mapping[str, Version]) -> None:
        """By metric: the version that counts from now on."""
        self._insert(
            "metric_versions",
            (
                {
                    "metric": metric,
                    "version": one.version,
                    "definition": one.definition,
                    "since": one.since.isoformat(),
                }
                for metric, one in versions.items()
            ),
        )

    def write_points(self, metric: str, version: int, points: Mapping[Place, Point]) -> None:
        self._insert(
            "metric_point_rows",
            (
                {
                    "metric": metric,
                    "version": version,
                    "grain": place.grain,
                    "bucket": place.bucket.isoformat(),
                    "numerator": _text(point.numerator),
                    "denominator": _text(point.denominator),
                    "value": _text(point.value),
                    "is_maturing": point.is_maturing,
                    "was_over": point.was_over,
                }
                for place, point in points.items()
            ),
        )

    def write_restatements(self, metric: str, version: int, restatements: Iterable[Restatement]) -> None:
        self._insert(
            "metric_restatement_rows",
            (
                {
                    "metric": metric,
                    "version": version,
                    "grain": one.place.grain,
                    "bucket": one.place.bucket.isoformat(),
                    "ordinal": one.ordinal,
                    "before": _text(one.before),
                    "after": _text(one.after),
                    "reason": one.reason,
                    "cause": one.cause,
                }
                for one in restatements
            ),
        )

    def _insert(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        waiting = list(rows)
        for start in range(0, len(waiting), _ROWS_AT_ONCE):
            block = waiting[start : start + _ROWS_AT_ONCE]
            # A block that was written before must be written again after another: without a token of its own it would
            # be known by its content, and dropped.
            settings = {"insert_deduplication_token": uuid4().hex}
            self._storage.insert_lines(table, list(block[0]), _ENCODER.encode_lines(block), settings)


def point_of(value: Value, was_over: bool) -> Point:
    """A value as it can be published."""
    parts = (rounded(value.numerator), rounded(value.denominator), rounded(value.value))
    return Point(*parts, value.is_maturing, was_over)


def rounded(number: Decimal | None) -> Decimal | None:
    """To ten decimals; None beyond what a table holds."""
    if number is None or not number.is_finite() or abs(number) >= _MOST:
        return None
    return number.quantize(_DIGITS, context=_WIDE)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
