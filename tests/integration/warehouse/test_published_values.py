"""Published values of the catalogue, one at a time, as alert rules are told them."""

import json
from datetime import date
from decimal import Decimal

import pytest

from warehouse.client import Warehouse
from warehouse.published_values import PublishedValues

DAY = date(2026, 11, 16)


def note(warehouse: Warehouse, table: str, *rows: dict[str, object]) -> None:
    lines = "\n".join(map(json.dumps, rows)).encode()
    warehouse.insert_lines(table, list(rows[0]), lines, {})


@pytest.fixture
def values(warehouse: Warehouse) -> PublishedValues:
    def point(grain: str, value: str | None, version: int, at: str) -> dict[str, object]:
        place = {"metric": "churn", "grain": grain, "bucket": "2026-11-16", "version": version}
        return {**place, "value": value, "computed_at": f"2026-11-20 {at}"}

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
        point("week", "0.3", 2, "10:00:00"),
        point("month", "0.4", 2, "10:00:00"),
        point("month", None, 2, "11:00:00"),
    )
    return PublishedValues(warehouse)


def test_the_last_value_of_the_definition_that_counts_is_told(values: PublishedValues) -> None:
    """To the digit; a version that is over is not heard any more."""
    assert values.value("churn", "day", DAY) == Decimal("0.25")
    assert values.value("churn", "week", DAY) == Decimal("0.3")


def test_what_is_not_published_has_no_value(values: PublishedValues) -> None:
    """A rate over nothing, a bucket before all, a metric that nobody knows."""
    assert values.value("churn", "month", DAY) is None
    assert values.value("churn", "day", date(2020, 1, 1)) is None
    assert values.value("unknown", "day", DAY) is None
