"""The words of a webhook: payload of contracts §7 and the signature of Standard Webhooks.

Does not send anything: see `alerting.deliver`.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime

from alerting.states import Message, Transition
from schemas.alerts import AlertRule

_SECRET_PREFIX = "whsec_"


def instant(at_ms: int | None) -> str | None:
    """An instant as ISO 8601 in UTC with milliseconds; None stays None."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body(rule: AlertRule, transition: Transition, now_ms: int, public_url: str) -> bytes:
    """The JSON body of a message; `transition.message` must not be None."""
    ended = transition.message is Message.RESOLVED
    data = {
        "alert_id": transition.alert_id,
        "alert": rule.alert,
        "metric": rule.metric,
        "bucket": rule.bucket,
        "value": transition.after.value,
        "condition": rule.condition,
        "severity": rule.severity,
        "owner": rule.owner,
        "started_at": instant(transition.started_ms),
        "ended_at": instant(now_ms) if ended else None,
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "url": f"{public_url.rstrip('/')}/live",
    }
    message = {"type": transition.message, "timestamp": instant(now_ms), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


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
