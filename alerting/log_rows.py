"""Rows of the warehouse's `alert_log`: one per transition of a rule, one per message delivered or given up.

Does not write them: see `AlertStore` (kept with the change they tell of) and `Alerter` (handed on).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from alerting.payload import severity_of
from alerting.states import Message, Transition
from alerting.store import Outgoing
from schemas.definitions import AlertRule


def transition_row(rule: AlertRule, transition: Transition, now_ms: int) -> dict[str, Any]:
    """A change of state, with the state before and the cause in `details`."""
    ended = transition.message is Message.RESOLVED
    return {
        "at": _column_time(now_ms),
        "kind": "transition",
        "alert_id": transition.alert_id,
        "alert": rule.alert,
        "state": transition.after.state,
        "metric": rule.metric,
        "bucket": rule.bucket,
        "value": transition.after.value,
        "condition": rule.condition,
        "severity": severity_of(rule),
        "owner": rule.owner,
        "receiver": rule.receiver,
        "started_at": _column_time(transition.started_ms),
        "ended_at": _column_time(now_ms) if ended else None,
        "details": _details({"from": transition.before, "cause": transition.cause}),
    }


def delivery_row(message: Outgoing, outcome: str, detail: str, now_ms: int) -> dict[str, Any]:
    """The end of a message: `delivered` or `dead`, after how many attempts, with the last answer in `details`."""
    said = json.loads(message.body)
    told = ("alert_id", "alert", "metric", "bucket", "value", "condition", "severity", "owner")
    facts = {
        "message": said["type"],
        "webhook_id": message.webhook_id,
        "attempts": message.attempts + 1,
        "answer": detail,
    }
    return {
        "at": _column_time(now_ms),
        "kind": "delivery",
        **{name: said["data"][name] for name in told},
        "state": outcome,
        "receiver": message.receiver,
        "details": _details(facts),
    }


def _details(facts: Mapping[str, Any]) -> str:
    """JSON; `log_id` tells copies of a row apart from rows that look alike."""
    return json.dumps({**facts, "log_id": uuid4().hex}, ensure_ascii=False)


def _column_time(at_ms: int | None) -> str | None:
    """As ClickHouse reads a DateTime64(3) in UTC in every parsing mode."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
