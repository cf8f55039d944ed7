"""Follows what people ask of alerting in the warehouse: silences, acknowledgements, and wishes that are granted once.

Does not decide who hears what: see `alerting.planning`. While the warehouse is away the last known controls hold.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable

from alerting import payload
from alerting.log_queue import append_log
from alerting.notice_rows import acknowledged_row
from alerting.notices import Acknowledged
from alerting.outbox import Outgoing
from alerting.said import ACKNOWLEDGED
from alerting.store import AlertStore
from alerting.wished import trial
from schemas.alert_controls import Acknowledgement, AlertControls, Wish
from schemas.alerts import AlertDefinitions, PagerDutyReceiver
from schemas.reading import ReadingUnavailable

LOOK_SECONDS = 1.0
_LOOK_BACK_MS = 86_400_000
_TESTS_LOOK_BACK_MS = 600_000
"""Wishes that are older are not granted any more: nobody waits for them."""

log = logging.getLogger(__name__)


class Controls:
    """Of one installation; acts once on each control, also over restarts."""

    def __init__(
        self,
        reader: AlertControls,
        store: AlertStore,
        definitions: Callable[[], AlertDefinitions],
        clock: Callable[[], int],
        public_url: str,
    ) -> None:
        """`definitions`: those that hold now. `clock` gives Unix ms."""
        self._reader = reader
        self._store = store
        self._definitions = definitions
        self._clock = clock
        self._public_url = public_url

    async def follow(self, changed: Callable[[], None]) -> None:
        """Look every second until cancelled; `changed` is called when something was sent on its way."""
        while True:
            try:
                if await asyncio.to_thread(self.look):
                    changed()
            except sqlite3.OperationalError as error:
                # A full disk passes; the next look acts.
                log.warning("what people ask of alerts cannot be kept now: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> bool:
        """Read everything once and act on what is new; whether a message was sent on its way."""
        now_ms = self._clock()
        try:
            silences = self._reader.silences(now_ms)
            acknowledgements = self._reader.acknowledgements(self._first_unacknowledged(now_ms))
            wishes = self._reader.wishes(now_ms - _LOOK_BACK_MS)
        except ReadingUnavailable:
            return False
        self._store.controls.keep_silences(silences)
        acknowledged = [self._acknowledge(each, now_ms) for each in acknowledgements]
        granted = [self._grant(wish, now_ms) for wish in wishes if self._is_waited_for(wish, now_ms)]
        return any((*acknowledged, *granted))

    def _first_unacknowledged(self, now_ms: int) -> int:
        """No acknowledgement that is missing here was given earlier, also if another alerter had the incident then."""
        started_ms = self._store.notices.first_unacknowledged_ms()
        return now_ms - _LOOK_BACK_MS if started_ms is None else min(started_ms, now_ms) - _LOOK_BACK_MS

    def _is_waited_for(self, wish: Wish, now_ms: int) -> bool:
        is_old = wish.kind == "test" and wish.at_ms < now_ms - _TESTS_LOOK_BACK_MS
        return not is_old and not self._store.controls.is_granted(wish.id)

    def _acknowledge(self, given: Acknowledgement, now_ms: int) -> bool:
        """Whether anybody is told."""
        if not self._store.notices.is_unacknowledged(given.alert_id):
            return False
        acknowledged = Acknowledged(given.author, given.at_ms, given.note)
        with self._store.database.transaction() as connection:
            told = self._store.notices.acknowledge(connection, given.alert_id, acknowledged)
            if not told:
                return False
            append_log(connection, [acknowledged_row(told, acknowledged)])
            pagers = self._pagers(connection, given.alert_id)
            body = payload.body(ACKNOWLEDGED, told, now_ms)
            webhook_id = f"msg_{given.alert_id}_acknowledged"
            self._store.outbox.put(connection, [Outgoing(webhook_id, each, body, now_ms) for each in pagers])
        return bool(pagers)

    def _pagers(self, connection: sqlite3.Connection, alert_id: str) -> list[str]:
        """Receivers that go on paging until somebody has the incident in hand, of those that heard of its start."""
        heard = self._store.notices.heard(connection, alert_id)
        return [each for each in heard if isinstance(self._definitions().receiver(each), PagerDutyReceiver)]

    def _grant(self, wish: Wish, now_ms: int) -> bool:
        """Both are as good as once if a kill comes between: a test has one id, and a letter that waits is not dead."""
        if wish.kind == "resend":
            is_sent = self._store.outbox.resend(wish.subject, wish.receiver, now_ms)
        else:
            is_sent = self._definitions().receiver(wish.subject) is not None
            if is_sent:
                self._store.outbox.add(trial(wish.subject, wish.id, now_ms, self._public_url))
        with self._store.database.transaction() as connection:
            self._store.controls.note_granted(connection, wish.id, now_ms)
        if not is_sent:
            log.warning("a %s that somebody wished is not possible: no such receiver or dead letter", wish.kind)
        return is_sent
