"""Persons as cohorts: by the period of their signup, how many of them are active later.

Exact whatever was united, sent again or came late. Customers as cohorts are in `metrics.customers`.
"""

from collections.abc import Sequence
from datetime import date
from itertools import accumulate

from metrics.asked_rows import Asked
from metrics.asking import Query
from metrics.following import number_of_period
from metrics.periods import DAY, bucket_end
from schemas.computes import EventSet
from schemas.measuring import CohortQuestion, CohortRow, Grain

Cells = dict[tuple[int, int], int]
"""By number of the cohort (from 1) and age, how many."""


def cohort_rows(query: Query, asked: Asked, question: CohortQuestion) -> list[CohortRow]:
    """`asked` has a bucket for each cohort, whole, in order. Cells go up to `periods` periods later; 0 is its own.

    `on_or_after` looks as far as there are events. A period that has not begun has no cell.
    """
    starts = asked.firsts(EventSet(events=(asked.stream.signup_event,)))
    sizes = {row[0]: int(row[1]) for row in query.rows(_sizes(starts), asked.parameters.values)}
    found = query.rows(_ages(asked, starts, question), asked.parameters.values)
    cells: Cells = {(bucket, age): count for bucket, age, count in found}
    ages = question.periods + 1
    if question.mode == "on_or_after":
        cells = _or_later(cells, ages)
    rows = []
    for number, bucket in enumerate(asked.ask.buckets, start=1):
        begins = list(_begins(bucket.first, question.period, ages))
        counts = [cells.get((number, age), 0) if first <= asked.today else None for age, first in enumerate(begins)]
        running = [first <= asked.today <= bucket_end(first, question.period) for first in begins]
        rows.append(CohortRow(bucket.first, sizes.get(number, 0), counts, running))
    return rows


def _sizes(starts: str) -> str:
    return f"SELECT bucket, toInt64(count()) FROM {starts} GROUP BY bucket"


def _ages(asked: Asked, starts: str, question: CohortQuestion) -> str:
    """`on`: how many were active at each age. `on_or_after`: how many have been so for the last time at each age."""
    later = number_of_period("activity.day", question.period)
    began = number_of_period("starts.day", question.period)
    aged = f"""
        SELECT starts.bucket AS bucket, activity.subject AS subject, {later} - {began} AS age
        FROM {asked.plain(EventSet(active=True), "person", asked.first)} AS activity
        INNER JOIN {starts} AS starts ON starts.subject = activity.subject WHERE age >= 0"""
    if question.mode == "on":
        return f"""
        SELECT bucket, age, toInt64(uniqExact(subject)) FROM ({aged})
        WHERE age <= {int(question.periods)} GROUP BY bucket, age"""
    return f"""
    SELECT bucket, oldest, toInt64(count())
    FROM (SELECT bucket, subject, max(age) AS oldest FROM ({aged}) GROUP BY bucket, subject) GROUP BY bucket, oldest"""


def _or_later(last_seen: Cells, ages: int) -> Cells:
    """From how many were seen for the last time at an age to how many were seen at it or later."""
    cells: Cells = {}
    for bucket in {bucket for bucket, _ in last_seen}:
        oldest = max(ages, *(age + 1 for found, age in last_seen if found == bucket))
        counts = [last_seen.get((bucket, age), 0) for age in reversed(range(oldest))]
        cells |= {(bucket, oldest - 1 - place): count for place, count in enumerate(accumulate(counts))}
    return cells


def _begins(first: date, period: Grain, ages: int) -> Sequence[date]:
    begins = [first]
    while len(begins) < ages:
        begins.append(bucket_end(begins[-1], period) + DAY)
    return begins
