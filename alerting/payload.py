"""The words of a webhook: payload of contracts §7 and the signature of Standard Webhooks.

Does not send anything: see `alerting.deliver`.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from alerting.states import Message, Transition
from schemas.alerts import AlertRule

_SECRET_PREFIX = "whsec_"


def instant(at_ms: int | None) -> str | None:
    """An instant as ISO 8601 in UTC with milliseconds; None stays None."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def facts(rule: AlertRule) -> dict[str, Any]:
    """What receivers are told of a rule, and who they are, as plain data: it outlives the rule."""
    return {
        "alert": rule.alert,
        "group": rule.group,
        "metric": rule.metric,
        "bucket": rule.bucket,
        "condition": rule.condition,
        "severity": rule.severity,
        "owner": rule.owner,
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "receivers": list(rule.receivers),
    }


def told(facts: Mapping[str, Any], transition: Transition, now_ms: int, public_url: str) -> dict[str, Any]:
    """`data` of a message about the start or end of an incident; `transition.message` must not be None."""
    ended = transition.message is Message.RESOLVED
    key = f"{facts['group']}/{facts['alert']}"
    return {
        "alert_id": transition.alert_id,
        **{name: facts[name] for name in ("alert", "metric", "bucket")},
        "value": transition.after.value,
        **{name: facts[name] for name in ("condition", "severity", "owner")},
        "started_at": instant(transition.started_ms),
        "ended_at": instant(now_ms) if ended else None,
        "labels": facts["labels"],
        "annotations": facts["annotations"],
        "url": f"{public_url.rstrip('/')}/alerts?rule={quote(key, safe='/')}",
        "group": facts["group"],
        "rule": key,
    }


def limit(of: str, at_most_per_day: int, until_ms: int) -> dict[str, Any]:
    """`limit` of the last start that is told today: `of` a `rule` or the `receiver`; starts wait `until` then."""
    return {"of": of, "at_most_per_day": at_most_per_day, "until": instant(until_ms)}


def body(kind: str, data: Mapping[str, Any], now_ms: int) -> bytes:
    """The JSON body of a message made at `now_ms`. Half a character, which UTF-8 cannot hold, becomes a question mark:
    what is kept for telling must always be told.
    """
    message = {"type": kind, "timestamp": instant(now_ms), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def message_id(alert: str, message: Message) -> str:
    """The stable `webhook-id` of an incident's start or end: a copy carries the same one."""
    return f"msg_{alert}_{message.removeprefix('alert.')}"


def signing_key(secret: str) -> bytes:
    """The key of a `whsec_…` secret (base64, padding optional).

    Raises:
        ValueError: the secret is empty or no base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX) + "==")
    except binascii.Error:
        raise ValueError("the secret is not base64") from None
    if not key:
        raise ValueError("the secret is empty")
    return key


def signed_headers(key: bytes, webhook_id: str, now_ms: int, content: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks; the timestamp is that of this attempt, in whole seconds."""
    seconds = str(now_ms // 1000)
    digest = hmac.new(key, b".".join((webhook_id.encode(), seconds.encode(), content)), hashlib.sha256).digest()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
