"""What alerting must not forget: rule states, the outbox of messages and log rows, in one small SQLite file.

Does not decide anything. A transition, its message and its log row are one commit; used from any thread.
Any method may raise `sqlite3.OperationalError`, as when the disk is full: nothing was changed then.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerting.states import RuleState, State

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rule_states (
    rule TEXT PRIMARY KEY, state TEXT NOT NULL, since_ms INTEGER NOT NULL, value REAL,
    alert_id TEXT NOT NULL, started_ms INTEGER, definition TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL,
    alert_id TEXT NOT NULL, body BLOB NOT NULL, created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'pending', detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (receiver, due_ms) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS log_rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, row TEXT NOT NULL);
"""

_NEXT_DUE = """
SELECT seq, webhook_id, receiver, alert_id, body, created_ms, due_ms, attempts FROM outbox AS o
WHERE receiver = ? AND status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.receiver = o.receiver AND earlier.alert_id = o.alert_id
      AND earlier.status = 'pending' AND earlier.seq < o.seq)
ORDER BY due_ms, seq LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A rule's state with the definition (plain JSON data) that it was last judged by."""

    state: RuleState
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of the outbox that waits for delivery."""

    seq: int
    webhook_id: str
    receiver: str
    alert_id: str
    body: bytes
    created_ms: int
    due_ms: int
    attempts: int


class AlertStore:
    """The file `alerts.db`; opened once, by the process that runs the alerter."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def states(self) -> dict[str, Stored]:
        """The stored state of every rule, by its key."""
        rows = self._read("SELECT rule, state, since_ms, value, alert_id, started_ms, definition FROM rule_states")
        return {
            rule: Stored(RuleState(State(state), since, value, alert, started), json.loads(definition))
            for rule, state, since, value, alert, started, definition in rows
        }

    def record(
        self,
        rule: str,
        stored: Stored,
        log_rows: Sequence[Mapping[str, Any]],
        message: Outgoing | None = None,
    ) -> None:
        """Keep a transition: the new state, its log rows and the message it owes, all or nothing."""
        state = stored.state
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO rule_states VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    rule,
                    state.state,
                    state.since_ms,
                    state.value,
                    state.alert_id,
                    state.started_ms,
                    json.dumps(stored.definition),
                ),
            )
            _append_log(connection, log_rows)
            if message is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO outbox (webhook_id, receiver, alert_id, body, created_ms, due_ms)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        message.webhook_id,
                        message.receiver,
                        message.alert_id,
                        message.body,
                        message.created_ms,
                        message.due_ms,
                    ),
                )

    def forget(self, rule: str) -> None:
        """Drop the state of a rule that no longer exists."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM rule_states WHERE rule = ?", (rule,))

    def next_for(self, receiver: str) -> Outgoing | None:
        """The waiting message that is due first. The end of an incident waits until its start is delivered or dead."""
        rows = self._read(_NEXT_DUE, (receiver,))
        return Outgoing(*rows[0]) if rows else None

    def delivered(self, message: Outgoing, log_rows: Sequence[Mapping[str, Any]]) -> None:
        self._settle(message, "delivered", "", message.due_ms, log_rows)

    def failed(self, message: Outgoing, detail: str, due_ms: int) -> None:
        """A failed attempt; the next is due at `due_ms`."""
        self._settle(message, "pending", detail, due_ms, ())

    def dead(self, message: Outgoing, detail: str, log_rows: Sequence[Mapping[str, Any]]) -> None:
        """Given up on; it stays in the file as a dead letter."""
        self._settle(message, "dead", detail, message.due_ms, log_rows)

    def outbox_counts(self) -> dict[str, int]:
        """How many messages are pending, delivered and dead."""
        return dict(self._read("SELECT status, count(*) FROM outbox GROUP BY status"))

    def prune(self, before_ms: int) -> None:
        """Drop delivered messages created before an instant; dead letters stay."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM outbox WHERE status = 'delivered' AND created_ms < ?", (before_ms,))

    def log_rows(self, limit: int = 1000) -> list[tuple[int, dict[str, Any]]]:
        """Log rows not yet handed on, oldest first, with their numbers."""
        rows = self._read("SELECT seq, row FROM log_rows ORDER BY seq LIMIT ?", (limit,))
        return [(seq, json.loads(row)) for seq, row in rows]

    def drop_log_rows(self, up_to: int) -> None:
        """Forget log rows that were handed on, up to and including this number."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM log_rows WHERE seq <= ?", (up_to,))

    def _settle(
        self, message: Outgoing, status: str, detail: str, due_ms: int, log_rows: Sequence[Mapping[str, Any]]
    ) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE outbox SET status = ?, detail = ?, due_ms = ?, attempts = attempts + 1 WHERE seq = ?",
                (status, detail, due_ms, message.seq),
            )
            _append_log(connection, log_rows)

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock, closing(self._connection.execute(query, parameters)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite ends a transaction by itself on some errors (a full disk), on others it leaves it open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _append_log(connection: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.executemany("INSERT INTO log_rows (row) VALUES (?)", [(json.dumps(row),) for row in rows])
