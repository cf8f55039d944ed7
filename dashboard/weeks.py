"""ISO weeks as people write them (`2026-W47`) and as days (the week's Monday).

Does not read a clock.
"""

import re
from datetime import date, timedelta

from dashboard.failures import Failure, Reason

_WRITTEN = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_YEARS = range(1971, 2149)


def read_week(name: str, text: str) -> date:
    """The Monday of a written week.

    Raises:
        Failure: 422 for what is no week.
    """
    match = _WRITTEN.fullmatch(text)
    try:
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        monday = None
    if monday is None or monday.year not in _YEARS:
        raise Failure(Reason.INVALID_PARAMETER, f"{name}: not an ISO week like 2026-W47")
    return monday


def written_week(day: date) -> str:
    """The week that a day lies in."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
