"""Rows of the warehouse's `alert_log`: one per transition of a rule, one per message delivered or given up.

Does not write them: see `AlertStore` (kept with the change they tell of) and `Alerter` (handed on).
"""

import json
from typing import Any

from alerting.payload import message_id
from alerting.states import Transition
from alerting.store import Outgoing
from schemas.alerts import AlertRule

_TOLD = ("alert_id", "alert", "metric", "bucket", "value", "condition", "severity", "owner")


def transition_row(rule: AlertRule, transition: Transition, now_ms: int) -> dict[str, Any]:
    """A change of state with its cause (`detail`). `message` is the `webhook-id` that it owes, empty if nobody is told.

    Rules of two groups may share a name; `rule_group` tells them apart.
    """
    owed = transition.message
    return {
        "at_ms": now_ms,
        "kind": "transition",
        "alert_id": transition.alert_id,
        "alert": rule.alert,
        "rule_group": rule.group,
        "metric": rule.metric,
        "bucket": rule.bucket,
        "value": transition.after.value,
        "condition": rule.condition,
        "severity": rule.severity,
        "owner": rule.owner,
        "receiver": ", ".join(rule.receivers),
        "from_state": transition.before,
        "to_state": transition.after.state,
        "message": "" if owed is None else message_id(transition.alert_id, owed),
        "detail": transition.cause,
    }


def delivery_row(message: Outgoing, status: str, detail: str, now_ms: int) -> dict[str, Any]:
    """The end of a message: `delivered` or `dead`, after how many attempts, with the last answer (`detail`)."""
    said = json.loads(message.body)["data"]
    return {
        "at_ms": now_ms,
        "kind": "delivery",
        **{name: said[name] for name in _TOLD},
        "receiver": message.receiver,
        "message": message.webhook_id,
        "status": status,
        "attempts": message.attempts + 1,
        "detail": detail,
    }
