"""One stored message as the live stream shows it.

Does not trust its words: they come from outside, and the page shows them as text only.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

MAX_TEXT = 200
MAX_VIOLATIONS = 3


def live_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Name, person, time (Unix ms) and verdict of a message; long words are cut.

    `row` is one of `Reports.latest_events`: `verdict` is `stored`, `flagged` or `quarantined`.
    """
    return {
        "message_id": _text(row.get("message_id")),
        "type": _text(row.get("type")),
        "name": _text(row.get("event") or row.get("name")),
        "person": _text(row.get("user_id") or row.get("anonymous_id")),
        "at_ms": _unix_ms(row.get("received_ms", row.get("received_at"))),
        "verdict": _text(row.get("verdict")),
        "violations": [
            {"rule": _text(violation.get("rule")), "message": _text(violation.get("message"))}
            for violation in _violations(row.get("violations"))[:MAX_VIOLATIONS]
        ],
    }


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _violations(value: Any) -> Sequence[Mapping[str, Any]]:
    """The warehouse keeps them as JSON text; a row may carry them read already."""
    if isinstance(value, (str, bytes)):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return []
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def _unix_ms(value: Any) -> int | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    return int(value) if isinstance(value, (int, float)) else None
