"""The dead man's switch: tells one receiver again and again that alerting lives, so that its silence raises the alarm.

Does not go through the outbox: a sign of life that comes late is none.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

from alerting.channels.channel import Delivered, Outcome, Retry
from alerting.channels.http import answered, asked
from alerting.payload import instant, signed_headers, signing_key
from alerting.post import Answer
from schemas.alerts import AlertDefinitions, AlertmanagerReceiver, DeadMansSwitch, Receiver, WebhookReceiver

ALIVE = "alerter.alive"
"""The type of the message to a webhook."""

ALERT_NAME = "NorthStreamWatchdog"
"""The alert that an Alertmanager always has, as long as this goes on."""

YOUNG_SECONDS = 30.0
"""Rules that have not all been looked at for longer are not being judged."""

TIMES_MISSED = 3
"""The Alertmanager's alert ends after so many signs that did not come."""

_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_ALERTS_PATH = "/api/v2/alerts"

log = logging.getLogger(__name__)


class Heartbeat:
    """`run` and `replace` in the event loop's thread, `shown` in any. One sign is under way at a time."""

    def __init__(
        self, definitions: AlertDefinitions, clock: Callable[[], int], judged_ms: Callable[[], int | None], url: str
    ) -> None:
        """`clock` gives Unix ms, `judged_ms` when the last pass over the rules was complete. `url`: of the boards."""
        self._clock = clock
        self._judged_ms = judged_ms
        self._url = url
        self._began_ms = clock()
        self._sent_ms: int | None = None
        self._failure = ""
        self._changed = asyncio.Event()
        self._switch: DeadMansSwitch | None = None
        self._receiver: Receiver | None = None
        self.replace(definitions)

    def replace(self, definitions: AlertDefinitions) -> None:
        """From now on the receiver that these name; none: nobody is told."""
        switch = definitions.dead_mans_switch
        receiver = definitions.receiver(switch.receiver) if switch else None
        if (switch, receiver) != (self._switch, self._receiver):
            self._switch, self._receiver = switch, receiver
            self._sent_ms, self._failure = None, ""
            self._changed.set()

    def shown(self) -> dict[str, Any] | None:
        """Who is told how often, and how that goes; None: nobody is."""
        switch = self._switch
        if switch is None:
            return None
        return {
            "receiver": switch.receiver,
            "every_seconds": switch.every_seconds,
            "last_delivered_at": instant(self._sent_ms),
            "last_failure": self._failure,
        }

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            switch, receiver = self._switch, self._receiver
            if switch is None or receiver is None:
                await self._changed.wait()
                continue
            pause = await self._beat(switch, receiver) if self.is_judging else min(_LOOK_SECONDS, switch.every_seconds)
            # Not `wait_for`, which in Python 3.11 can swallow that it is cancelled.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    @property
    def is_judging(self) -> bool:
        """Whether the last pass over the rules is young."""
        judged_ms = self._judged_ms()
        return judged_ms is not None and abs(self._clock() - judged_ms) <= YOUNG_SECONDS * 1000

    async def _beat(self, switch: DeadMansSwitch, receiver: Receiver) -> float:
        """Give one sign; seconds until the next."""
        began = asyncio.get_running_loop().time()
        try:
            outcome = await self._tell(switch, receiver, min(switch.every_seconds, _TIMEOUT_SECONDS))
        except Exception as error:
            # A mistake in here must end neither alerting nor the counting beside it; its silence is noticed outside.
            log.exception("a sign of life could not be given")
            outcome = Retry(f"internal error: {type(error).__name__}")
        took = asyncio.get_running_loop().time() - began
        if isinstance(outcome, Delivered):
            self._sent_ms, self._failure = self._clock(), ""
            return max(0.0, switch.every_seconds - took)
        self._failure = outcome.detail
        log.warning("the sign of life was not delivered", extra={"receiver": receiver.name, "detail": outcome.detail})
        return min(_RETRY_SECONDS, switch.every_seconds)

    async def _tell(self, switch: DeadMansSwitch, receiver: Receiver, seconds: float) -> Outcome:
        match receiver:
            case WebhookReceiver():
                return await self._post_signed(switch, receiver, seconds)
            case AlertmanagerReceiver():
                tellings = [self._post_alert(switch, receiver, url, seconds) for url in receiver.urls]
                outcomes = await asyncio.gather(*tellings)
                # Each member of a cluster is to know it: one that does not would raise the alarm.
                return next((each for each in outcomes if not isinstance(each, Delivered)), outcomes[0])
        return Retry("only webhooks and Alertmanagers can be told that all is well")

    async def _post_signed(self, switch: DeadMansSwitch, receiver: WebhookReceiver, seconds: float) -> Outcome:
        now_ms = self._clock()
        data = {"every_seconds": switch.every_seconds, "judged_at": instant(self._judged_ms()), "url": self._url}
        content = json.dumps({"type": ALIVE, "timestamp": instant(now_ms), "data": data}).encode()
        try:
            headers = signed_headers(signing_key(receiver.secret), f"msg_alive_{now_ms}", now_ms, content)
        except ValueError as failure:
            return Retry(str(failure))
        return _outcome(await asked(receiver.url, receiver.allow_private, headers, content, seconds), now_ms)

    async def _post_alert(
        self,
        switch: DeadMansSwitch,
        receiver: AlertmanagerReceiver,
        url: str,
        seconds: float,
    ) -> Outcome:
        now_ms = self._clock()
        alert = {
            "labels": {"alertname": ALERT_NAME, "severity": "none"},
            "annotations": {"summary": "NorthStream judges its alert rules. When this ends, it does not any more."},
            "startsAt": instant(self._began_ms),
            "endsAt": instant(now_ms + int(TIMES_MISSED * switch.every_seconds * 1000)),
            "generatorURL": self._url,
        }
        target, content = url.rstrip("/") + _ALERTS_PATH, json.dumps([alert]).encode()
        return _outcome(await asked(target, receiver.allow_private, {}, content, seconds), now_ms)


def _outcome(answer: Answer | Retry, now_ms: int) -> Outcome:
    return answer if isinstance(answer, Retry) else answered(answer, now_ms)
