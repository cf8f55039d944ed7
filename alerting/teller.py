"""One pass over the open notices: what is told goes to the outbox, with its bookkeeping in one commit.

Does not judge rules or deliver. Time is an argument.
"""

from alerting import payload
from alerting.outbox import Outgoing
from alerting.store import AlertStore


class Teller:
    """Tells receivers what they are owed."""

    def __init__(self, store: AlertStore) -> None:
        self._store = store

    def tell(self, now_ms: int) -> None:
        """Decide about every open notice; call after each look at the rules, and once before the first."""
        notices = self._store.notices.open()
        if not notices:
            return
        with self._store.database.transaction() as connection:
            for notice in notices:
                body = payload.body(notice.message_type, notice.told, now_ms)
                self._store.outbox.put(connection, [Outgoing(notice.webhook_id, notice.receiver, body, now_ms)])
                self._store.notices.note_told(connection, notice, notice.webhook_id, now_ms)
