"""Sessions, and the days between active days, as statements and what is left to reckon from them.

Runs nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from metrics.asked_rows import Asked
from metrics.asking import WHOLE, Answer, Ask, Pair
from schemas.calendar import day_number
from schemas.computes import EventSet, Sessions

IDLE_MS = 30 * 60_000
"""A session ends when nothing happens for so long."""

USAGE_DAYS = 90
"""Between which active days the usage interval is looked at, up to the bucket's end."""

_ACTIONS = EventSet(types=("page", "screen", "track"))
_NUMBERS = {
    "count": "toInt64(count())",
    "per_person": "toInt64(count()), toInt64(uniqExact(subject))",
    "duration": "toDecimal128(sum(times[-1] - times[1]), 3) / 1000, toInt64(count())",
    "bounces": "toInt64(countIf(length(times) = 1)), toInt64(count())",
}


def sessions(compute: Sessions, asked: Asked) -> str:
    return f"""
    SELECT segment, {asked.bucket()} AS bucket, {_NUMBERS[compute.part]} FROM {session_rows(compute, asked)}
    WHERE bucket > 0 GROUP BY segment, bucket"""


def session_rows(compute: Sessions, asked: Asked) -> str:
    """Every session that may begin in the range: `subject`, `name`, `segment`, `times` in order, `day` of its begin.

    From a day before, as what began then may last; to whatever end where the end matters.
    """
    last = asked.last if compute.part in ("count", "per_person") else None
    rows = asked.told(_ACTIONS, "person", asked.first - timedelta(days=1), last)
    return f"""(
    SELECT segment, subject, name, arrayJoin(arraySplit(
        (at, gap) -> gap >= {IDLE_MS}, sorted, arrayDifference(sorted)
    )) AS times, {asked.day_of("times[1]")} AS day
    FROM (
        SELECT segment, subject, any(name) AS name, arraySort(groupArray(at)) AS sorted
        FROM {rows} GROUP BY segment, subject
    )
)"""


def interval_counts(asked: Asked) -> str:
    """By segment how often an active day was followed by another one: (segment, day, next active day, times)."""
    early = min(bucket.last for bucket in asked.ask.buckets) - timedelta(days=USAGE_DAYS - 1)
    return f"""
    SELECT segment, gap.1 AS day, gap.2 AS following, toInt64(count()) FROM (
        SELECT segment, arraySort(groupUniqArray(day)) AS days,
            arrayJoin(arrayZip(arrayPopBack(days), arrayPopFront(days))) AS gap
        FROM {asked.told(EventSet(active=True), "person", early, asked.last)} GROUP BY segment, subject
    )
    GROUP BY segment, day, following"""


def intervals(rows: Iterable[Sequence[Any]], ask: Ask) -> Answer:
    """The median by segment and bucket, in days."""
    by_segment: dict[str | None, list[tuple[int, int, int]]] = {}
    for segment, day, following, times in rows:
        by_segment.setdefault(segment if ask.split else WHOLE, []).append((day, following, times))
    answer = {}
    for segment, gaps in by_segment.items():
        found = {}
        for bucket in ask.buckets:
            last = day_number(bucket.last)
            counts: dict[int, int] = {}
            for day, following, times in gaps:
                if day > last - USAGE_DAYS and following <= last:
                    counts[following - day] = counts.get(following - day, 0) + times
            if counts:
                found[bucket.first] = Pair(median_of(counts))
        answer[segment] = found
    return answer


def median_of(counts: Mapping[int, int]) -> Decimal:
    """The median of numbers of which each is there so many times; of an even count the mean of the middle two."""
    whole = sum(counts.values())
    places = ((whole - 1) // 2, whole // 2)
    found, seen = [], 0
    for number in sorted(counts):
        before, seen = seen, seen + counts[number]
        found += [number for place in places if before <= place < seen]
    return Decimal(sum(found)) / 2
