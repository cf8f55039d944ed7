"""What alerting must not forget, in one small SQLite file: rule states, notices, the outbox and log rows.

Does not decide anything. Any method may raise `sqlite3.OperationalError`, as when the disk is full: nothing was
changed then.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from alerting import payload
from alerting.control_store import ControlStore
from alerting.database import Database, Step
from alerting.editions import FIRST, NOTICES, ORDER, UNSURE
from alerting.log_queue import LogQueue, append_log
from alerting.notice_store import Fate, NoticeStore
from alerting.notices import News
from alerting.outbox import OUTBOX_SCHEMA, Outbox, Outgoing, move_old_outbox
from alerting.rule_states import RuleStates, Stored

_EDITIONS: Sequence[Sequence[Step]] = (
    FIRST,
    NOTICES,
    (*(statement for statement in OUTBOX_SCHEMA.split(";") if statement.strip()), move_old_outbox),
    ORDER,
    UNSURE,
)
"""Applied in order; the number of those that a file has is its edition."""


_GIVEN_UP = "given up by another alerter, whose log says why"
_DAY_MS = 86_400_000
_KEPT_DELIVERED_MS = 7 * _DAY_MS
_KEPT_WISHES_MS = 7 * _DAY_MS
_KEPT_INCIDENTS_MS = 100 * _DAY_MS


class Change(NamedTuple):
    """A transition of the rule of this key: its state, log rows and what is owed about it."""

    rule: str
    stored: Stored
    log_rows: Sequence[Mapping[str, Any]]
    news: News | None = None


class AlertStore:
    """The file `alerts.db`; opened once, by the process that runs the alerter; used from any thread."""

    def __init__(self, path: Path) -> None:
        """Raises `ValueError` for a file of a newer version of the product."""
        self.database = Database(path, _EDITIONS)
        self.rules = RuleStates(self.database)
        self.notices = NoticeStore(self.database)
        self.controls = ControlStore(self.database)
        self.outbox = Outbox(self.database)
        self.log = LogQueue(self.database)

    def close(self) -> None:
        self.database.close()

    def record(
        self, rule: str, stored: Stored, log_rows: Sequence[Mapping[str, Any]], news: News | None = None
    ) -> None:
        """Keep one transition, all or nothing."""
        self.record_all([Change(rule, stored, log_rows, news)])

    def record_all(self, changes: Sequence[Change]) -> None:
        """Keep transitions in their order, all or none."""
        with self.database.transaction() as connection:
            for change in changes:
                self.rules.keep(connection, change.rule, change.stored)
                append_log(connection, change.log_rows)
                if change.news is not None:
                    self.notices.keep(connection, change.news)

    def adopt(self, states: Mapping[str, Stored], incidents: Sequence[tuple[News, Mapping[str, Fate]]]) -> None:
        """Go on from what another alerter has logged: states by the rule's key, and who was told what (by receiver).

        Starts come before their ends. What is here already stays, unless the other has settled it.
        """
        ended = {news.alert_id for news, _ in incidents if news.kind == "resolved"}
        with self.database.transaction() as connection:
            for rule, stored in states.items():
                self.rules.keep(connection, rule, stored)
            for news, fates in incidents:
                self.notices.keep(connection, news)
                self.notices.settle(connection, news, fates)
                dead = [each for each, fate in fates.items() if fate == "dead"]
                letters = _not_yet_here(connection, news, dead)
                self.outbox.put_settled(connection, letters, "dead", news.at_ms, _GIVEN_UP)
                if news.alert_id not in ended:
                    told = [each for each, fate in fates.items() if fate == "told"]
                    self.outbox.put_settled(connection, _not_yet_here(connection, news, told), "delivered", news.at_ms)

    def prune(self, now_ms: int) -> None:
        """Forget what is long over and told."""
        self.outbox.prune(now_ms - _KEPT_DELIVERED_MS)
        self.notices.prune(now_ms - _KEPT_INCIDENTS_MS)
        self.controls.prune(now_ms - _KEPT_WISHES_MS)


def _not_yet_here(connection: sqlite3.Connection, news: News, receivers: Sequence[str]) -> list[Outgoing]:
    """The messages by which receivers were told elsewhere, or not told: for channels that repeat what is open, and as
    dead letters.
    """
    is_end = int(news.kind == "resolved")
    query = f"SELECT 1 FROM message_parts WHERE receiver = ? AND alert_id = ? AND is_end = {is_end}"
    body = payload.body(f"alert.{news.kind}", news.told, news.at_ms)
    return [
        Outgoing(f"msg_{news.alert_id}_{news.kind}", each, body, news.at_ms)
        for each in receivers
        if connection.execute(query, (each, news.alert_id)).fetchone() is None
    ]
