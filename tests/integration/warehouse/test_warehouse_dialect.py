"""Every statement of ours in the form of a cluster, read by the engine's own parser."""

import re
from collections.abc import Iterator

import pytest

from warehouse.client import DATABASE, Warehouse
from warehouse.dialect import Dialect, DialectError
from warehouse.migrate import LEDGER_STATEMENTS, created_tables, read_migrations
from warehouse.unreadable import check_statement
from warehouse.users import Login, reader_statements, writer_statements

CLUSTER = Dialect("north-1")
FORMS = {"embedded, or one server": Dialect(), "cluster": CLUSTER, "cluster by macro": Dialect("{cluster}")}


def definitions() -> Iterator[str]:
    """All that is ever defined: by migrations, by the migrations' own ledger, by the loader, for users."""
    yield from LEDGER_STATEMENTS
    for migration in read_migrations():
        yield from migration.statements
    yield check_statement("events")
    for login in (Login("reader"), Login("reader", "a password with ' in it")):
        yield from reader_statements(login)
    yield from writer_statements(Login("northstream_writer", "secret"))


def parsed(engine: Warehouse, statement: str) -> str:
    """The statement in the engine's own spelling."""
    return str(engine.rows("SELECT formatQuerySingleLine({statement:String})", {"statement": statement})[0][0])


@pytest.mark.parametrize("form", FORMS)
def test_every_definition_is_understood_in_every_form(form: str, engine: Warehouse) -> None:
    """The same files make an embedded warehouse, one on a server, and one on a cluster."""
    for statement in definitions():
        assert parsed(engine, FORMS[form].spelt(statement))


def test_one_engine_gets_every_statement_as_it_was_written() -> None:
    """What is rewritten is only what a cluster needs."""
    assert [Dialect().spelt(statement) for statement in definitions()] == list(definitions())


def test_no_definition_is_left_to_one_server_of_a_cluster(engine: Warehouse) -> None:
    """A replica that was not told of a table, a view or a user would answer otherwise than its neighbours.

    Rows that a migration writes travel by themselves.
    """
    for statement in definitions():
        if statement.startswith("INSERT INTO"):
            continue
        assert " ON CLUSTER `north-1`" in parsed(engine, CLUSTER.spelt(statement)), statement


def test_no_table_of_a_cluster_is_left_unreplicated(engine: Warehouse) -> None:
    """Each has its place in Keeper, its own windows, and the rest as it was written."""
    replicated = {}
    for statement in definitions():
        spelt = parsed(engine, CLUSTER.spelt(statement))
        if not spelt.startswith(("CREATE TABLE", "CREATE OR REPLACE TABLE")):
            continue
        name, kind, arguments = re.search(
            r"TABLE (?:IF NOT EXISTS )?(\S+).* ENGINE = `?(\w+)`?(\(.*?\))?", spelt
        ).groups()  # type: ignore[union-attr]
        if kind != "Null":
            place = f"'/clickhouse/tables/{{shard}}/{name.replace('.', '/')}', '{{replica}}'"
            assert kind.startswith("Replicated")
            assert arguments.startswith(f"({place}")
            assert " replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 2592000" in spelt
            assert "non_replicated" not in spelt
            plain = parsed(engine, statement)
            assert plain.count(" DEFAULT ") == spelt.count(" DEFAULT ")
            replicated[name] = arguments
    assert set(replicated) == {f"{DATABASE}.{name}" for name in created_tables(read_migrations()) | {"migrations"}}
    assert replicated[f"{DATABASE}.events"].endswith("'{replica}', precedence)")


def test_what_changes_no_definition_is_left_alone() -> None:
    """Rows travel between replicas by themselves."""
    for statement in (f"DELETE FROM {DATABASE}.people WHERE 1", f"INSERT INTO {DATABASE}.a SELECT 1", "SELECT 1"):
        assert CLUSTER.spelt(statement) == statement


@pytest.mark.parametrize(
    "statement",
    [
        f"CREATE TABLE {DATABASE}.notes (a String) ENGINE = Memory",
        f"CREATE TABLE {DATABASE}.notes (a String) ENGINE = ReplicatedMergeTree('/x', 'y') ORDER BY a",
        f"CREATE TABLE {DATABASE}.notes AS {DATABASE}.events",
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {DATABASE}.v ENGINE = MergeTree ORDER BY a AS SELECT 1 AS a",
        f"RENAME TABLE {DATABASE}.a TO {DATABASE}.b",
        f"create table {DATABASE}.a (a String) engine = MergeTree ORDER BY a",
    ],
)
def test_a_statement_that_nobody_thought_of_is_refused(statement: str) -> None:
    """A table that stands on one server only, or a definition that one server only gets, must not pass unseen."""
    with pytest.raises(DialectError):
        CLUSTER.spelt(statement)


def test_a_password_does_not_travel(engine: Warehouse) -> None:
    """Statements stay in logs of the server: they carry a digest."""
    for statement in reader_statements(Login("reader", "hunter2")):
        assert "hunter2" not in parsed(engine, statement)


@pytest.mark.parametrize("name", ["a b", "a;b", "a'b", "", "1a"])
def test_a_name_that_is_none_makes_no_user(name: str) -> None:
    """Names stand in statements as they are."""
    with pytest.raises(ValueError, match="no name of a user"):
        list(reader_statements(Login(name)))
