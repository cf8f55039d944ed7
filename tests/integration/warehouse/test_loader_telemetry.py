"""What the loader tells of its work: numbers for operators, and lines in the log that hold nobody's data."""

import logging

import pytest
from integration.warehouse.log_records import event, events, quarantined, unreadable
from prometheus_client.core import Metric

from northstream.logs import JsonLines
from stream.log.local import LocalLog
from warehouse.client import Warehouse
from warehouse.loader import Loader


def values(metrics: list[Metric], name: str) -> dict[tuple[str, ...], float]:
    """Samples of one name by their labels' values."""
    samples = [sample for metric in metrics for sample in metric.samples if sample.name == f"northstream_loader_{name}"]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def test_the_log_says_where_lines_were_put_aside_and_never_what_they_hold(
    warehouse: Warehouse, events_log: LocalLog, caplog: pytest.LogCaptureFixture
) -> None:
    """The warehouse quotes what it cannot read; lines hold people's data."""
    caplog.set_level(logging.DEBUG)
    events_log.append([events(0, event("m1")), unreadable(0, b'{"user_id":"ada@example.com', b'{"user_id":"u1"')])
    loader = Loader(events_log, warehouse)
    loader.load_once()
    lines = "\n".join(JsonLines("loader").format(record) for record in caplog.records)
    assert "ada" not in lines
    assert '"places": ["events/0/1:0", "events/0/1:1"]' in lines
    assert values(list(loader.collect()), "put_aside_lines_total") == {(): 2}


def test_what_was_loaded_is_counted_by_table(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Rows, loads, and the way of each record."""
    events_log.append([events(0, event("m1"), event("m2")), quarantined(0, "q1")])
    loader = Loader(events_log, warehouse)
    loader.load_once()
    told = list(loader.collect())
    assert values(told, "rows_total") == {("events",): 2, ("quarantine_rows",): 1}
    assert values(told, "load_duration_seconds_count") == {(): 1}
    assert values(told, "load_delay_seconds_count") == {(): 2}
    assert values(told, "load_rows_sum") == {(): 3}


def test_the_lag_is_of_the_loader_that_loads(warehouse: Warehouse, events_log: LocalLog) -> None:
    """A loader that stands by says nothing of a log that it does not follow."""
    events_log.append([events(0, event("m1")), quarantined(1, "q1")])
    loader = Loader(events_log, warehouse)
    loader.load_once()
    assert list(loader.collect_lag()) == []
    loader.telemetry.is_leader = True
    events_log.append([events(0, event("m2")), events(0, event("m3"))])
    lags = values(list(loader.collect_lag()), "lag_records")
    assert lags == {("events", "0"): 2, ("events", "1"): 0, ("quarantine", "0"): 0, ("quarantine", "1"): 0}
