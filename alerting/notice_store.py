"""Incidents and the notices that are owed about them, in `alerts.db`.

Does not decide who hears what when: see `alerting.teller`. Methods that take a connection work within the caller's
transaction.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

from alerting.database import Database
from alerting.manners import Drop, Tally
from alerting.notices import Acknowledged, Hold, News, Notice, Reason, Told

Fate = Literal["open", "unknown", "told", "dead", "dropped"]
"""Of another alerter's notice: it was held; nobody knows; the receiver has been told; its message was given up; it
never hears of it."""

_OPEN = """
SELECT alert_id, receiver, kind, rule, told, created_ms, reason, until_ms, is_unsure FROM notices
WHERE status = 'open' ORDER BY created_ms, alert_id, receiver, kind
"""
_REMINDABLE = """
SELECT n.alert_id, n.receiver, n.rule, n.told, n.created_ms, coalesce(n.reminded_ms, n.told_ms), n.reminders
FROM notices AS n JOIN incidents AS i USING (alert_id)
WHERE n.kind = 'firing' AND n.status = 'told' AND i.ended_ms IS NULL AND i.acknowledged IS NULL AND NOT EXISTS (
    SELECT 1 FROM message_parts AS p JOIN messages AS m USING (seq)
    WHERE p.receiver = n.receiver AND p.alert_id = n.alert_id AND m.status = 'pending')
