"""Rows of `alert_log` on what people hear or do not hear, and on what they said: notices and acknowledgements.

Does not write them: they are kept with the change that they tell of.
"""

from collections.abc import Mapping
from typing import Any

from alerting.manners import Drop
from alerting.notices import Acknowledged, Hold, Notice
from alerting.payload import instant

_TOLD = ("alert_id", "alert", "metric", "bucket", "value", "condition", "severity", "owner")


def held_row(notice: Notice, hold: Hold, now_ms: int) -> dict[str, Any]:
    """The receiver does not hear of it now: why, and until when at most."""
    return _notice_row(notice, "held", f"{hold.reason} until {instant(hold.until_ms)}", now_ms)


def dropped_row(notice: Notice, drop: Drop, now_ms: int) -> dict[str, Any]:
    """The receiver never hears of it, and why."""
    return _notice_row(notice, "dropped", drop.reason, now_ms)


def released_row(notice: Notice, hold: Hold, webhook_id: str, now_ms: int) -> dict[str, Any]:
    """What was held is in the outbox now. `message`: that in which it goes out."""
    return _notice_row(notice, "sent", f"after {hold.reason}", now_ms) | {"message": webhook_id}


def acknowledged_row(told: Mapping[str, Any], acknowledged: Acknowledged) -> dict[str, Any]:
    """Somebody has an incident (what was told of its start) in hand."""
    detail = f"{acknowledged.by}: {acknowledged.note}" if acknowledged.note else acknowledged.by
    return {
        "at_ms": acknowledged.at_ms,
        "kind": "acknowledged",
        **_rule_columns(told),
        "detail": detail,
    }


def _notice_row(notice: Notice, status: str, detail: str, now_ms: int) -> dict[str, Any]:
    return {
        "at_ms": now_ms,
        "kind": "notice",
        **_rule_columns(notice.told),
        "receiver": notice.receiver,
        "message": notice.webhook_id,
        "message_type": notice.message_type,
        "status": status,
        "detail": detail,
    }


def _rule_columns(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: told.get(name) for name in _TOLD}, "rule_group": told.get("group", "")}
