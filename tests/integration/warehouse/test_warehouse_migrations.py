"""Migrations against a real engine: what is refused, what may run twice."""

from dataclasses import replace

import pytest

from warehouse.client import DATABASE, Warehouse
from warehouse.migrate import Migration, MigrationError, migrate, read_migrations, status


def test_a_second_run_applies_nothing(warehouse: Warehouse) -> None:
    """A migration is applied once."""
    assert migrate(warehouse) == []
    assert {at.state for at in status(warehouse)} == {"applied"}


def test_every_statement_can_run_twice(warehouse: Warehouse) -> None:
    """A migration that was cut short starts again from its first statement."""
    for migration in read_migrations():
        for statement in migration.statements:
            warehouse.command(statement)


def test_an_edited_file_is_refused(warehouse: Warehouse) -> None:
    """A file that was applied is never edited: the checksum tells."""
    files = read_migrations()
    files[0] = replace(files[0], sql=files[0].sql + "\n-- edited\n")
    with pytest.raises(MigrationError, match=r"0001 .tables. was changed after it was applied"):
        migrate(warehouse, files)
    assert status(warehouse, files)[0].state == "drifted"


def test_a_warehouse_of_a_newer_release_is_refused(warehouse: Warehouse) -> None:
    """An older release must not write into tables that it does not know."""
    with pytest.raises(MigrationError, match="newer release"):
        migrate(warehouse, read_migrations()[:-1])


def test_a_dry_run_tells_and_changes_nothing(warehouse: Warehouse) -> None:
    """What is pending is shown without touching the warehouse."""
    files = read_migrations()
    more = Migration(len(files) + 1, "more", f"CREATE TABLE IF NOT EXISTS {DATABASE}.more (a UInt8) ENGINE = Memory")
    assert migrate(warehouse, [*files, more], dry_run=True) == [more]
    assert status(warehouse, [*files, more])[-1].state == "pending"
    assert warehouse.rows(f"EXISTS TABLE {DATABASE}.more") == [(0,)]


def test_a_table_without_a_deduplication_window_is_refused(warehouse: Warehouse) -> None:
    """Without its window a table takes a repeated insert twice, token or not; so it is read back at start."""
    files = read_migrations()
    sql = f"CREATE TABLE IF NOT EXISTS {DATABASE}.forgetful (a UInt8) ENGINE = MergeTree ORDER BY a"
    warehouse.command(sql)
    try:
        with pytest.raises(MigrationError, match="forgetful"):
            migrate(warehouse, [*files, Migration(len(files) + 1, "forgetful", sql)])
    finally:
        warehouse.command(f"DROP TABLE {DATABASE}.forgetful")
        warehouse.command(f"DELETE FROM {DATABASE}.migrations WHERE name = 'forgetful'")
