"""Runs alerting: a loop that judges rules as counters change, and one delivery task per receiver.

Does not query: the value of a metric, the log's sink and the clock are handed in.
"""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from alerting.deliveries import Deliveries
from alerting.judge import Judge
from alerting.numbers import Numbers
from alerting.retries import RetryPolicy
from alerting.store import AlertStore
from alerting.telemetry import AlertTelemetry, outbox, rules_by_state
from alerting.teller import Teller
from alerting.tracing import tracer
from schemas.alerts import AlertRule, Receiver
from schemas.reading import ReadingUnavailable

LONGEST_PAUSE_SECONDS = 0.5
_KEPT_DELIVERED_MS = 7 * 86_400_000
_PRUNE_EVERY_MS = 3_600_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What alerting needs from outside.

    `log_sink` appends rows of `alert_log` and may raise `ReadingUnavailable` (they are offered
    again, unchanged). `pending`: whether hand-offs are under way. `clock` gives Unix ms.
    """

    numbers: Numbers
    log_sink: Callable[[Sequence[Mapping[str, Any]]], None]
    pending: Callable[[], bool]
    clock: Callable[[], int]
    public_url: str
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class Alerter:
    """Alerting of one installation; `run` in a thread of its own, everything else from any thread."""

    def __init__(
        self,
        rules: Sequence[AlertRule],
        receivers: Sequence[Receiver],
        store_path: Path,
        surroundings: Surroundings,
    ) -> None:
        self.telemetry = AlertTelemetry()
        self._rules = rules
        self._receivers = receivers
        self._store_path = store_path
        self._surroundings = surroundings
        self._judge: Judge | None = None
        self._store: AlertStore | None = None
        self._mutex = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._changed = False
        self._stopping = False

    def notify(self) -> None:
        """Counters changed: judge now."""
        with self._mutex:
            self._changed = True
            self._ring()

    def stop(self) -> None:
        """Make `run` return soon; what is not delivered stays in the outbox."""
        with self._mutex:
            self._stopping = True
            self._ring()

    def states(self) -> list[dict[str, Any]]:
        """All rules with their states; empty before `run` has opened the store."""
        judge = self._judge
        return judge.report() if judge is not None else []

    def collect(self) -> Iterator[Metric]:
        """What alerting tells of itself; from any thread."""
        yield from self.telemetry.collect()
        yield rules_by_state(self.states())
        store = self._store
        # Closed meanwhile, or its disk is in trouble: it is told at the next look.
        with contextlib.suppress(sqlite3.Error):
            yield outbox(store.outbox.counts() if store else {})

    def run(self) -> None:
        """Judge and deliver until `stop`.

        Raises:
            sqlite3.Error: the store cannot be opened.
            ExceptionGroup: of `sqlite3.Error`, it is damaged.
        """
        store = AlertStore(self._store_path)
        self._store = store
        try:
            asyncio.run(self._main(store))
        finally:
            self._store = None
            store.close()

    async def _main(self, store: AlertStore) -> None:
        outside = self._surroundings
        with self._mutex:
            self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        judge = Judge(self._rules, store, outside.numbers, outside.pending, outside.public_url, self.telemetry.causes)
        teller = Teller(store)
        teller.tell(outside.clock())
        judge.retire_removed(outside.clock())
        self._judge = judge
        try:
            async with asyncio.TaskGroup() as tasks:
                deliveries = Deliveries(tasks, store.outbox, outside.clock, outside.retry, self.telemetry)
                deliveries.replace(self._receivers)
                await self._judge_until_stopped(judge, teller, store, deliveries)
                deliveries.stop()
        finally:
            with self._mutex:
                self._loop = self._wake = None

    async def _judge_until_stopped(
        self, judge: Judge, teller: Teller, store: AlertStore, deliveries: Deliveries
    ) -> None:
        pruned_ms = 0
        while not self._stopping:
            changed = await self._pause()
            now_ms = self._surroundings.clock()
            try:
                await asyncio.to_thread(self._look, judge, teller, now_ms, changed)
                deliveries.notify()
                await asyncio.to_thread(self._hand_on_log, store)
                if now_ms - pruned_ms >= _PRUNE_EVERY_MS:
                    pruned_ms = now_ms
                    store.outbox.prune(now_ms - _KEPT_DELIVERED_MS)
            except sqlite3.OperationalError as error:
                # A full disk passes. The transition that was not kept did not happen: the next round judges it again.
                log.warning("states of alerts cannot be kept now: %s", error)

    def _look(self, judge: Judge, teller: Teller, now_ms: int, changed: bool) -> None:
        with tracer.start_as_current_span("evaluate"), self.telemetry.evaluation_duration.time():
            judge.judge(now_ms, changed)
            teller.tell(now_ms)

    async def _pause(self) -> bool:
        """Wait for a notification, at most the longest pause; whether there was one."""
        assert self._wake is not None
        try:
            async with asyncio.timeout(LONGEST_PAUSE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return False
        with self._mutex:
            self._wake.clear()
            changed, self._changed = self._changed, False
        return changed

    def _hand_on_log(self, store: AlertStore) -> None:
        rows = store.log.rows()
        if not rows:
            return
        try:
            self._surroundings.log_sink([row for _, row in rows])
        except ReadingUnavailable:
            return
        store.log.drop(rows[-1][0])

    def _ring(self) -> None:
        if self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)
