"""Messages of the outbox as tests want them: a start, an end, a group, each with all fields of contracts §7.

Does not check anything.
"""

import json
from typing import Any

from alerting.outbox import Outgoing, Waiting

NOW_MS = 1_795_341_600_000
"""2026-11-22 10:00 UTC."""


def data(alert_id: str, **more: Any) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "alert": "SignupsHigh",
        "metric": "signups",
        "bucket": "running",
        "value": 30.0,
        "condition": "> 20",
        "severity": "critical",
        "owner": "growth",
        "started_at": "2026-11-22T10:00:00.000Z",
        "ended_at": None,
        "labels": {"severity": "critical", "team": "web"},
        "annotations": {"summary": "Many signups, même la nuit", "runbook_url": "https://example.com/run"},
        "url": "http://127.0.0.1:8000/alerts?rule=product/SignupsHigh",
        "group": "product",
        "rule": "product/SignupsHigh",
        **more,
    }


def body(kind: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2026-11-22T10:00:00.000Z", "data": data}).encode()


def start(alert_id: str, receiver: str = "ops", at_ms: int = NOW_MS, **more: Any) -> Outgoing:
    return Outgoing(f"msg_{alert_id}_firing", receiver, body("alert.firing", data(alert_id, **more)), at_ms)


def end(alert_id: str, receiver: str = "ops", at_ms: int = NOW_MS, **more: Any) -> Outgoing:
    told = data(alert_id, value=3.0, ended_at="2026-11-22T10:05:00.000Z", **more)
    return Outgoing(f"msg_{alert_id}_resolved", receiver, body("alert.resolved", told), at_ms)


def group(*messages: Outgoing, receiver: str = "ops", at_ms: int = NOW_MS) -> Outgoing:
    """One message that says what all of these say."""
    parsed = [json.loads(message.body) for message in messages]
    alerts = [{"type": each["type"], **each["data"]} for each in parsed]
    return Outgoing("msg_group_1", receiver, body("alert.group", {"group_by": {}, "alerts": alerts}), at_ms)


def waiting(message: Outgoing, done: frozenset[str] = frozenset()) -> Waiting:
    """As a channel is given it at the first attempt."""
    at_ms = message.created_ms
    return Waiting(1, message.webhook_id, message.receiver, message.body, at_ms, at_ms, at_ms, 0, done)
