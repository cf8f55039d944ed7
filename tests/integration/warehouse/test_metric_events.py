"""The narrow copy of events that the metric catalogue reads: each message of `events`, whatever happens on its way."""

import pytest
from integration.warehouse.log_records import RECEIVED_MS, event, events
from msgspec import Raw

from stream.log.local import LocalLog
from warehouse.batches import EVENTS_TABLE, read_next
from warehouse.client import DATABASE, Warehouse
from warehouse.loader import COLUMNS, Loader, _as_one_block
from warehouse.migrate import read_migrations

HOUR_MS = 3_600_000
FEED = f"{DATABASE}.metric_events_feed"


def feed_definition() -> str:
    found = [one for migration in read_migrations() for one in migration.statements if f"EXISTS {FEED} TO" in one]
    return found[-1]


def backfill() -> str:
    (migration,) = [one for one in read_migrations() if one.name == "metric_events"]
    (statement,) = [one for one in migration.statements if one.startswith("INSERT INTO")]
    return statement


def messages(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """What questions see, by message."""
    return warehouse.rows(
        f"SELECT type, event, person_id, occurred_at FROM {DATABASE}.metric_events FINAL ORDER BY ALL"
    )


def as_stored(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(
        f"SELECT type, event, person_id, occurred_at FROM {DATABASE}.events_resolved ORDER BY ALL",
    )


def test_each_message_comes_once_with_its_earliest_time(warehouse: Warehouse, events_log: LocalLog) -> None:
    """Copies meet whatever their times are, in one load and in several, on one day and on two."""
    later = RECEIVED_MS + 30 * HOUR_MS
    events_log.append([events(0, event("a", occurred_ms=later), event("a"), event("b", type="page", event=""))])
    loader = Loader(events_log, warehouse)
    loader.load_once()
    events_log.append([events(1, event("b", type="page", event="", occurred_ms=RECEIVED_MS - HOUR_MS))])
    loader.load_once()
    assert messages(warehouse) == as_stored(warehouse)
    assert len(messages(warehouse)) == 2


def test_a_load_that_died_between_the_table_and_the_view_is_made_whole(
    warehouse: Warehouse, events_log: LocalLog
) -> None:
    """The table knows the block when it comes again and drops it; what is behind its view must get it all the same."""
    events_log.append([events(0, event("a"), event("b"))])
    lines = read_next(events_log, {}, 10, 10_000).lines_of(EVENTS_TABLE)
    warehouse.command(f"DROP VIEW {FEED}")
    warehouse.insert_lines(EVENTS_TABLE, COLUMNS[EVENTS_TABLE], lines, _as_one_block("t", EVENTS_TABLE))
    warehouse.define(feed_definition())
    assert len(as_stored(warehouse)) == 2
    assert messages(warehouse) == []
    for _ in range(2):
        warehouse.insert_lines(EVENTS_TABLE, COLUMNS[EVENTS_TABLE], lines, _as_one_block("t", EVENTS_TABLE))
        assert messages(warehouse) == as_stored(warehouse)
        assert warehouse.rows(f"SELECT count() FROM {DATABASE}.metric_events") == [(2,)]


def test_a_load_that_the_view_refused_is_made_whole(warehouse: Warehouse, events_log: LocalLog) -> None:
    """An insert that fails behind the view fails as a whole for the loader, which sends it again."""
    events_log.append([events(0, event("a"), event("b"))])
    loader = Loader(events_log, warehouse)
    warehouse.command(f"DETACH TABLE {DATABASE}.metric_events")
    with pytest.raises(Exception, match="metric_events"):
        loader.load_once()
    warehouse.command(f"ATTACH TABLE {DATABASE}.metric_events")
    loader.load_once()
    assert messages(warehouse) == as_stored(warehouse)
    assert len(messages(warehouse)) == 2


def test_what_was_loaded_before_the_view_is_there_too(warehouse: Warehouse, events_log: LocalLog) -> None:
    """The migration carries the past over, and may do so twice."""
    events_log.append([events(0, event("a"), event("b", type="identify", event="", traits=Raw(b'{"plan":"pro"}')))])
    warehouse.command(f"DROP VIEW {FEED}")
    Loader(events_log, warehouse).load_once()
    warehouse.define(feed_definition())
    for _ in range(2):
        warehouse.define(backfill())
        assert messages(warehouse) == as_stored(warehouse)
    assert warehouse.rows(f"SELECT properties FROM {DATABASE}.metric_events FINAL WHERE type = 'identify'") == [
        ('{"plan":"pro"}',)
    ]


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({"properties": Raw(b'{"channel":"fair"}'), "context": Raw(b'{"campaign":{"medium":"cpc"}}')}, "fair"),
        ({"context": Raw(b'{"campaign":{"source":"google","medium":"CPC"}}')}, "paid_search"),
        ({"context": Raw(b'{"campaign":{"source":"newsletter","medium":"email"}}')}, "email"),
        ({"context": Raw(b'{"campaign":{"source":"partner"},"referrer":{"type":"organic"}}')}, "partner"),
        ({"context": Raw(b'{"referrer":{"type":"organic"}}')}, "organic"),
        ({"context": Raw(b'{"campaign":3,"referrer":[]}')}, "direct"),
        ({}, "direct"),
        ({"type": "identify", "event": ""}, ""),
    ],
)
def test_a_message_says_by_which_channel_it_came(
    fields: dict[str, object], channel: str, warehouse: Warehouse, events_log: LocalLog
) -> None:
    """Its own word, else its campaign's medium, source or name, else the kind of the referrer, else direct."""
    events_log.append([events(0, event("a", **fields))])
    Loader(events_log, warehouse).load_once()
    assert warehouse.rows(f"SELECT channel FROM {DATABASE}.metric_events") == [(channel,)]


def test_when_somebody_became_another_person_is_noted(warehouse: Warehouse) -> None:
    """The latest note survives that rows of an id are merged into one."""
    for moment in ("2026-01-01 00:00:00.000", "2026-01-03 00:00:00.000", "2026-01-02 00:00:00.000"):
        warehouse.command(
            f"INSERT INTO {DATABASE}.overrides (person_id, united_into, noted_at) VALUES ('d:a', 'u:1', '{moment}')"
        )
    warehouse.command(f"OPTIMIZE TABLE {DATABASE}.overrides FINAL")
    rows = warehouse.rows(f"SELECT person_id, united_into, toString(noted_at) FROM {DATABASE}.overrides")
    assert rows == [("d:a", "u:1", "2026-01-03 00:00:00.000")]
