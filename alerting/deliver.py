"""Takes messages from the outbox to one receiver, at least once each, in order within an incident.

Does not judge rules. Each receiver has a task of its own, so one that hangs holds up nobody else.
"""

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alerting.log_rows import delivery_row
from alerting.outbox import Outbox, Waiting
from alerting.payload import signed_headers, signing_key
from alerting.post import Answer, PostFailed, post
from alerting.targets import UnsafeTarget, resolve
from alerting.telemetry import DEAD, DELIVERED, RETRY, AlertTelemetry
from alerting.tracing import tracer
from schemas.alerts import WebhookReceiver

_GONE = 410
_IDLE_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits double from `first_seconds` to `longest_seconds`, each cut at random to between half and all of it.

    After `give_up_seconds` since its creation a message is a dead letter.
    """

    timeout_seconds: float = 10.0
    first_seconds: float = 1.0
    longest_seconds: float = 300.0
    give_up_seconds: float = 86_400.0

    def wait_seconds(self, attempts: int) -> float:
        """Before the next attempt, after `attempts` (≥ 1) that failed."""
        longest = min(self.longest_seconds, self.first_seconds * 2.0 ** min(attempts - 1, 30))
        return longest * random.uniform(0.5, 1.0)


class Deliverer:
    """Delivers what the outbox holds for one receiver until it is cancelled."""

    def __init__(
        self,
        receiver: WebhookReceiver,
        outbox: Outbox,
        clock: Callable[[], int],
        policy: RetryPolicy,
        telemetry: AlertTelemetry,
    ) -> None:
        """`clock` gives Unix ms.

        Raises:
            ValueError: the receiver's secret is no key.
        """
        self._receiver = receiver
        self._key = signing_key(receiver.secret)
        self._outbox = outbox
        self._clock = clock
        self._policy = policy
        self._telemetry = telemetry
        self._wake = asyncio.Event()

    def notify(self) -> None:
        """There may be something new in the outbox; call from the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._wake.clear()
            try:
                await self._take_next()
            except sqlite3.OperationalError as error:
                # A full disk passes. What was delivered and could not be noted is delivered again, under the same id.
                log.warning("the outbox cannot be kept now: %s", error)
                await asyncio.sleep(_IDLE_SECONDS)

    async def _take_next(self) -> None:
        """Try the message that is due, or wait for one."""
        message = self._outbox.next_for(self._receiver.name)
        wait = _IDLE_SECONDS if message is None else (message.due_ms - self._clock()) / 1000
        if message is not None and wait <= 0:
            await self._attempt(message)
        else:
            await self._sleep(min(wait, _IDLE_SECONDS))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, message: Waiting) -> None:
        started = time.monotonic()
        with tracer.start_as_current_span("deliver", self._telemetry.causes.of(message.webhook_id)) as span:
            outcome = await self._deliver(message)
            span.set_attributes({"northstream.receiver": self._receiver.name, "northstream.outcome": outcome})
        age_seconds = (self._clock() - message.created_ms) / 1000
        self._telemetry.note_attempt(self._receiver.name, outcome, time.monotonic() - started, age_seconds)

    async def _deliver(self, message: Waiting) -> str:
        """The outcome."""
        try:
            target = await resolve(self._receiver.url, self._receiver.allow_private)
            headers = signed_headers(self._key, message.webhook_id, self._clock(), message.body)
            answer = await post(target, headers, message.body, self._policy.timeout_seconds)
        except (PostFailed, UnsafeTarget) as failure:
            return self._retry(message, str(failure), None)
        except OSError:
            return self._retry(message, "the host's name cannot be looked up", None)
        return self._settle(message, answer)

    def _settle(self, message: Waiting, answer: Answer) -> str:
        if 200 <= answer.status < 300:
            self._outbox.delivered(message, self._clock(), [self._row(message, "delivered", f"HTTP {answer.status}")])
            return DELIVERED
        if answer.status == _GONE:
            return self._bury(message, "HTTP 410: the receiver is gone")
        return self._retry(message, _reason(answer), answer.wait_seconds(self._clock()))

    def _retry(self, message: Waiting, detail: str, asked_seconds: float | None) -> str:
        now_ms = self._clock()
        if now_ms - message.since_ms >= self._policy.give_up_seconds * 1000:
            return self._bury(message, detail)
        wait = self._policy.wait_seconds(message.attempts + 1)
        if asked_seconds is not None:
            wait = max(wait, min(asked_seconds, 12 * self._policy.longest_seconds))
        self._outbox.failed(message, detail, now_ms, now_ms + int(wait * 1000), message.done)
        return RETRY

    def _bury(self, message: Waiting, detail: str) -> str:
        self._outbox.dead(message, detail, self._clock(), [self._row(message, "dead", detail)])
        subject = {"receiver": self._receiver.name, "webhook_id": message.webhook_id}
        log.warning("a message is given up on: %s", detail, extra=subject)
        return DEAD

    def _row(self, message: Waiting, outcome: str, detail: str) -> dict[str, Any]:
        return delivery_row(message, outcome, detail, self._clock())


def _reason(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}: redirects are not followed"
    return f"HTTP {answer.status}"
