"""Incidents and the notices that are owed about them, in `alerts.db`.

Does not decide who hears what when: see `alerting.teller`. Only the alerter's thread writes here.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from alerting.database import Database
from alerting.notices import News, Notice

_OPEN = """
SELECT alert_id, receiver, kind, rule, told, created_ms, reason, until_ms FROM notices
WHERE status = 'open' ORDER BY created_ms, alert_id, receiver, kind
"""


class NoticeStore:
    """The tables `incidents` and `notices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> list[Notice]:
        """Nothing is decided about these yet, or they are held; oldest first, a start before its end."""
        rows = self._database.read(_OPEN)
        return [
            Notice(alert_id, receiver, kind, rule, json.loads(told), created_ms, reason, until_ms)
            for alert_id, receiver, kind, rule, told, created_ms, reason, until_ms in rows
        ]

    def keep(self, connection: sqlite3.Connection, news: News) -> None:
        """Keep a start or an end, within the caller's transaction. The same news twice is one."""
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
            connection.execute("UPDATE incidents SET ended_ms = ? WHERE alert_id = ?", (news.at_ms, news.alert_id))
        connection.executemany(
            "INSERT OR IGNORE INTO notices (alert_id, receiver, kind, rule, told, created_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(news.alert_id, each, news.kind, news.rule, json.dumps(told), news.at_ms) for each in receivers],
        )

    def note_told(self, connection: sqlite3.Connection, notice: Notice, webhook_id: str, now_ms: int) -> None:
        """A message about it is in the outbox, within the caller's transaction."""
        connection.execute(
            "UPDATE notices SET status = 'told', reason = '', until_ms = NULL, told_ms = ?, webhook_id = ?"
            " WHERE alert_id = ? AND receiver = ? AND kind = ?",
            (now_ms, webhook_id, notice.alert_id, notice.receiver, notice.kind),
        )


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
