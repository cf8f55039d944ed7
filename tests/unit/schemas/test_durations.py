"""Durations in YAML."""

import pytest

from schemas.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 604_800), ("1h", 3600), ("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("0", 0), ("0s", 0), ("1.5m", 90)],
)
def test_a_duration_is_a_sum_of_numbers_with_units(text: str, seconds: float) -> None:
    """Each number has its unit; only 0 goes without."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["7", "", "d", "7 days", "-1d", "1h-30m", "1y", "1e3s"])
def test_anything_else_is_refused(text: str) -> None:
    """A guess at the unit would be a guess at the number."""
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["7d", "36h", "90s", "0s", "45m"])
def test_a_duration_is_written_as_people_write_it(text: str) -> None:
    """The largest unit that divides it."""
    assert format_duration(parse_duration(text)) == text
