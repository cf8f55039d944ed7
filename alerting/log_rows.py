"""Rows of the warehouse's `alert_log` on messages that were delivered or given up.

Does not write them: see `AlertStore` (kept with the change they tell of) and `Alerter` (handed on).
"""

from typing import Any

from alerting.outbox import Waiting
from alerting.said import said

_TOLD = ("alert_id", "alert", "metric", "bucket", "condition", "severity", "owner")


def delivery_rows(message: Waiting, status: str, detail: str, now_ms: int) -> list[dict[str, Any]]:
    """The end of a message: `delivered` or `dead`, after how many attempts, with the last answer (`detail`).

    One row for each incident that the message speaks of; a test leaves none.
    """
    return [
        {
            "at_ms": now_ms,
            "kind": "delivery",
            **{name: each.data.get(name, "") for name in _TOLD},
            "value": each.data.get("value"),
            "rule_group": str(each.data.get("group") or ""),
            "receiver": message.receiver,
            "message": message.webhook_id,
            "message_type": each.kind,
            "status": status,
            "attempts": message.attempts + 1,
            "detail": detail,
        }
        for each in said(message.body)
        if each.is_of_incident
    ]
