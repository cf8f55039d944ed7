"""What the promises rest on is read back from a real engine, and a warehouse that is otherwise is refused."""

from pathlib import Path

import pytest

from warehouse.client import DATABASE, Warehouse
from warehouse.dialect import Dialect
from warehouse.guarantees import GuaranteesBroken, broken_guarantees, broken_version, check_guarantees

FEED = "metric_events_feed"


def test_a_warehouse_as_we_make_it_is_taken(warehouse: Warehouse) -> None:
    """Nothing is refused that migrations and our own settings bring about."""
    check_guarantees(warehouse)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("MODIFY SETTING non_replicated_deduplication_window = 10", "non_replicated_deduplication_window = 10"),
        ("RESET SETTING non_replicated_deduplication_window", "non_replicated_deduplication_window = 0"),
        ("MODIFY SETTING fsync_after_insert = 0", "fsync_after_insert = 0"),
        ("RESET SETTING fsync_part_directory", "fsync_part_directory = 0"),
    ],
)
def test_a_table_that_was_altered_is_refused(change: str, sentence: str, warehouse: Warehouse) -> None:
    """Without its window a repeated load counts twice; without fsync an acknowledged row may be lost."""
    setting = change.split()[2]
    warehouse.command(f"ALTER TABLE {DATABASE}.people {change}")
    try:
        with pytest.raises(GuaranteesBroken, match=f"table northstream.people has {sentence}, it needs 1"):
            check_guarantees(warehouse)
    finally:
        value = 1 if setting.startswith("fsync") else 1000
        warehouse.command(f"ALTER TABLE {DATABASE}.people MODIFY SETTING {setting} = {value}")
    check_guarantees(warehouse)


def test_a_missing_table_is_told(warehouse: Warehouse) -> None:
    """Migrations that have not run, or a table that somebody dropped."""
    warehouse.command(f"RENAME TABLE {DATABASE}.claims TO {DATABASE}.elsewhere")
    try:
        assert broken_guarantees(warehouse) == ["table northstream.claims is missing"]
    finally:
        warehouse.command(f"RENAME TABLE {DATABASE}.elsewhere TO {DATABASE}.claims")


def test_a_missing_feed_is_told(warehouse: Warehouse) -> None:
    """Loads go on without it, and the metric catalogue would see nothing of them."""
    (made,) = warehouse.rows(f"SELECT create_table_query FROM system.tables WHERE name = '{FEED}'")[0]
    warehouse.command(f"DROP VIEW {DATABASE}.{FEED}")
    try:
        assert broken_guarantees(warehouse) == [f"the materialized view northstream.{FEED} is missing"]
    finally:
        warehouse.command(made)


def test_settings_are_read_back_as_the_server_has_them(warehouse: Warehouse, engine_path: Path) -> None:
    """A profile of the server may overrule a client; what counts is what the session really has."""
    loose = Warehouse(warehouse.open_client, 1, Dialect(), {"async_insert": 1, "insert_deduplicate": 0})
    assert broken_guarantees(loose) == [
        "the setting async_insert is 1, it needs to be 0",
        "the setting insert_deduplicate is 0, it needs to be 1",
        "the setting input_format_parallel_parsing is 1, it needs to be 0",
        "the setting input_format_skip_unknown_fields is 1, it needs to be 0",
    ]
    loose.close()
    reader = Warehouse.embedded(engine_path, size=1, read_only=True)
    assert "the user of the roles may only read" in broken_guarantees(reader)
    reader.close()


def test_tables_of_one_server_are_no_cluster(warehouse: Warehouse) -> None:
    """A cluster's name was set after the tables were made: every replica would have its own rows."""
    dialect = Dialect("north")
    clustered = Warehouse(warehouse.open_client, 1, dialect, dialect.writer_settings)
    broken = broken_guarantees(clustered)
    assert "table northstream.events is not replicated (ReplacingMergeTree) although the cluster north is set" in broken
    assert "the server knows no cluster named north" in broken
    assert "the server has no macro replica and no macro shard, which name the tables in Keeper" in broken
    assert not any(sentence.startswith("the setting") for sentence in broken)
    clustered.close()


@pytest.mark.parametrize(
    ("version", "is_taken"), [("26.9.2.1", True), ("25.8.1.3", True), ("25.7.9.9", False), ("9.9.9", False)]
)
def test_an_old_server_is_refused(version: str, is_taken: bool) -> None:
    """Versions are compared number by number."""
    assert (broken_version(version) == []) is is_taken
