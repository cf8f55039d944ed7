"""Numbered SQL files bring the warehouse to its present shape; each is applied once and never edited after.

Does not decide when to run: the command line and every start do.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from warehouse.client import DATABASE, Warehouse
from warehouse.dialect import DEDUPLICATION_WINDOW
from warehouse.table_guarantees import broken_tables

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\Z")
_CREATED_TABLE = re.compile(rf"^CREATE TABLE IF NOT EXISTS {DATABASE}\.(\w+)", re.MULTILINE)
_CREATED_FEED = re.compile(rf"^CREATE MATERIALIZED VIEW IF NOT EXISTS {DATABASE}\.(\w+)", re.MULTILINE)
_COMMENT = re.compile(r"^--[^\n]*\n", re.MULTILINE)

LEDGER_STATEMENTS = (
    f"CREATE DATABASE IF NOT EXISTS {DATABASE}",
    f"""CREATE TABLE IF NOT EXISTS {DATABASE}.migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY number
SETTINGS
    non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}, fsync_after_insert = 1, fsync_part_directory = 1""",
)
"""What must be there before a migration can be noted."""


class MigrationError(Exception):
    """The warehouse and the migration files contradict each other; an operator must decide."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. Its statements can each run twice, so that one cut short is simply started again."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The statements without comment lines; a statement ends with a semicolon at the end of a line."""
        parts = re.split(r";[ \t]*(?:\n|\Z)", _COMMENT.sub("", self.sql))
        return [part.strip() for part in parts if part.strip()]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    number: int
    name: str
    state: Literal["applied", "pending", "drifted", "unknown"]


def read_migrations() -> list[Migration]:
    """The files of this release, in order.

    Raises:
        MigrationError: a name is malformed, or numbers are not 1, 2, 3, …
    """
    found = []
    for file in (resources.files(__package__) / "migrations").iterdir():
        if not file.name.endswith(".sql"):
            continue
        match = _FILE_NAME.match(file.name)
        if match is None:
            raise MigrationError(f"migration file {file.name} is not named 0001_what_it_does.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text()))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("migration files are not numbered 1, 2, 3, … without gaps")
    return found


def status(warehouse: Warehouse, migrations: list[Migration] | None = None) -> list[MigrationStatus]:
    """What is applied, pending, changed after it was applied (drifted), or applied by a newer release (unknown)."""
    files = read_migrations() if migrations is None else migrations
    applied = _applied(warehouse)
    states = []
    for migration in files:
        known = applied.pop(migration.number, None)
        state: Literal["applied", "pending", "drifted"] = "pending"
        if known is not None:
            state = "applied" if known == (migration.name, migration.checksum) else "drifted"
        states.append(MigrationStatus(migration.number, migration.name, state))
    unknown = [MigrationStatus(number, name, "unknown") for number, (name, _) in sorted(applied.items())]
    return states + unknown


def migrate(warehouse: Warehouse, migrations: list[Migration] | None = None, dry_run: bool = False) -> list[Migration]:
    """Apply what is pending, in order, and return it; with `dry_run` only return it.

    Raises:
        MigrationError: drift, unknown migrations, or a table that breaks a guarantee.
        WarehouseUnavailable: try again; statements that already ran do no harm.
    """
    files = read_migrations() if migrations is None else migrations
    states = status(warehouse, files)
    _refuse_contradictions(states)
    pending = [migration for migration, at in zip(files, states, strict=True) if at.state == "pending"]
    if dry_run:
        return pending
    if pending:
        for statement in LEDGER_STATEMENTS:
            warehouse.define(statement)
    for migration in pending:
        for statement in migration.statements:
            warehouse.define(statement)
        warehouse.command(
            f"INSERT INTO {DATABASE}.migrations (number, name, checksum)"
            " VALUES ({number:UInt32}, {name:String}, {checksum:String})",
            {"number": migration.number, "name": migration.name, "checksum": migration.checksum},
        )
    broken = broken_tables(warehouse, created_tables(files))
    if broken:
        raise MigrationError("; ".join(broken))
    return pending


def created_tables(migrations: list[Migration]) -> set[str]:
    """The tables of ours, without the database; other tables that somebody keeps in it are none of ours."""
    return {name for migration in migrations for name in _CREATED_TABLE.findall(migration.sql)}


def created_feeds(migrations: list[Migration]) -> set[str]:
    """The views of ours that carry what is inserted on into another table, without the database."""
    return {name for migration in migrations for name in _CREATED_FEED.findall(migration.sql)}


def _applied(warehouse: Warehouse) -> dict[int, tuple[str, str]]:
    exists = warehouse.rows(
        "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'migrations'",
        {"database": DATABASE},
    )
    if not exists[0][0]:
        return {}
    rows = warehouse.rows(f"SELECT number, name, checksum FROM {DATABASE}.migrations FINAL ORDER BY number")
    return {number: (name, checksum) for number, name, checksum in rows}


def _refuse_contradictions(states: list[MigrationStatus]) -> None:
    problems = []
    for at in states:
        if at.state == "drifted":
            problems.append(f"migration {at.number:04} ({at.name}) was changed after it was applied")
        elif at.state == "unknown":
            problems.append(f"migration {at.number:04} ({at.name}) was applied by a newer release")
    if problems:
        raise MigrationError("; ".join(problems))