ORDER BY n.told_ms, n.alert_id, n.receiver
"""
"""Without those whose last message is still on its way: a receiver that was away gets no heap of reminders."""

_TOLD_SINCE = "FROM notices WHERE kind = 'firing' AND status = 'told' AND told_ms >= ? GROUP BY receiver"
_THIS = "WHERE alert_id = ? AND receiver = ? AND kind = ?"


class NoticeStore:
    """The tables `incidents` and `notices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> list[Notice]:
        """Nothing is decided about these yet, or they are held; oldest first, a start before its end."""
        return [
            Notice(alert_id, receiver, kind, rule, json.loads(told), created_ms, _hold(reason, until_ms), bool(unsure))
            for alert_id, receiver, kind, rule, told, created_ms, reason, until_ms, unsure in self._database.read(_OPEN)
        ]

    def remindable(self) -> list[Told]:
        """Starts that were told of incidents that are open and nobody has acknowledged."""
        return [
            Told(alert_id, receiver, rule, json.loads(told), created_ms, last_ms, reminder)
            for alert_id, receiver, rule, told, created_ms, last_ms, reminder in self._database.read(_REMINDABLE)
        ]

    def tally(self, since_ms: int) -> Tally:
        """What was told since an instant."""
        of_rule = self._database.read(f"SELECT receiver, rule, count(*) {_TOLD_SINCE}, rule", (since_ms,))
        to_receiver = self._database.read(f"SELECT receiver, count(DISTINCT webhook_id) {_TOLD_SINCE}", (since_ms,))
        return Tally({(receiver, rule): count for receiver, rule, count in of_rule}, dict(to_receiver))

    def keep(self, connection: sqlite3.Connection, news: News) -> None:
        """Keep a start or an end. The same news twice is one."""
        told = dict(news.told)
        if news.kind == "firing":
            receivers = list(dict.fromkeys(news.receivers))
            connection.execute(
                "INSERT OR IGNORE INTO incidents (alert_id, rule, started_ms, start) VALUES (?, ?, ?, ?)",
                (news.alert_id, news.rule, news.at_ms, json.dumps(told)),
            )
        else:
            receivers = _owed_the_start(connection, news.alert_id)
            told |= _since_the_start(connection, news)
            connection.execute(
                "UPDATE incidents SET ended_ms = coalesce(ended_ms, ?) WHERE alert_id = ?", (news.at_ms, news.alert_id)
            )
        connection.executemany(
            "INSERT OR IGNORE INTO notices (alert_id, receiver, kind, rule, told, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(news.alert_id, each, news.kind, news.rule, json.dumps(told), news.at_ms) for each in receivers],
        )

    def note_told(self, connection: sqlite3.Connection, notice: Notice, webhook_id: str, now_ms: int) -> None:
        """A message about it is in the outbox."""
        connection.execute(
            f"UPDATE notices SET status = 'told', reason = '', until_ms = NULL, told_ms = ?, webhook_id = ? {_THIS}",
            (now_ms, webhook_id, notice.alert_id, notice.receiver, notice.kind),
        )

    def note_held(self, connection: sqlite3.Connection, notice: Notice, hold: Hold) -> None:
        connection.execute(
            f"UPDATE notices SET reason = ?, until_ms = ? {_THIS}",
            (hold.reason, hold.until_ms, notice.alert_id, notice.receiver, notice.kind),
        )

    def note_dropped(self, connection: sqlite3.Connection, notice: Notice, drop: Drop) -> None:
        connection.execute(
            f"UPDATE notices SET status = 'dropped', reason = ?, until_ms = NULL {_THIS}",
            (drop.reason, notice.alert_id, notice.receiver, notice.kind),
        )

    def note_reminded(self, connection: sqlite3.Connection, told: Told, number: int, now_ms: int) -> None:
        connection.execute(
            f"UPDATE notices SET reminders = ?, reminded_ms = ? {_THIS}",
            (number, now_ms, told.alert_id, told.receiver, "firing"),
        )

    def settle(self, connection: sqlite3.Connection, news: News, fates: Mapping[str, Fate]) -> None:
        """What another alerter has told or dropped, by receiver: it is not told again, not even from the outbox.

        What was given up is a dead letter, unless somebody has sent it again from here.
        """
        webhook_id = f"msg_{news.alert_id}_{news.kind}"
        this = f"WHERE alert_id = ? AND receiver = ? AND kind = '{news.kind}' AND status = 'open'"
        settled = [(each, fate) for each, fate in fates.items() if fate in ("told", "dead", "dropped")]
        connection.executemany(
            f"UPDATE notices SET status = ?, told_ms = ?, webhook_id = ?, reason = '', until_ms = NULL {this}",
            [
                ("dropped" if fate == "dropped" else "told", news.at_ms, webhook_id, news.alert_id, each)
                for each, fate in settled
            ],
        )
        connection.executemany(
            "UPDATE messages SET status = 'delivered', tried_ms = coalesce(tried_ms, created_ms)"
            " WHERE webhook_id = ? AND receiver = ? AND status IN ('pending', 'dead')",
            [(webhook_id, each) for each, fate in settled if fate != "dead"],
        )
        connection.executemany(
            "UPDATE messages SET status = 'dead' WHERE webhook_id = ? AND receiver = ? AND status = 'pending'"
            " AND since_ms = created_ms",
            [(webhook_id, each) for each, fate in settled if fate == "dead"],
        )
        connection.executemany(
            f"UPDATE notices SET is_unsure = ? {this}",
            [(fate == "unknown", news.alert_id, each) for each, fate in fates.items()],
        )

    def acknowledge(self, connection: sqlite3.Connection, alert_id: str, acknowledged: Acknowledged) -> dict[str, Any]:
        """The first counts. What was told at the incident's start; empty if it is unknown or acknowledged already."""
        value = json.dumps([acknowledged.by, acknowledged.at_ms, acknowledged.note])
        found = connection.execute(
            "UPDATE incidents SET acknowledged = ? WHERE alert_id = ? AND acknowledged IS NULL RETURNING start",
            (value, alert_id),
        ).fetchone()
        return {} if found is None else dict(json.loads(found[0]))

    def heard(self, connection: sqlite3.Connection, alert_id: str) -> list[str]:
        """Receivers that were told the start of an incident which is open."""
        rows = connection.execute(
            "SELECT n.receiver FROM notices AS n JOIN incidents AS i USING (alert_id) WHERE n.alert_id = ?"
            " AND n.kind = 'firing' AND n.status = 'told' AND i.ended_ms IS NULL ORDER BY n.receiver",
            (alert_id,),
        )
        return [receiver for [receiver] in rows]

    def is_unacknowledged(self, alert_id: str) -> bool:
        """Whether the incident is known and nobody has it in hand."""
        query = "SELECT 1 FROM incidents WHERE alert_id = ? AND acknowledged IS NULL"
        return bool(self._database.read(query, (alert_id,)))

    def first_unacknowledged_ms(self) -> int | None:
        """When the oldest incident began that is open and nobody has in hand; None: there is none."""
        query = "SELECT min(started_ms) FROM incidents WHERE ended_ms IS NULL AND acknowledged IS NULL"
        [[started_ms]] = self._database.read(query)
        return None if started_ms is None else int(started_ms)

    def acknowledged(self) -> dict[str, Acknowledged]:
        """Of open incidents, by the key of their rule."""
        rows = self._database.read(
            "SELECT rule, acknowledged FROM incidents WHERE ended_ms IS NULL AND acknowledged IS NOT NULL"
        )
        return {rule: Acknowledged(*json.loads(value)) for rule, value in rows}

    def incidents_since(self, from_ms: int) -> dict[str, int]:
        """How many began at that time or later, by rule."""
        rows = self._database.read(
            "SELECT rule, count(*) FROM incidents WHERE started_ms >= ? GROUP BY rule", (from_ms,)
        )
        return dict(rows)

    def prune(self, before_ms: int) -> None:
        """Forget incidents that ended before an instant and of which nothing waits to be told."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM incidents WHERE ended_ms < ? AND NOT EXISTS ("
                " SELECT 1 FROM notices AS n WHERE n.alert_id = incidents.alert_id AND n.status = 'open')",
                (before_ms,),
            )
            connection.execute("DELETE FROM notices WHERE alert_id NOT IN (SELECT alert_id FROM incidents)")


def _hold(reason: str, until_ms: int | None) -> Hold | None:
    return None if until_ms is None else Hold(Reason(reason), until_ms)


def _owed_the_start(connection: sqlite3.Connection, alert_id: str) -> list[str]:
    rows = connection.execute(
        "SELECT receiver FROM notices WHERE alert_id = ? AND kind = 'firing' AND status <> 'dropped' ORDER BY receiver",
        (alert_id,),
    )
    return [receiver for [receiver] in rows]


def _since_the_start(connection: sqlite3.Connection, news: News) -> Mapping[str, Any]:
    """How long the incident lasted and what the value was when it began."""
    found = connection.execute(
        "SELECT started_ms, start FROM incidents WHERE alert_id = ?", (news.alert_id,)
    ).fetchone()
    if found is None:
        return {}
    started_ms, start = found
    return {
        "duration_seconds": max(0, news.at_ms - started_ms) / 1000,
        "start_value": json.loads(start).get("value"),
    }
