"""Rows of the warehouse's `alert_log` on their way there, kept in `alerts.db` with the change that they tell of.

Does not write to the warehouse: see `alerting.alerter`.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from alerting.database import Database

LOG_SCHEMA = "CREATE TABLE IF NOT EXISTS log_rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, row TEXT NOT NULL);"


def append_log(connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows within the caller's transaction."""
    connection.executemany("INSERT INTO log_rows (row) VALUES (?)", [(json.dumps(row),) for row in rows])


class LogQueue:
    """What is not yet handed on, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, limit: int = 1000) -> list[tuple[int, dict[str, Any]]]:
        """The oldest rows with their numbers."""
        found = self._database.read("SELECT seq, row FROM log_rows ORDER BY seq LIMIT ?", (limit,))
        return [(seq, _writable(json.loads(row))) for seq, row in found]

    def drop(self, up_to: int) -> None:
        """Forget rows that were handed on, up to and including this number."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM log_rows WHERE seq <= ?", (up_to,))


def _writable(row: dict[str, Any]) -> dict[str, Any]:
    """Half characters become question marks: one row that nobody can write would hold up all behind it."""
    return dict(json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")))
