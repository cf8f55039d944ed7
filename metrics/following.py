"""What follows a start: conversion, the time until an end, retention, as statements.

Runs nothing. A start is a subject's first ever; the message that it is cannot be its own end.
"""

from datetime import date, timedelta
from typing import Literal

from metrics.asked_rows import Asked
from metrics.asking import Bucket
from metrics.sources import text_of
from schemas.calendar import day_number
from schemas.computes import Compute, Conversion, EventSet, Retention, TimeBetween

Period = Literal["day", "week", "month"]

_DAYS = {"day": 1, "week": 7, "month": 31}
"""Of a period at most."""

_MONTHS = "toInt32(toYear(toDate({day})) * 12 + toMonth(toDate({day})))"


def number_of_period(day: str, period: Period) -> str:
    """Consecutive numbers of the days, weeks (from Monday) or months that hold a day (a UInt16 expression)."""
    if period == "month":
        return _MONTHS.format(day=day)
    return f"toInt32(intDiv({day} + 3, 7))" if period == "week" else f"toInt32({day})"


def conversion(compute: Conversion, asked: Asked) -> str:
    starts = asked.firsts(compute.start, compute.of)
    bare = asked.firsts(compute.start, compute.of, is_told=False)
    return _share(starts, ended(bare, asked, compute.end, compute.of, compute.within_seconds))


def time_between(compute: TimeBetween, asked: Asked) -> str:
    """Seconds; those without an end are out."""
    if compute.statistic == "mean":
        numbers = "toDecimal128(sum(took), 3) / 1000, toInt64(count())"
    else:
        numbers = "toDecimal128(quantileExactInclusive(0.5)(took), 4) / 1000"
    return f"SELECT segment, bucket, {numbers} FROM {spans(compute, asked)} GROUP BY segment, bucket"


def spans(compute: TimeBetween, asked: Asked) -> str:
    """Every start with its end: `subject`, `name`, `segment`, `bucket`, and how long it `took` (milliseconds)."""
    if compute.pair_by:
        return _paired(compute, asked)
    starts = asked.firsts(compute.start, compute.of)
    bare = asked.firsts(compute.start, compute.of, is_told=False)
    return f"""(
    SELECT starts.subject AS subject, starts.name AS name, starts.segment AS segment, starts.bucket AS bucket,
        ended.until - starts.at AS took
    FROM {starts} AS starts
    INNER JOIN {ended(bare, asked, compute.end, compute.of, None)} AS ended ON ended.subject = starts.subject
)"""


def retention(compute: Retention, asked: Asked) -> str:
    cohort = cohort_of(compute.cohort, asked)
    return _share(asked.firsts(cohort), active_later(compute, asked, asked.firsts(cohort, is_told=False)))


def matures(compute: Compute, asked: Asked, bucket: Bucket) -> bool:
    """Whether somebody who started in the bucket may still be found later."""
    if isinstance(compute, Conversion):
        within = compute.within_seconds
        return within is None or asked.end_ms(bucket) + within * 1000 > asked.now_ms
    if isinstance(compute, Retention):
        return _period_of(bucket.last, compute.period) + compute.after >= _period_of(asked.today, compute.period)
    return False


def _period_of(day: date, period: Period) -> int:
    if period == "month":
        return day.year * 12 + day.month
    return (day_number(day) + 3) // 7 if period == "week" else day_number(day)


def cohort_of(cohort: EventSet, asked: Asked) -> EventSet:
    """Who says nothing means the signups of the workspace."""
    return EventSet(events=(asked.stream.signup_event,)) if cohort == EventSet() else cohort


def _share(starts: str, found: str) -> str:
    """Of the starts, those whose subject is found, over all."""
    return f"""
    SELECT segment, bucket, toInt64(sum(found.is_found)), toInt64(count())
    FROM {starts} AS starts
    LEFT ANY JOIN (SELECT DISTINCT subject, toUInt8(1) AS is_found FROM {found}) AS found
        ON found.subject = starts.subject
    GROUP BY segment, bucket"""


def ended(starts: str, asked: Asked, end: EventSet, of: Literal["person", "account"], within: int | None) -> str:
    """Subjects with the time `until` of their first end."""
    bound = f"AND ends.at < starts.at + {int(within) * 1000}" if within is not None else ""
    ends = asked.plain(end, of, asked.first)
    return f"""(
    SELECT ends.subject AS subject, min(ends.at) AS until
    FROM {ends} AS ends INNER JOIN {starts} AS starts ON starts.subject = ends.subject
    WHERE ends.at >= starts.at AND ends.message != starts.message {bound}
    GROUP BY subject
)"""


def active_later(compute: Retention, asked: Asked, starts: str) -> str:
    later = number_of_period("activity.day", compute.period)
    began = number_of_period("starts.day", compute.period)
    compared = "=" if compute.mode == "on" else ">="
    last = asked.last + timedelta(days=_DAYS[compute.period] * (compute.after + 1)) if compute.mode == "on" else None
    return f"""(
    SELECT activity.subject AS subject
    FROM {asked.plain(compute.activity, "person", asked.first, last)} AS activity
    INNER JOIN {starts} AS starts ON starts.subject = activity.subject
    WHERE {later} - {began} {compared} {int(compute.after)}
)"""


def _paired(compute: TimeBetween, asked: Asked) -> str:
    """Every start by itself, with the first end that has the same value of the property, whoever did it."""
    key = f", {text_of(compute.pair_by, asked.parameters)} AS pair"
    starts = asked.told(compute.start, "person", asked.first, asked.last, key)
    ends = asked.plain(compute.end, "person", asked.first, None, key)
    return f"""(
    SELECT any(starts.subject) AS subject, any(starts.name) AS name, any(starts.segment) AS segment,
        any({asked.bucket("starts.day")}) AS bucket, min(ends.at) - any(starts.at) AS took
    FROM {starts} AS starts INNER JOIN {ends} AS ends ON ends.pair = starts.pair
    WHERE ends.at >= starts.at AND ends.message != starts.message AND {asked.bucket("starts.day")} > 0
    GROUP BY starts.message
)"""
