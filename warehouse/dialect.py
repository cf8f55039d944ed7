"""The same SQL for an embedded engine, one server, and a cluster of replicas.

Statements are written for one engine, and migration files are never edited: for a cluster each statement is spelt anew
here. Does not run anything, and parses no SQL: it knows the few forms that we write, and refuses others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

DEDUPLICATION_WINDOW = 1000
"""Blocks whose tokens a table remembers; at least twice the blocks in flight, without it a token does nothing."""

DEDUPLICATION_SECONDS = 30 * 86_400
"""How long replicas remember a token at least (the default is an hour): a loader may be away between planning a range
and asking for it again."""

QUORUM_TIMEOUT_MS = 20_000
"""Shorter than a client waits, so that it hears that the replicas are missing."""

TABLES_PATH = "/clickhouse/tables/{shard}"
"""Where replicas meet in Keeper; both macros are the servers' own."""

_DEFINED = re.compile(
    r"(?:CREATE (?:OR REPLACE )?(?:DATABASE|TABLE|VIEW|DICTIONARY|USER|SETTINGS PROFILE)"
    r"|CREATE MATERIALIZED VIEW(?= IF NOT EXISTS [\w.]+ TO )"
    r"|ALTER (?:TABLE|USER|SETTINGS PROFILE)"
    r"|DROP (?:DATABASE|TABLE|VIEW|DICTIONARY|USER|SETTINGS PROFILE)"
    r"|TRUNCATE TABLE)"
    r" (?:IF (?:NOT )?EXISTS )?(?P<name>[\w.]+)"
)
_GRANTED = re.compile(r"GRANT|REVOKE")
_UNDEFINING = re.compile(r"(?:SELECT|WITH|INSERT INTO|DELETE FROM)\b")
_TABLE = re.compile(r"CREATE (?:OR REPLACE )?TABLE ")
_ENGINE = re.compile(r"\bENGINE = (?P<name>\w+)(?:\((?P<arguments>[^()]*)\))?")
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window = (\d+)")

_ANY: Mapping[str, str | int] = {
    # An acknowledged insert must be on disk; asynchronous inserts answer for a buffer shared with others.
    "async_insert": 0,
    # Without it a table forgets its tokens.
    "insert_deduplicate": 1,
    # A block that came before goes on to the tables behind views all the same: each knows by itself what it has.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # One range is one block: parallel parsing cuts the input into several.
    "input_format_parallel_parsing": 0,
    # A row with a misspelt column must fail, not vanish half.
    "input_format_skip_unknown_fields": 0,
}

_READ_YOUR_WRITES: Mapping[str, str | int] = {
    # A claim, a header or a range that was written before must be seen, whichever replica is asked.
    "select_sequential_consistency": 1,
}

_QUORUM: Mapping[str, str | int] = {
    # An acknowledged insert outlives the loss of a replica.
    "insert_quorum": "auto",
    # Without it no replica could tell whether it has everything that was acknowledged.
    "insert_quorum_parallel": 0,
    "insert_quorum_timeout": QUORUM_TIMEOUT_MS,
    # Removal goes on while a replica is away, which catches up by itself.
    "lightweight_deletes_sync": 1,
}


class DialectError(Exception):
    """A statement that cannot be spelt for a cluster without doubt; the program must be mended."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """`cluster`: the name under which ClickHouse servers know their replicas, or a macro of theirs for it, without
    quotes or backslashes; empty: embedded, or one server."""

    cluster: str = ""

    def spelt(self, statement: str) -> str:
        """The statement as this warehouse needs it: replicated tables, and definitions on every server.

        Raises:
            DialectError: nobody has said how it is spelt on a cluster.
        """
        if not self.cluster or _UNDEFINING.match(statement):
            return statement
        if granted := _GRANTED.match(statement):
            return f"{granted[0]} {self._on_cluster}{statement[granted.end() :]}"
        defined = _DEFINED.match(statement)
        if defined is None:
            raise DialectError(f"cannot be spelt for a cluster: {statement[:80]}")
        if _TABLE.match(statement):
            statement = _replicated(statement, defined["name"])
        return f"{statement[: defined.end()]} {self._on_cluster}{statement[defined.end() :]}"

    @property
    def _on_cluster(self) -> str:
        return f"ON CLUSTER '{self.cluster}'"

    @property
    def writer_settings(self) -> Mapping[str, str | int]:
        """Settings of every call of who writes; the protocols of checkpoints and loads rest on them."""
        return {**_ANY, **_READ_YOUR_WRITES, **_QUORUM} if self.cluster else _ANY

    @property
    def window_settings(self) -> Mapping[str, int]:
        """Settings of every table of ours, and the least that they must be."""
        if self.cluster:
            window = "replicated_deduplication_window"
            return {window: DEDUPLICATION_WINDOW, f"{window}_seconds": DEDUPLICATION_SECONDS}
        return {"non_replicated_deduplication_window": DEDUPLICATION_WINDOW}


def _replicated(statement: str, table: str) -> str:
    engine = _ENGINE.search(statement)
    if engine is None:
        raise DialectError(f"table {table} names no engine")
    if engine["name"] == "Null":
        # Keeps nothing, so there is nothing to replicate.
        return statement
    if not engine["name"].endswith("MergeTree") or engine["name"].startswith("Replicated"):
        raise DialectError(f"table {table} has the engine {engine['name']}, which is not replicated")
    place = f"'{TABLES_PATH}/{table.replace('.', '/')}', '{{replica}}'"
    arguments = f"{place}, {engine['arguments']}" if engine["arguments"] else place
    replicated = f"ENGINE = Replicated{engine['name']}({arguments})"
    statement = statement[: engine.start()] + replicated + statement[engine.end() :]
    windows = (
        rf"replicated_deduplication_window = \1, replicated_deduplication_window_seconds = {DEDUPLICATION_SECONDS}"
    )
    return _WINDOW.sub(windows, statement)
