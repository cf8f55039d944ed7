"""The cohort table as plain data: sizes, cells with what is still running, the weighted average.

Does not count: `schemas.measuring.Measures` is handed in.
"""

from datetime import date, timedelta
from typing import Any

from dashboard.periods import Days, Grain, bucket_start
from schemas.measuring import CohortQuestion, CohortRow, Measures

_DAY = timedelta(days=1)


def retention_answer(measures: Measures, question: CohortQuestion) -> dict[str, Any]:
    """Rates of a cell are of the cohort's size; null where a period has not begun. Blocks.

    Raises:
        UnknownDimension: the cohorts cannot be filtered so.
    """
    table = measures.cohorts(question)
    return {
        "subject": question.subject,
        "period": table.period,
        "mode": table.mode,
        "from": question.first,
        "to": question.last,
        "cohorts": [_row(row) for row in table.rows],
        "average": list(table.average),
    }


def _row(row: CohortRow) -> dict[str, Any]:
    return {
        "cohort": row.cohort,
        "size": row.size,
        "cells": [
            {
                "period": n,
                "count": count,
                "rate": count / row.size if count is not None and row.size else None,
                "running": is_running,
            }
            for n, (count, is_running) in enumerate(zip(row.cells, row.is_running, strict=True))
        ],
    }


def last_cohorts(end: date, period: Grain, count: int) -> Days:
    """The days of so many cohorts, that of `end` the last."""
    first = bucket_start(end, period)
    for _ in range(count - 1):
        first = bucket_start(first - _DAY, period)
    return Days(first, end)
