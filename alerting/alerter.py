"""Runs alerting in a thread: judging and telling while it is this alerter's turn, standing by while it is another's.

Does not query: numbers, the log's sink and the clock are handed in (`alerting.surroundings`).
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from alerting.bell import Bell
from alerting.session import Session
from alerting.store import AlertStore
from alerting.surroundings import Surroundings
from alerting.telemetry import AlertTelemetry, outbox, rules_by_state, turn
from schemas.alerts import AlertDefinitions
from schemas.reading import ReadingUnavailable

_STANDBY_SECONDS = 0.5
_RECOVER_SECONDS = 5.0

log = logging.getLogger(__name__)


class Alerter:
    """Alerting of one installation; `run` in a thread of its own, everything else from any thread."""

    def __init__(self, definitions: AlertDefinitions, store_path: Path, surroundings: Surroundings) -> None:
        self.telemetry = AlertTelemetry()
        self._definitions = definitions
        self._store_path = store_path
        self._surroundings = surroundings
        self._bell = Bell()
        self._store: AlertStore | None = None
        self._session: Session | None = None
        self._has_turn = False

    def notify(self) -> None:
        """Counters changed: judge now."""
        self._bell.ring()

    def replace(self, definitions: AlertDefinitions) -> None:
        """Judge, tell and deliver by these from the next pass on; messages of a receiver that is gone wait."""
        self._definitions = definitions
        self._bell.ring()

    def stop(self) -> None:
        """Make `run` return soon; what is not delivered stays in the outbox."""
        self._bell.stop()

    def shown(self) -> dict[str, Any]:
        """Where rules, messages and receivers stand, for API and boards. No secret is in it.

        Of an alerter that has not looked yet, or stands by, `alerts` is empty and `judged_at` None.
        """
        outside = self._surroundings
        try:
            age = outside.watch_seconds(outside.clock())
        except ReadingUnavailable:
            age = None
        nothing: dict[str, Any] = {"alerts": [], "messages": [], "receivers": [], "data": {"bad": False, "because": []}}
        beside = {
            "findings": list(outside.findings()),
            "watch": {"age_seconds": age},
            "dead_mans_switch": None,
            "judged_at": None,
        }
        return nothing | beside | self._shown_of_session()

    def collect(self) -> Iterator[Metric]:
        """What alerting tells of itself; from any thread."""
        yield from self.telemetry.collect()
        yield rules_by_state(self._shown_of_session().get("alerts", []))
        yield turn(self._has_turn)
        store = self._store
        # Closed meanwhile, or its disk is in trouble: it is told at the next look.
        with contextlib.suppress(sqlite3.Error):
            yield outbox(store.outbox.counts() if store else {})

    def run(self) -> None:
        """Judge and deliver until `stop`.

        Whatever fails, alerting begins anew a little later: it must not take the process down, which counts and loads.
        The dead man's switch is silent meanwhile.
        """
        while not self._bell.is_stopped:
            try:
                self._run()
            except Exception:  # a full or damaged disk, or a mistake of ours
                log.exception("alerting failed and begins anew in %g s", _RECOVER_SECONDS)
                self._bell.sleep(_RECOVER_SECONDS)

    def _run(self) -> None:
        store = AlertStore(self._store_path)
        self._store = store
        try:
            asyncio.run(self._main(store))
        finally:
            self._store = None
            store.close()

    async def _main(self, store: AlertStore) -> None:
        self._bell.listen()
        try:
            while not self._bell.is_stopped:
                if await asyncio.to_thread(self._is_our_turn):
                    await self._judge(store)
                else:
                    await self._bell.wait(_STANDBY_SECONDS)
        finally:
            with contextlib.suppress(ReadingUnavailable):
                await asyncio.to_thread(self._surroundings.end_turn)
            self._bell.close()

    async def _judge(self, store: AlertStore) -> None:
        session = Session(store, self._surroundings, self.telemetry, lambda: self._definitions)
        self._session = session
        try:
            await session.run(self._bell, self._is_our_turn)
        finally:
            self._session = None

    def _is_our_turn(self) -> bool:
        """While nobody can be asked nothing changes: others cannot ask either, and numbers cannot be read."""
        try:
            turns = self._surroundings.turns()
        except ReadingUnavailable:
            return self._has_turn
        if turns is not self._has_turn:
            log.info("judging begins" if turns else "another alerter judges; standing by")
            self._has_turn = turns
        return turns

    def _shown_of_session(self) -> dict[str, Any]:
        session = self._session
        try:
            return session.shown() if session is not None else {}
        except sqlite3.Error as error:
            log.warning("alerts cannot be shown now: %s", error)
            return {}
