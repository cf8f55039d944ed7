"""One pass over what receivers are owed: messages go to the outbox, each decision with its bookkeeping in one commit.

Does not judge rules, decide (`alerting.planning`) or deliver. Time is an argument.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from alerting import payload
from alerting.log_queue import append_log
from alerting.manners import Context, Drop
from alerting.notice_rows import dropped_row, held_row, released_row
from alerting.notices import Hold, Notice
from alerting.outbox import Outgoing
from alerting.planning import Message, plan, reminders
from alerting.store import AlertStore
from schemas.alerts import AlertDefinitions
from schemas.calendar import Calendar


class Teller:
    """Tells receivers what they are owed, with the manners that they ask for; used from the judging thread."""

    def __init__(
        self, store: AlertStore, calendar: Calendar | None = None, definitions: AlertDefinitions | None = None
    ) -> None:
        """`calendar` is the workspace's: it says when a day begins; None: days of UTC."""
        self._store = store
        self._calendar = calendar or Calendar()
        self._definitions = definitions or AlertDefinitions()

    def replace(self, definitions: AlertDefinitions) -> None:
        """Decide by these from now on; what was told stays told, and its end is told too."""
        self._definitions = definitions

    def tell(self, now_ms: int, values: Mapping[str, float | None] | None = None) -> None:
        """Decide about every open notice; call after each look at the rules, and once before the first.

        `values`: what the rules of open incidents (by alert id) see now. Without them, as before the first look, nobody
        is reminded: the incident may be over.
        """
        context = Context(self._definitions, self._calendar, self._store.controls.silences())
        notices = self._store.notices.open()
        if notices:
            self._decide(notices, context, now_ms)
        if values is not None and any(each.remind_every_seconds for each in self._definitions.manners.values()):
            self._remind(context, now_ms, values)

    def _decide(self, notices: Sequence[Notice], context: Context, now_ms: int) -> None:
        day_ms = self._calendar.start_of(self._calendar.day_of(now_ms))
        decided = plan(notices, self._store.notices.tally(day_ms), context, now_ms)
        held = [(notice, hold) for notice, hold in decided.held if hold != notice.held]
        if not (decided.messages or decided.dropped or held):
            return
        with self._store.database.transaction() as connection:
            for message in decided.messages:
                self._send(connection, message, now_ms)
            for notice, hold in held:
                self._hold(connection, notice, hold, now_ms)
            for notice, drop in decided.dropped:
                self._drop(connection, notice, drop, now_ms)

    def _remind(self, context: Context, now_ms: int, values: Mapping[str, float | None]) -> None:
        due = reminders(self._store.notices.remindable(), values, context, now_ms)
        if not due:
            return
        with self._store.database.transaction() as connection:
            for message in due:
                self._send(connection, message, now_ms)

    def _send(self, connection: sqlite3.Connection, message: Message, now_ms: int) -> None:
        body = payload.body(message.type, message.data, now_ms)
        self._store.outbox.put(connection, [Outgoing(message.webhook_id, message.receiver, body, now_ms)])
        for notice in message.notices:
            self._store.notices.note_told(connection, notice, message.webhook_id, now_ms)
            if notice.held is not None:
                append_log(connection, [released_row(notice, notice.held, message.webhook_id, now_ms)])
        if message.reminds_of is not None:
            self._store.notices.note_reminded(connection, message.reminds_of, message.data["reminder"], now_ms)

    def _hold(self, connection: sqlite3.Connection, notice: Notice, hold: Hold, now_ms: int) -> None:
        """Logged when the reason changes, not when it lasts longer."""
        self._store.notices.note_held(connection, notice, hold)
        if notice.held is None or notice.held.reason is not hold.reason:
            append_log(connection, [held_row(notice, hold, now_ms)])

    def _drop(self, connection: sqlite3.Connection, notice: Notice, drop: Drop, now_ms: int) -> None:
        self._store.notices.note_dropped(connection, notice, drop)
        append_log(connection, [dropped_row(notice, drop, now_ms)])
