"""Counts, distinct subjects, sums and means of messages in buckets, as statements.

Runs nothing. Copies of a message are one; what nobody can be said to have done counts as a message only.
"""

from datetime import timedelta

from metrics.asked_rows import Asked
from metrics.sources import number_of
from schemas.computes import Actives, Count, Distinct, Mean, Sum

_WINDOWED = """
SELECT segment, moment, sum(step) AS steps FROM (
    SELECT segment, arrayJoin(arrayConcat(
        arrayMap(day -> (day, 1), days),
        arrayMap((day, following) -> (least(day + {window}, following), -1),
            days, arrayPushBack(arrayPopFront(days), toInt32(2147483647)))
    )) AS moved, moved.1 AS moment, moved.2 AS step
    FROM (
        SELECT segment, subject, arraySort(groupUniqArray(toInt32(day))) AS days
        FROM {rows} GROUP BY segment, subject
    )
)
GROUP BY segment, moment ORDER BY segment, moment
"""


def count(compute: Count, asked: Asked) -> str:
    return _grouped(asked, asked.messages(compute.source, asked.first, asked.last), "toInt64(count())")


def distinct(compute: Distinct, asked: Asked) -> str:
    if compute.first:
        rows = asked.firsts(compute.source, compute.of)
        return f"SELECT segment, bucket, toInt64(count()) FROM {rows} GROUP BY segment, bucket"
    rows = asked.told(compute.source, compute.of, asked.first, asked.last)
    return _grouped(asked, rows, "toInt64(uniqExact(subject))")


def total(compute: Sum, asked: Asked) -> str:
    value = f", {number_of(compute.property, asked.parameters)} AS value"
    rows = asked.messages(compute.source, asked.first, asked.last, value)
    return _grouped(asked, rows, "sum(value)", "value IS NOT NULL")


def mean(compute: Mean, asked: Asked) -> str:
    value = f", {number_of(compute.property, asked.parameters)} AS value"
    rows = asked.messages(compute.source, asked.first, asked.last, value)
    return _grouped(asked, rows, "sum(value), toInt64(count())", "value IS NOT NULL")


def active_steps(compute: Actives, asked: Asked) -> str:
    """By segment and day number, how many more subjects are in their window that day than the day before.

    A day of activity lasts for the window, or up to the next one, so that nobody is counted twice.
    """
    early = min(bucket.last for bucket in asked.ask.buckets) - timedelta(days=compute.window_days - 1)
    rows = asked.told(compute.source, compute.of, early, asked.last)
    return _WINDOWED.format(window=int(compute.window_days), rows=rows)


def _grouped(asked: Asked, rows: str, numbers: str, condition: str = "1") -> str:
    return f"""
    SELECT segment, {asked.bucket()} AS bucket, {numbers} FROM {rows}
    WHERE bucket > 0 AND {condition} GROUP BY segment, bucket"""
