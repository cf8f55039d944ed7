"""The outbox of `alerts.db`: messages with the state of their delivery, order within an incident, dead letters.

Does not deliver (`alerting.deliver`) and does not decide who is told what. Times are Unix ms.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerting.database import Database
from alerting.log_queue import append_log
from alerting.said import Said, kind_of, said

OUTBOX_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, receiver TEXT NOT NULL, type TEXT NOT NULL,
    alert TEXT NOT NULL, alert_id TEXT NOT NULL, body BLOB NOT NULL, created_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, tried_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'pending', detail TEXT NOT NULL DEFAULT '', done TEXT NOT NULL DEFAULT '[]',
    UNIQUE (receiver, webhook_id)
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (receiver, due_ms) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS messages_by_status ON messages (status, created_ms);
CREATE TABLE IF NOT EXISTS message_parts (
    receiver TEXT NOT NULL, alert_id TEXT NOT NULL, seq INTEGER NOT NULL, is_end INTEGER NOT NULL,
    PRIMARY KEY (receiver, alert_id, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_parts_by_message ON message_parts (seq);
"""
"""`since_ms`: giving up is counted from here. `done`: which places of the receiver have taken it (see `Waiting`).

`message_parts`: the incidents that a message speaks of.
"""

_NEXT_DUE = """
SELECT seq, webhook_id, receiver, body, created_ms, since_ms, due_ms, attempts, done FROM messages AS o
WHERE receiver = ? AND status = 'pending' AND NOT EXISTS (
    SELECT 1 FROM message_parts AS own
    JOIN message_parts AS earlier USING (receiver, alert_id)
    JOIN messages AS m ON m.seq = earlier.seq
    WHERE own.seq = o.seq AND own.receiver = o.receiver AND earlier.seq < o.seq AND m.status = 'pending')
ORDER BY due_ms, seq LIMIT 1
"""

_OPEN = """
SELECT max(m.seq), m.body, p.alert_id FROM message_parts AS p JOIN messages AS m ON m.seq = p.seq
WHERE p.receiver = ? AND m.status = 'delivered' AND CASE WHEN p.is_end THEN m.tried_ms >= ? ELSE NOT EXISTS (
    SELECT 1 FROM message_parts AS e WHERE e.receiver = p.receiver AND e.alert_id = p.alert_id AND e.is_end) END
GROUP BY p.alert_id
"""

_PRUNE = """
DELETE FROM messages WHERE status = 'delivered' AND created_ms < ? AND seq NOT IN (
    SELECT p.seq FROM message_parts AS p WHERE NOT EXISTS (
        SELECT 1 FROM message_parts AS e WHERE e.receiver = p.receiver AND e.alert_id = p.alert_id AND e.is_end))
"""

_SHOWN_COLUMNS = "webhook_id, receiver, type, alert, alert_id, status, attempts, created_ms, due_ms, detail"
_SHOWN = f"SELECT {_SHOWN_COLUMNS} FROM messages"
_SHOWN_COUNT = 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for one receiver; `body` is the JSON of `alerting.said`. Its id is unique for the receiver."""

    webhook_id: str
    receiver: str
    body: bytes
    created_ms: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message on its way. `done`: names of the places of its receiver (addresses, services) that have taken it."""

    seq: int
    webhook_id: str
    receiver: str
    body: bytes
    created_ms: int
    since_ms: int
    due_ms: int
    attempts: int
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Queue:
    """What is known of one receiver's messages. `last_failure`: of those that are not delivered; None: none failed."""

    pending: int
    dead: int
    last_delivered_ms: int | None
    last_failure: str | None


