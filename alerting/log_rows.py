"""Rows of the warehouse's `alert_log`: one per transition of a rule, one per message delivered or given up.

Does not write them: see `AlertStore` (kept with the change they tell of) and `Alerter` (handed on).
"""

from collections.abc import Mapping
from typing import Any

from alerting.outbox import Waiting
from alerting.payload import message_id
from alerting.said import said
from alerting.states import Transition

_TOLD = ("alert_id", "alert", "metric", "bucket", "value", "condition", "severity", "owner")


def transition_row(facts: Mapping[str, Any], transition: Transition, now_ms: int) -> dict[str, Any]:
    """A change of state with its cause (`detail`). `message` is the `webhook-id` that it owes, empty if nobody is told.

    `facts` of the rule (`alerting.payload`).

    Rules of two groups may share a name; `rule_group` tells them apart.
    """
    owed = transition.message
    return {
        "at_ms": now_ms,
        "kind": "transition",
        "alert_id": transition.alert_id,
        "alert": facts["alert"],
        "rule_group": facts["group"],
        "metric": facts["metric"],
        "bucket": facts["bucket"],
        "value": transition.after.value,
        "condition": facts["condition"],
        "severity": facts["severity"],
        "owner": facts["owner"],
        "receiver": ", ".join(facts["receivers"]),
        "from_state": transition.before,
        "to_state": transition.after.state,
        "message": "" if owed is None else message_id(transition.alert_id, owed),
        "detail": transition.cause,
    }


def delivery_rows(message: Waiting, status: str, detail: str, now_ms: int) -> list[dict[str, Any]]:
    """The end of a message: `delivered` or `dead`, after how many attempts, with the last answer (`detail`).

    One row for each incident that the message speaks of; a test leaves none.
    """
    return [
        {
            "at_ms": now_ms,
            "kind": "delivery",
            **{name: each.data[name] for name in _TOLD},
            "rule_group": str(each.data.get("group") or ""),
            "receiver": message.receiver,
            "message": message.webhook_id,
            "status": status,
            "attempts": message.attempts + 1,
            "detail": detail,
        }
        for each in said(message.body)
        if each.is_of_incident
    ]
