"""Shared parameters: segments, comparisons; and how much a value changed."""

from datetime import date
from decimal import Decimal

import pytest

from dashboard.changes import change_of
from dashboard.failures import Failure
from dashboard.periods import Days
from dashboard.questions import Segments, compared, read_filters, read_segments
from schemas.measuring import Segment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Segments()),
        ("channel", Segments((), "channel")),
        ("channel:ads", Segments((Segment("channel", "ads"),))),
        ("channel:", Segments((Segment("channel", None),))),
        ("plan:team,channel", Segments((Segment("plan", "team"),), "channel")),
        ("account:Acme\\, Inc.", Segments((Segment("account", "Acme, Inc."),))),
        ("account:a:b\\\\c", Segments((Segment("account", "a:b\\c"),))),
        ("property.feature", Segments((), "property.feature")),
    ],
)
def test_segments_split_and_filter(text, expected):
    """A bare dimension splits, one with a value filters, an empty value is the segment of nobody said."""
    assert read_segments(text) == expected


@pytest.mark.parametrize("text", ["", ",", "channel,plan", "channel,", ":ads", ",".join(["a:b"] * 9)])
def test_segments_that_mean_nothing_are_refused(text):
    """422, which names the parameter."""
    with pytest.raises(Failure, match=r"^segment: "):
        read_segments(text)


def test_where_nothing_can_be_split_a_split_is_refused():
    """It would silently be left out."""
    with pytest.raises(Failure, match="give channel a value"):
        read_filters("channel")


def test_a_period_is_compared_with_the_one_before_and_the_same_days_a_year_before():
    """Equal length; 29 February is compared with the 28th."""
    found = compared(Days(date(2024, 2, 2), date(2024, 2, 29)))
    assert found.previous == Days(date(2024, 1, 5), date(2024, 2, 1))
    assert found.last_year == Days(date(2023, 2, 2), date(2023, 2, 28))


@pytest.mark.parametrize(
    ("unit", "before", "after", "change"),
    [
        ("count", "285", "312", "9.5"),
        ("count", "2650", "2847", "7.4"),
        ("money", "142", "127", "-10.6"),
        ("money", "45200", "47500", "5.1"),
        ("ratio", "0.041", "0.032", "-0.9"),
        ("ratio", "0.65", "0.68", "3.0"),
        ("ratio", "0", "0.1", "10.0"),
        ("score", "-10", "-5", "50.0"),
        ("count", "0", "5", None),
        ("count", None, "5", None),
        ("ratio", "0.1", None, None),
    ],
)
def test_a_level_changes_in_per_cent_and_a_rate_in_points(unit, before, after, change):
    """The examples of the reference; nothing where before is 0 or unknown."""
    found = change_of(*(None if value is None else Decimal(value) for value in (before, after)), unit)
    assert (found if found is None else f"{found:.1f}") == change
