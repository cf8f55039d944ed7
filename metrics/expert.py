"""The kind `sql`: an expert's own SELECT, run where nothing can be written and nothing outside be reached.

The limits are those of the connection that is handed in; the shape of the answer is checked here.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from metrics.asked_rows import Asked
from metrics.asking import WHOLE, Answer, Bucket, Pair, Query
from metrics.figures import exact
from schemas.computes import Sql
from schemas.measuring import NotComputable, UnknownDimension

MOST_ROWS = 10_000
"""Days of an answer; more means that the query groups by something else."""

Days = dict[date, tuple[Decimal | None, Decimal | None]]


def answer(compute: Sql, asked: Asked, query: Query | None) -> Answer:
    """Raises UnknownDimension for any segment, NotComputable for a query that cannot be run or answers otherwise."""
    if asked.is_narrowed:
        raise UnknownDimension("a metric of kind sql cannot be split or filtered")
    if query is None:
        raise NotComputable("metrics of kind sql are switched off here")
    statement = f"SELECT * FROM (\n{compute.query.rstrip().rstrip(';')}\n) LIMIT {MOST_ROWS + 1}"
    rows = query.rows(statement, {"first": asked.first, "last": asked.last})
    if len(rows) > MOST_ROWS:
        raise NotComputable(f"the query gives more than {MOST_ROWS} rows, it must give one a day")
    days: Days = {}
    for row in rows:
        day, *numbers = row
        if not isinstance(day, date) or len(numbers) not in (1, 2):
            raise NotComputable("the query must give (day, value) or (day, numerator, denominator)")
        days[_plain(day)] = (_number(numbers[0]), _number(numbers[1]) if len(numbers) == 2 else None)
    found = {bucket.first: pair for bucket in asked.ask.buckets if (pair := _over(days, bucket, compute)) is not None}
    return {WHOLE: found}


def _over(days: Days, bucket: Bucket, compute: Sql) -> Pair | None:
    if compute.over == "last_day":
        return Pair(*days[bucket.last]) if bucket.last in days else None
    inside = [numbers for day, numbers in days.items() if bucket.first <= day <= bucket.last]
    if not inside:
        return None
    denominators = [below for _, below in inside if below is not None]
    numerators = [above for above, _ in inside if above is not None]
    return Pair(
        sum(numerators, Decimal(0)) if numerators else None, sum(denominators, Decimal(0)) if denominators else None
    )


def _plain(day: Any) -> date:
    return date(day.year, day.month, day.day)


def _number(value: Any) -> Decimal | None:
    if value is not None and not isinstance(value, int | float | Decimal):
        raise NotComputable("the query must give numbers beside the day")
    found = exact(value)
    return found if found is None or found.is_finite() else None
