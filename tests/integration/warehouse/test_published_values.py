"""Published values of the catalogue, a range at a time, as alert rules are told them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from warehouse.client import Warehouse
from warehouse.published_values import PublishedValue, PublishedValues

DAY = date(2026, 11, 16)


def note(warehouse: Warehouse, table: str, *rows: dict[str, object]) -> None:
    lines = "\n".join(map(json.dumps, rows)).encode()
    warehouse.insert_lines(table, list(rows[0]), lines, {})


@pytest.fixture
def values(warehouse: Warehouse) -> PublishedValues:
    def point(grain: str, value: str | None, version: int, at: str, day: date = DAY) -> dict[str, object]:
        place = {"metric": "churn", "grain": grain, "bucket": day.isoformat(), "version": version}
        return {**place, "value": value, "denominator": 40, "was_over": True, "computed_at": f"2026-11-20 {at}"}

    version = {"metric": "churn", "definition": "x", "since": "2026-11-01"}
    note(
        warehouse,
        "metric_versions",
        version | {"version": 1, "noted_at": "2026-11-01 00:00:00"},
        version | {"version": 2, "noted_at": "2026-11-10 00:00:00"},
    )
    note(
        warehouse,
        "metric_point_rows",
        point("day", "0.1", 2, "10:00:00"),
        point("day", "0.25", 2, "11:00:00"),
        point("day", "0.9", 1, "12:00:00"),
        point("day", "0.5", 2, "11:00:00", date(2026, 11, 17)),
        point("week", "0.3", 2, "10:00:00"),
        point("month", "0.4", 2, "10:00:00"),
        point("month", None, 2, "11:00:00"),
    )
    return PublishedValues(warehouse)


def test_the_last_value_of_the_definition_that_counts_is_told(values: PublishedValues) -> None:
    """To the digit, with what it is a share of; a version that is over is not heard any more."""
    assert values.values("churn", "day", DAY, DAY) == {DAY: PublishedValue(Decimal(40), Decimal("0.25"), False, True)}
    assert values.values("churn", "week", DAY, DAY)[DAY].value == Decimal("0.3")


def test_a_range_is_read_at_once(values: PublishedValues) -> None:
    """Buckets that begin in it; a bucket that was not published is absent, a rate over nothing has no value."""
    assert list(values.values("churn", "day", date(2026, 11, 1), date(2026, 11, 30))) == [DAY, date(2026, 11, 17)]
    assert values.values("churn", "month", DAY, DAY)[DAY].value is None
    assert values.values("churn", "day", date(2020, 1, 1), date(2020, 1, 2)) == {}
    assert values.values("unknown", "day", DAY, DAY) == {}
