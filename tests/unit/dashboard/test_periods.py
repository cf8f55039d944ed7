"""Ranges and buckets: whole weeks from Monday, whole months from the first."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.failures import Failure
from dashboard.periods import Days, buckets_of, read_range

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(first=DAYS, length=st.integers(0, 799), grain=st.sampled_from(["day", "week", "month"]))
def test_buckets_cover_the_range_without_gaps_or_overlaps(first, length, grain):
    """Each day of the range lies in exactly one bucket, and every bucket has a day of the range."""
    days = Days(first, first + timedelta(days=length))
    buckets = buckets_of(days, grain)
    assert buckets[0].first <= days.first
    assert buckets[-1].last >= days.last
    for earlier, later in pairwise(buckets):
        assert later.first - earlier.last == timedelta(days=1)
    assert all(bucket.last >= days.first and bucket.first <= days.last for bucket in buckets)


@given(day=DAYS)
def test_weeks_start_on_monday_and_months_on_the_first(day):
    """ISO weeks, calendar months."""
    (week,) = buckets_of(Days(day, day), "week")
    (month,) = buckets_of(Days(day, day), "month")
    assert (week.first.isoweekday(), week.last.isoweekday(), len(list(week))) == (1, 7, 7)
    assert month.first.day == 1
    assert (month.last + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 10, 24), TODAY)),
        (None, "2026-03-01", (date(2026, 1, 31), date(2026, 3, 1))),
        ("2026-11-20", None, (date(2026, 11, 20), TODAY)),
        ("2024-02-29", "2024-02-29", (date(2024, 2, 29), date(2024, 2, 29))),
    ],
)
def test_a_missing_end_is_today_and_a_missing_start_thirty_days_before(first, last, expected):
    """The default range is the last 30 days, both ends included."""
    days = read_range(first, last, TODAY)
    assert (days.first, days.last) == expected


@given(st.text(max_size=12).filter(lambda text: not text.startswith(("19", "20", "21"))))
def test_what_is_no_date_is_refused_by_name(text):
    """Never another exception, whatever is sent."""
    with pytest.raises(Failure, match=r"^from"):
        read_range(text, "2026-11-22", TODAY)
