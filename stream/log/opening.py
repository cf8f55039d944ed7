"""Opens the file of an embedded log for writing: makes it, checks it, mends it.

Does not append: see `stream.log.local`.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from schemas.topics import Topic
from stream.log.connections import open_writer
from stream.log.layout import LAYOUT_VERSION, MAX_PARTITIONS, SCHEMA
from stream.log.mending import Cut, Positions, mend
from stream.log.reading import stored_partitions
from stream.log.salvage import salvage

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class WrongPartitions(ValueError):
    """The log was made with another number of partitions, which is fixed for its life."""


def open_log(
    path: Path, topics: Sequence[Topic], partitions: int, read: Positions, now_ms: int
) -> tuple[sqlite3.Connection, list[Cut]]:
    """A writing connection to the log, made if it is not there, and what had to be cut off it.

    `read` is how far readers are known to have come.

    Raises:
        WrongPartitions: the file has another number of partitions.
        sqlite3.Error: the file cannot be made or written.
    """
    try:
        return _open(path, topics, partitions, read, now_ms)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        cuts = salvage(path, topics, lambda connection: _create(connection, topics, partitions), now_ms)
        connection, more = _open(path, topics, partitions, read, now_ms)
        return connection, cuts + more


def _open(
    path: Path, topics: Sequence[Topic], partitions: int, read: Positions, now_ms: int
) -> tuple[sqlite3.Connection, list[Cut]]:
    if not 1 <= partitions <= MAX_PARTITIONS:
        raise WrongPartitions(f"{path}: {partitions} partitions; 1 to {MAX_PARTITIONS} are possible")
    connection = open_writer(path)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            _create(connection, topics, partitions)
        _check_partitions(connection, path, partitions)
        return connection, mend(connection, path, topics, read, now_ms)
    except BaseException:
        connection.close()
        raise


def _create(connection: sqlite3.Connection, topics: Sequence[Topic], partitions: int) -> None:
    facts = (("layout", str(LAYOUT_VERSION)), ("partitions", str(partitions)))
    places = [(topic.value, partition) for topic in topics for partition in range(partitions)]
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", facts)
        connection.executemany("INSERT INTO bounds (topic, partition) VALUES (?, ?)", places)


def _check_partitions(connection: sqlite3.Connection, path: Path, wanted: int) -> None:
    stored = stored_partitions(connection)
    if stored != wanted:
        raise WrongPartitions(f"{path} was made with {stored} partitions and keeps them; asked for {wanted}")
