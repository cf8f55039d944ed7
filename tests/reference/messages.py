"""What the reference makes of a request: which messages count, under which ids, at what time.

Written from the published contract alone and shares no code with the product. Slow and plain on purpose.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TYPES = ("track", "identify", "alias", "group", "page", "screen")
ACTIVE_TYPES = ("track", "page", "screen")
JUNK = ("", "null", "none", "nil", "undefined", "nan", "true", "false", "anonymous", "guest", "-1", "[object object]")
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000

NEEDS_PLAN_AND_PRICE = tuple(f"Subscription {verb}" for verb in ("Started", "Upgraded", "Downgraded", "Renewed"))
"""Planned events of the default workspace with required properties, as far as histories use them."""


@dataclass(frozen=True)
class Sent:
    """One request as it went over HTTP: the parsed body, the received time (Unix ms), the kind of key."""

    body: dict[str, Any]
    received_ms: int
    secret: bool = False


@dataclass(frozen=True)
class Message:
    """An accepted message. Ids are None when absent or junk. `order` is that of durable append."""

    message_id: str
    type: str
    event: str
    user: str | None
    device: str | None
    previous: str | None
    occurred_ms: int
    order: int
    secret: bool


@dataclass
class Accepted:
    """Everything a list of requests led to."""

    messages: list[Message] = field(default_factory=list)
    quarantined: int = 0


def accept(requests: list[Sent]) -> Accepted:
    """The accepted messages of all requests, in order, copies included."""
    found = Accepted()
    for request in requests:
        items = request.body.get("batch", [request.body])
        for item in items:
            message = _message(item, request, len(found.messages))
            if message is None:
                found.quarantined += 1
            else:
                found.messages.append(message)
    return found


def _message(item: Any, request: Sent, order: int) -> Message | None:
    """None: quarantined."""
    if not isinstance(item, dict) or item.get("type") not in TYPES:
        return None
    ids = [item.get("userId"), item.get("anonymousId"), item.get("previousId")]
    if any(isinstance(value, bool) or not isinstance(value, str | int | None) for value in ids):
        return None
    user, device, previous = (None if is_junk(value) else str(value) for value in ids)
    if item["type"] == "alias" and (user is None or previous is None):
        return None
    if user is None and device is None:
        return None
    event = event_name(item)
    if item["type"] == "track" and not event:
        return None
    if event in NEEDS_PLAN_AND_PRICE and not has_plan_and_price(item.get("properties", {})):
        return None
    occurred = occurred_ms(item, request)
    if occurred > request.received_ms + DAY or occurred < request.received_ms - 400 * DAY:
        return None
    message_id = item.get("messageId") or f"minted-{order}"
    return Message(message_id, item["type"], event, user, device, previous, occurred, order, request.secret)


def is_junk(value: str | int | None) -> bool:
    """An id that counts as absent; no id at all is one too."""
    if value is None:
        return True
    plain = str(value).strip().lower()
    return plain in JUNK or re.fullmatch("[0-]+", plain) is not None


def event_name(item: dict[str, Any]) -> str:
    if item["type"] != "track":
        return ""
    if item.get("event"):
        return str(item["event"])
    if item.get("object") and item.get("verb"):
        return f"{item['object']} {item['verb']}"
    return ""


def has_plan_and_price(properties: dict[str, Any]) -> bool:
    if not isinstance(properties.get("plan"), str):
        return False
    return "mrr" in properties or ("amount" in properties and "interval" in properties)


def occurred_ms(item: dict[str, Any], request: Sent) -> int:
    """The client's time, moved by how wrong its clock was if that is more than 5 s."""
    told = instant_ms(item.get("timestamp"))
    if told is None:
        return request.received_ms
    sent = instant_ms(item.get("sentAt") or request.body.get("sentAt"))
    if sent is None:
        return told
    wrong_by = request.received_ms - sent
    return told if abs(wrong_by) <= 5 * SECOND else told + wrong_by


def instant_ms(text: Any) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 time, cut; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000 + elapsed.microseconds // 1_000
