"""Takes messages from the outbox to one receiver, at least once each, in order within an incident.

Does not judge rules, and does not know how a receiver is spoken to (`alerting.channels`).
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable

from alerting.channels.channel import Channel, Dead, Delivered, Outcome, Retry
from alerting.log_rows import delivery_rows
from alerting.mistakes import Mistakes
from alerting.outbox import Outbox, Waiting
from alerting.retries import RetryPolicy
from alerting.telemetry import DEAD, DELIVERED, RETRY, AlertTelemetry
from alerting.tracing import tracer

_IDLE_SECONDS = 5.0

log = logging.getLogger(__name__)


class Deliverer:
    """Delivers what the outbox holds for one receiver until it is ended or cancelled."""

    def __init__(
        self,
        receiver: str,
        channel: Channel,
        outbox: Outbox,
        clock: Callable[[], int],
        policy: RetryPolicy,
        telemetry: AlertTelemetry,
    ) -> None:
        """`receiver` is its name; `clock` gives Unix ms."""
        self._receiver = receiver
        self._channel = channel
        self._outbox = outbox
        self._clock = clock
        self._policy = policy
        self._telemetry = telemetry
        self._wake = asyncio.Event()
        self._is_over = False
        self._mistakes = Mistakes(receiver)

    def notify(self) -> None:
        """There may be something new in the outbox; call from the event loop's thread."""
        self._wake.set()

    def end(self) -> None:
        """Take no further message; `run` returns when the one on its way has arrived or failed."""
        self._is_over = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until the end."""
        while not self._is_over:
            self._wake.clear()
            try:
                await self._take_next()
            except sqlite3.OperationalError as error:
                # A full disk passes. What was delivered and could not be noted is delivered again, under the same id.
                log.warning("the outbox cannot be kept now: %s", error)
                await asyncio.sleep(_IDLE_SECONDS)

    async def _take_next(self) -> None:
        """Try the message that is due, or wait for one."""
        message = self._outbox.next_for(self._receiver)
        wait = _IDLE_SECONDS if message is None else self._wait_seconds(message)
        if message is not None and wait <= 0:
            await self._attempt(message)
        else:
            await self._sleep(min(wait, _IDLE_SECONDS))

    def _wait_seconds(self, message: Waiting) -> float:
        """Until it is due. A clock that was set back holds up nothing: what was never tried is due, and so is what
        would wait longer than any message ever does."""
        wait = (message.due_ms - self._clock()) / 1000
        return 0.0 if message.attempts == 0 or wait > self._policy.longest_wait_seconds else wait

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, message: Waiting) -> None:
        started = time.monotonic()
        with tracer.start_as_current_span("deliver", self._telemetry.causes.of(message.webhook_id)) as span:
            outcome = self._note(message, await self._delivered(message))
            span.set_attributes({"northstream.receiver": self._receiver, "northstream.outcome": outcome})
        age_seconds = (self._clock() - message.created_ms) / 1000
        self._telemetry.note_attempt(self._receiver, outcome, time.monotonic() - started, age_seconds)

    async def _delivered(self, message: Waiting) -> Outcome:
        """What the channel says; a mistake in it is a failed attempt, and ends nothing else."""
        try:
            return await self._channel.deliver(message, self._clock())
        except Exception as mistake:
            self._mistakes.tell(mistake)
            return Retry(f"internal error: {type(mistake).__name__}")

    def _note(self, message: Waiting, outcome: Outcome) -> str:
        """Keep what came of an attempt, and say it in one word."""
        now_ms = self._clock()
        match outcome:
            case Delivered(detail):
                self._outbox.delivered(message, now_ms, delivery_rows(message, DELIVERED, detail, now_ms))
                return DELIVERED
            case Dead(detail):
                return self._bury(message, detail, now_ms)
            case Retry():
                return self._repeat(message, outcome, now_ms)

    def _repeat(self, message: Waiting, outcome: Retry, now_ms: int) -> str:
        if now_ms - message.since_ms >= self._policy.give_up_seconds * 1000:
            return self._bury(message, outcome.detail, now_ms)
        wait = self._policy.wait_seconds(message.attempts + 1, outcome.after_seconds)
        due_ms = now_ms + int(wait * 1000)
        self._outbox.failed(message, outcome.detail, now_ms, due_ms, message.done | outcome.done)
        return RETRY

    def _bury(self, message: Waiting, detail: str, now_ms: int) -> str:
        self._outbox.dead(message, detail, now_ms, delivery_rows(message, DEAD, detail, now_ms))
        subject = {"receiver": self._receiver, "webhook_id": message.webhook_id}
        log.warning("a message is given up on: %s", detail, extra=subject)
        return DEAD