class Outbox:
    """Messages of all receivers; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, connection: sqlite3.Connection, messages: Iterable[Outgoing]) -> None:
        """Owe messages, due at once, within the caller's transaction; one that is there already stays as it is."""
        for message in messages:
            _put(connection, message)

    def put_settled(
        self, connection: sqlite3.Connection, messages: Iterable[Outgoing], status: str, at_ms: int, detail: str = ""
    ) -> None:
        """Remember messages as `delivered` or `dead` as another file has them, within the caller's transaction."""
        for message in messages:
            if _put(connection, message):
                connection.execute(
                    "UPDATE messages SET status = ?, detail = ?, tried_ms = ? WHERE receiver = ? AND webhook_id = ?",
                    (status, detail, at_ms, message.receiver, message.webhook_id),
                )

    def add(self, message: Outgoing) -> None:
        """Owe one message, in a commit of its own."""
        with self._database.transaction() as connection:
            _put(connection, message)

    def next_for(self, receiver: str) -> Waiting | None:
        """The waiting message that is due first, of those that need not wait for an earlier one of an incident."""
        rows = self._database.read(_NEXT_DUE, (receiver,))
        if not rows:
            return None
        waiting = Waiting(*rows[0])
        return replace(waiting, done=frozenset(json.loads(rows[0][-1])))

    def delivered(self, message: Waiting, now_ms: int, log_rows: Sequence[Mapping[str, Any]]) -> None:
        """All of the receiver has it."""
        self._settle(message, "delivered", "", now_ms, log_rows)

    def dead(self, message: Waiting, detail: str, now_ms: int, log_rows: Sequence[Mapping[str, Any]]) -> None:
        """Given up on; it stays in the file as a dead letter."""
        self._settle(message, "dead", detail, now_ms, log_rows)

    def failed(self, message: Waiting, detail: str, now_ms: int, due_ms: int, done: frozenset[str]) -> None:
        """A failed attempt; the next is due at `due_ms`, for the places that are not in `done`."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE messages SET detail = ?, tried_ms = ?, due_ms = ?, done = ?, attempts = attempts + 1"
                " WHERE seq = ? AND since_ms = ?",
                (detail, now_ms, due_ms, json.dumps(sorted(done)), message.seq, message.since_ms),
            )

    def resend(self, webhook_id: str, receiver: str, now_ms: int) -> bool:
        """Owe a dead letter again, and after it the end of its incident if that was told meanwhile.

        False: there is no such dead letter.
        """
        with self._database.transaction() as connection:
            letter = connection.execute(
                "SELECT seq FROM messages WHERE webhook_id = ? AND receiver = ? AND status = 'dead'",
                (webhook_id, receiver),
            ).fetchone()
            if letter is None:
                return False
            connection.execute(
                "UPDATE messages SET status = 'pending', since_ms = ?, due_ms = ?, done = '[]'"
                " WHERE seq = ? OR seq IN ("
                " SELECT later.seq FROM message_parts AS own JOIN message_parts AS later USING (receiver, alert_id)"
                " WHERE own.seq = ? AND own.receiver = ? AND later.is_end AND later.seq > own.seq)",
                (now_ms, now_ms, letter[0], letter[0], receiver),
            )
        return True

    def messages(self) -> list[dict[str, Any]]:
        """The newest 200 and the newest 200 dead letters, newest first; times in Unix ms."""
        newest = f"SELECT seq FROM messages ORDER BY seq DESC LIMIT {_SHOWN_COUNT}"
        letters = f"SELECT seq FROM messages WHERE status = 'dead' ORDER BY seq DESC LIMIT {_SHOWN_COUNT}"
        query = f"{_SHOWN} WHERE seq IN ({newest}) OR seq IN ({letters}) ORDER BY seq DESC"
        return [dict(zip(_SHOWN_COLUMNS.split(", "), row, strict=True)) for row in self._database.read(query)]

    def queues(self) -> dict[str, Queue]:
        """By receiver, of all that ever had a message that is still kept."""
        rows = self._database.read(
            "SELECT receiver, sum(status = 'pending'), sum(status = 'dead'),"
            " max(CASE WHEN status = 'delivered' THEN tried_ms END) FROM messages GROUP BY receiver"
        )
        failures = self._database.read(
            "SELECT receiver, detail, max(tried_ms) FROM messages WHERE status IN ('pending', 'dead') AND detail <> ''"
            " GROUP BY receiver"
        )
        last = {receiver: detail for receiver, detail, _ in failures}
        return {name: Queue(pending, dead, at, last.get(name)) for name, pending, dead, at in rows}

    def counts(self) -> dict[str, int]:
        """How many messages are pending, delivered and dead."""
        return dict(self._database.read("SELECT status, count(*) FROM messages GROUP BY status"))

    def standing(self, receiver: str, ended_since_ms: int) -> list[Said]:
        """What the receiver was last told of each incident that is open, or whose end it took at that time or later."""
        rows = self._database.read(_OPEN, (receiver, ended_since_ms))
        return [each for _, body, alert_id in rows for each in said(body) if each.alert_id == alert_id]

    def prune(self, before_ms: int) -> None:
        """Drop delivered messages created before an instant, but not of incidents that are open; dead letters stay."""
        with self._database.transaction() as connection:
            connection.execute(_PRUNE, (before_ms,))
            connection.execute("DELETE FROM message_parts WHERE seq NOT IN (SELECT seq FROM messages)")

    def _settle(
        self, message: Waiting, status: str, detail: str, now_ms: int, log_rows: Sequence[Mapping[str, Any]]
    ) -> None:
        with self._database.transaction() as connection:
            # One that is owed anew since the attempt began (`resend`) stays so: it must follow the letter before it.
            cursor = connection.execute(
                "UPDATE messages SET status = ?, detail = ?, tried_ms = ?, attempts = attempts + 1"
                " WHERE seq = ? AND since_ms = ?",
                (status, detail, now_ms, message.seq, message.since_ms),
            )
            if cursor.rowcount:
                append_log(connection, log_rows)


def _put(connection: sqlite3.Connection, message: Outgoing) -> bool:
    """Whether it is new."""
    told = said(message.body)
    alerts = ", ".join(dict.fromkeys(str(each.data["alert"]) for each in told))
    ids = dict.fromkeys(each.alert_id for each in told)
    cursor = connection.execute(
        "INSERT OR IGNORE INTO messages"
        " (webhook_id, receiver, type, alert, alert_id, body, created_ms, since_ms, due_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.webhook_id,
            message.receiver,
            kind_of(message.body),
            alerts,
            next(iter(ids)) if len(ids) == 1 else "",
            message.body,
            *(message.created_ms,) * 3,
        ),
    )
    if cursor.rowcount:
        ends = {each.alert_id for each in told if each.is_end}
        parts = {each.alert_id for each in told if each.is_of_incident}
        connection.executemany(
            "INSERT OR IGNORE INTO message_parts VALUES (?, ?, ?, ?)",
            [(message.receiver, alert_id, cursor.lastrowid, alert_id in ends) for alert_id in parts],
        )
    return bool(cursor.rowcount)


def move_old_outbox(connection: sqlite3.Connection) -> None:
    """Take over what a file of the first version owes, and has told; nothing if there is no such table."""
    names = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'outbox'").fetchall()
    if not names:
        return
    rows = connection.execute(
        "SELECT webhook_id, receiver, body, created_ms, due_ms, attempts, status, detail FROM outbox ORDER BY seq"
    ).fetchall()
    for webhook_id, receiver, body, created_ms, due_ms, attempts, status, detail in rows:
        _put(connection, Outgoing(webhook_id, receiver, body, created_ms))
        connection.execute(
            "UPDATE messages SET due_ms = ?, attempts = ?, status = ?, detail = ?, tried_ms = ?"
            " WHERE receiver = ? AND webhook_id = ?",
            (due_ms, attempts, status, detail, due_ms, receiver, webhook_id),
        )
    connection.execute("DROP TABLE outbox")
