"""The time in which this alerter is the one that judges: judge, decide who is told, deliver, again and again.

Does not know whose turn it is, nor threads: see `alerting.alerter`.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from itertools import takewhile
from typing import Any

from alerting.bell import Bell
from alerting.controls import Controls
from alerting.deliveries import Deliveries
from alerting.heartbeat import Heartbeat
from alerting.judge import Judge
from alerting.noise import noise
from alerting.payload import instant
from alerting.store import AlertStore
from alerting.surroundings import Surroundings
from alerting.takeover import take_over
from alerting.telemetry import AlertTelemetry
from alerting.teller import Teller
from alerting.tracing import tracer
from schemas.alerts import AlertDefinitions
from schemas.reading import ReadingUnavailable

LONGEST_PAUSE_SECONDS = 0.5
_PRUNE_EVERY_MS = 3_600_000

log = logging.getLogger(__name__)


class Session:
    """`run` and `is_over` in the event loop's thread, `shown` in any."""

    def __init__(
        self,
        store: AlertStore,
        outside: Surroundings,
        telemetry: AlertTelemetry,
        definitions: Callable[[], AlertDefinitions],
    ) -> None:
        """`definitions` are those that count now; others are taken up between two passes."""
        self._store = store
        self._outside = outside
        self._telemetry = telemetry
        self._definitions = definitions
        self._current = definitions()
        self._teller = Teller(store, outside.calendar, self._current)
        self._heartbeat = Heartbeat(self._current, outside.clock, lambda: self._judged_ms, outside.public_url)
        self._ask, self._is_over = outside.turns, False
        self._judge: Judge | None = None
        self._deliveries: Deliveries | None = None
        self._judged_ms: int | None = None
        self._pruned_ms = 0

    async def run(self, bell: Bell, has_turn: Callable[[], bool]) -> None:
        """Until the bell is stopped, or it is another's turn (asked in a thread).

        Raises:
            ExceptionGroup: of `sqlite3.Error`, the file is damaged.
        """
        outside, self._ask = self._outside, has_turn
        async with asyncio.TaskGroup() as tasks:
            deliveries = Deliveries(tasks, self._store.outbox, outside.clock, outside.retry, self._telemetry)
            self._deliveries = deliveries
            deliveries.replace(self._current.receivers)
            beside = [tasks.create_task(each) for each in self._beside(deliveries)]
            while not bell.is_stopped and await asyncio.to_thread(self._has_turn):
                await self._pass(deliveries)
                await bell.wait(LONGEST_PAUSE_SECONDS)
            deliveries.stop()
            for task in beside:
                task.cancel()
        await asyncio.to_thread(self._leave)

    def shown(self) -> dict[str, Any]:
        """The parts of `Alerter.shown` that are known of this time."""
        judge, deliveries = self._judge, self._deliveries
        if judge is None or deliveries is None:
            return {}
        because = judge.bad_data()
        heard = noise(self._store, self._current, self._outside.clock())
        rules = judge.report()
        return {
            "alerts": [rule | heard.get(f"{rule['group']}/{rule['alert']}", {}) for rule in rules],
            "messages": [_shown(each) for each in self._store.outbox.messages()],
            "receivers": deliveries.shown(),
            "dead_mans_switch": self._heartbeat.shown(),
            "data": {"bad": bool(because), "because": because},
            "judged_at": instant(self._judged_ms),
        }

    def _beside(self, deliveries: Deliveries) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._heartbeat.run()
        controls = self._controls()
        if controls is not None:
            yield controls.follow(deliveries.notify)

    def _controls(self) -> Controls | None:
        outside = self._outside
        if outside.controls is None:
            return None
        return Controls(outside.controls, self._store, lambda: self._current, outside.clock, outside.public_url)

    async def _pass(self, deliveries: Deliveries) -> None:
        try:
            if await asyncio.to_thread(self._take_up):
                deliveries.replace(self._current.receivers)
                self._heartbeat.replace(self._current)
            await asyncio.to_thread(self._look)
            deliveries.notify()
            await asyncio.to_thread(self._hand_on_log)
            await asyncio.to_thread(self._prune)
        except sqlite3.OperationalError as error:
            # A full disk passes. The transition that was not kept did not happen: the next round judges it again.
            log.warning("states of alerts cannot be kept now: %s", error)
        except ReadingUnavailable as error:
            log.warning("what earlier alerters did cannot be read now: %s", error)

    def _take_up(self) -> bool:
        """Whether there are other definitions; at first what was left behind is told, by this alerter or another."""
        definitions, now_ms = self._definitions(), self._outside.clock()
        judge = self._judge
        if judge is not None and definitions is self._current:
            return False
        if judge is None:
            judge = self._begin(definitions, now_ms)
        judge.replace(definitions.rules, now_ms)
        self._teller.replace(definitions)
        self._judge, self._current = judge, definitions
        return True

    def _begin(self, definitions: AlertDefinitions, now_ms: int) -> Judge:
        """What is silenced must be known before anything is told."""
        outside = self._outside
        if outside.predecessors is not None:
            take_over(self._store, outside.predecessors, outside.public_url, now_ms)
        controls = self._controls()
        if controls is not None:
            controls.look()
        self._teller.replace(definitions)
        self._teller.tell(now_ms)
        causes, url = self._telemetry.causes, outside.public_url
        return Judge(definitions.rules, self._store, outside.numbers, outside.pending, url, causes, self._has_turn)

    def _has_turn(self) -> bool:
        """A turn that was lost and comes back is another one: what others did meanwhile must be taken over first."""
        self._is_over = self._is_over or not self._ask()
        return not self._is_over

    def _look(self) -> None:
        """A successor must know of every incident that anybody heard of: so the log goes first where there is one.

        Whoever was held up for so long that another judges now tells nobody.
        """
        assert self._judge is not None
        now_ms = self._outside.clock()
        with tracer.start_as_current_span("evaluate"), self._telemetry.evaluation_duration.time():
            self._judge.judge(now_ms)
            if self._outside.predecessors is not None:
                if not self._has_turn():
                    return
                self._hand_on_log()
            self._teller.tell(now_ms, self._judge.open_values())
        self._judged_ms = self._outside.clock()

    def _leave(self) -> None:
        """Who comes next knows what was delivered in the end."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._hand_on_log()

    def _hand_on_log(self) -> None:
        """A transition that was not handed on before another's turn began was told to nobody: it would contradict the
        other. This file knows it, and its next takeover ends the incident.
        """
        rows = self._store.log.rows()
        if not self._has_turn():
            rows = list(takewhile(lambda row: row[1]["kind"] != "transition", rows))
        if not rows:
            return
        try:
            self._outside.log_sink([row for _, row in rows])
        except ReadingUnavailable:
            return
        self._store.log.drop(rows[-1][0])

    def _prune(self) -> None:
        now_ms = self._outside.clock()
        if now_ms - self._pruned_ms >= _PRUNE_EVERY_MS:
            self._pruned_ms = now_ms
            self._store.prune(now_ms)


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in message.items() if name not in ("created_ms", "due_ms")}
    return told | {"created_at": instant(message["created_ms"]), "due_at": instant(message["due_ms"])}
