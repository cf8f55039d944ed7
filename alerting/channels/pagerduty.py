"""PagerDuty Events v2: an incident is triggered, acknowledged and resolved under its alert_id.

Does not read incidents back from PagerDuty.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from alerting.channels.channel import Dead, Delivered, Outcome, Retry
from alerting.channels.http import answered, asked
from alerting.outbox import Waiting
from alerting.said import ACKNOWLEDGED, TEST, Said, said
from alerting.words import headline
from schemas.alerts import PagerDutyReceiver

_REFUSED = 400
_LONGEST_SUMMARY = 1024
_LONGEST_KEY = 255
_SEVERITIES = {"critical": "critical", "warning": "warning", "info": "info"}
_DETAILS = ("alert_id", "metric", "bucket", "value", "condition", "owner", "started_at", "ended_at", "duration_seconds")
_MORE_DETAILS = ("start_value", "comparison", "labels", "annotations")


class PagerDutyChannel:
    """One event for each incident that a message speaks of; an event sent twice is the same one to PagerDuty."""

    def __init__(self, receiver: PagerDutyReceiver, timeout_seconds: float) -> None:
        self._receiver = receiver
        self._timeout_seconds = timeout_seconds

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        outcome: Outcome = Delivered()
        for each in said(message.body):
            for action in _actions(each):
                outcome = await self._send(as_event(each, action, self._receiver.routing_key), now_ms)
                if not isinstance(outcome, Delivered):
                    return outcome
        return outcome

    async def keep_alive(self) -> None:
        """PagerDuty remembers."""

    async def _send(self, event: Mapping[str, Any], now_ms: int) -> Outcome:
        content = json.dumps(event, ensure_ascii=False).encode()
        receiver = self._receiver
        answer = await asked(receiver.url, receiver.allow_private, {}, content, self._timeout_seconds)
        if isinstance(answer, Retry):
            return answer
        if answer.status == _REFUSED:
            return Dead("HTTP 400: PagerDuty does not accept the event (is the routing key right?)")
        return answered(answer, now_ms)


def _actions(each: Said) -> tuple[str, ...]:
    """A test pages nobody for long."""
    if each.kind == TEST:
        return ("trigger", "resolve")
    if each.is_end:
        return ("resolve",)
    return ("acknowledge",) if each.kind == ACKNOWLEDGED else ("trigger",)


def as_event(each: Said, action: str, routing_key: str) -> dict[str, Any]:
    """The event of Events v2."""
    event = {"routing_key": routing_key, "event_action": action, "dedup_key": each.alert_id[:_LONGEST_KEY]}
    return event | _story(each) if action == "trigger" else event


def _story(each: Said) -> dict[str, Any]:
    """What only a trigger tells."""
    data = each.data
    annotations = data.get("annotations") or {}
    url, runbook = str(data["url"]), str(annotations.get("runbook_url", ""))
    links = [
        {"href": link, "text": text} for link, text in ((url, "NorthStream"), (runbook, "Runbook")) if _is_web(link)
    ]
    summary = annotations.get("summary")
    payload = {
        "summary": (headline(each) + (f": {summary}" if summary else ""))[:_LONGEST_SUMMARY],
        "source": urlsplit(url).netloc or "northstream",
        "severity": _SEVERITIES.get(str(data["severity"]), "warning"),
        "timestamp": data["started_at"],
        "component": str(data["metric"]),
        "group": str(data.get("group") or ""),
        "class": str(data["alert"]),
        "custom_details": {name: data[name] for name in (*_DETAILS, *_MORE_DETAILS) if data.get(name) is not None},
    }
    return {"payload": payload, "links": links, "client": "NorthStream"} | ({"client_url": url} if _is_web(url) else {})


def _is_web(link: str) -> bool:
    return link.startswith(("https://", "http://"))
