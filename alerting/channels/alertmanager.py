"""Prometheus Alertmanager: every incident as an alert of `POST /api/v2/alerts`, said again every minute while open.

Does not use Alertmanager's silences or ask it anything. See docs/decisions/0704-alertmanager-hears-it-every-minute.md.
"""

import asyncio
import json
import logging
import re
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from alerting.channels.channel import Delivered, Outcome, Retry
from alerting.channels.http import answered, asked
from alerting.outbox import Outbox, Waiting
from alerting.payload import instant
from alerting.said import TEST, Said, said
from schemas.alerts import AlertmanagerReceiver

REPEAT_SECONDS = 60.0
"""Alertmanager keeps alerts in memory only."""

OPEN_FOR = timedelta(hours=1)
"""An open incident is said to end so much later. Nobody knows that it is over while NorthStream is down; but an
installation that never comes back must not leave alerts for ever."""

TEST_FOR = timedelta(minutes=5)

ENDED_MS = 15 * 60_000
"""So long an end is said again, for a member of a cluster that missed it."""

_REST_SECONDS = 1.0
"""So long a message that one has taken waits for the rest of its cluster."""

log = logging.getLogger(__name__)

_PATH = "/api/v2/alerts"
_UNFIT = re.compile(r"[^a-zA-Z0-9_]")
_CONTENT = {"Accept": "application/json"}


class AlertmanagerChannel:
    """Tells each Alertmanager of a cluster; one that has taken it is enough, the others hear it within the minute."""

    def __init__(
        self,
        receiver: AlertmanagerReceiver,
        timeout_seconds: float,
        outbox: Outbox,
        clock: Callable[[], int],
        repeat_seconds: float = REPEAT_SECONDS,
    ) -> None:
        self._receiver = receiver
        self._timeout_seconds = timeout_seconds
        self._outbox = outbox
        self._clock = clock
        self._repeat_seconds = repeat_seconds
        # One word at a time to each: an old "open" must not arrive behind an end.
        self._speaking = {url: asyncio.Lock() for url in receiver.urls}

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        told = said(message.body)
        outcomes = await _outcomes(self._tell(url, lambda: told, now_ms) for url in self._receiver.urls)
        taken = [each for each in outcomes if isinstance(each, Delivered)]
        if taken:
            return Delivered(f"taken by {len(taken)} of {len(self._receiver.urls)}")
        waits = [each.after_seconds for each in outcomes if isinstance(each, Retry) and each.after_seconds is not None]
        details = dict.fromkeys(each.detail for each in outcomes)
        return Retry("; ".join(details), min(waits) if waits else None)

    async def keep_alive(self) -> None:
        await asyncio.gather(*(self._repeat(url) for url in self._receiver.urls))

    async def _repeat(self, url: str) -> None:
        """A failure is no news: messages tell of it."""
        while True:
            await asyncio.sleep(self._repeat_seconds)
            now_ms = self._clock()
            try:
                await self._tell(url, partial(self._standing, now_ms), now_ms)
            except sqlite3.OperationalError as error:
                log.warning("open incidents cannot be read now: %s", error)

    def _standing(self, now_ms: int) -> Sequence[Said]:
        return self._outbox.standing(self._receiver.name, now_ms - ENDED_MS)

    async def _tell(self, url: str, told: Callable[[], Sequence[Said]], now_ms: int) -> Outcome:
        async with self._speaking[url]:
            alerts = [as_alert(each, now_ms) for each in told()]
            if not alerts:
                return Delivered()
            content = json.dumps(alerts, ensure_ascii=False).encode()
            target = url.rstrip("/") + _PATH
            answer = await asked(target, self._receiver.allow_private, _CONTENT, content, self._timeout_seconds)
            return answer if isinstance(answer, Retry) else answered(answer, now_ms)


async def _outcomes(tellings: Iterable[Coroutine[Any, Any, Outcome]]) -> list[Outcome]:
    """Of all or, when one is delivered, of those that are done soon: one that hangs must not hold up what follows."""
    outcomes: list[Outcome] = []
    pending = {asyncio.create_task(each) for each in tellings}
    try:
        while pending:
            patience = _REST_SECONDS if any(isinstance(each, Delivered) for each in outcomes) else None
            done, pending = await asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            outcomes += [each.result() for each in done]
    finally:
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    return outcomes


def as_alert(each: Said, now_ms: int) -> dict[str, Any]:
    """A `postableAlert`: its labels say which incident's rule it is, and are the same from start to end."""
    data = each.data
    return {
        "labels": _labels(data),
        "annotations": _annotations(data),
        "startsAt": data["started_at"],
        "endsAt": data["ended_at"] if each.is_end else instant(now_ms + _left_ms(each)),
        "generatorURL": data["url"],
    }


def _left_ms(each: Said) -> int:
    return int((TEST_FOR if each.kind == TEST else OPEN_FOR).total_seconds() * 1000)


def _labels(data: Mapping[str, Any]) -> dict[str, str]:
    """The rule's own labels cannot hide which rule it is; to Alertmanager an empty value is none."""
    own = {str(name): str(value) for name, value in (data.get("labels") or {}).items()}
    named = {
        "alertname": str(data["alert"]),
        "severity": str(data["severity"]),
        "owner": str(data["owner"]),
        "metric": str(data["metric"]),
        "group": str(data.get("group") or ""),
    }
    return _named(own | named)


def _annotations(data: Mapping[str, Any]) -> dict[str, str]:
    own = {str(name): str(value) for name, value in (data.get("annotations") or {}).items()}
    value = data["value"]
    own |= {"condition": str(data["condition"]), "value": "" if value is None else f"{value:g}"}
    return _named(own)


def _named(values: Mapping[str, str]) -> dict[str, str]:
    """In names that every Alertmanager takes: letters, digits and underscores, no digit first."""
    plain = {_UNFIT.sub("_", name): value for name, value in values.items() if name and value}
    return {f"_{name}" if name[0].isdigit() else name: value for name, value in plain.items()}
