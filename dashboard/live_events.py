"""One stored message as the live stream shows it.

Does not trust its words: they come from outside, and the page shows them as text only.
"""

from collections.abc import Mapping
from typing import Any

MAX_TEXT = 200
MAX_VIOLATIONS = 3


def live_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Name, person, time (Unix ms) and verdict of a row of `Reports.latest_events`; long words are cut."""
    return {
        "message_id": _text(row.get("message_id")),
        "type": _text(row.get("type")),
        "name": _text(row.get("event") or row.get("name")),
        "person": _text(row.get("user_id") or row.get("anonymous_id")),
        "at_ms": row.get("received_ms"),
        "verdict": _text(row.get("status")),
        "violations": [
            {"rule": _text(violation.get("rule")), "message": _text(violation.get("message"))}
            for violation in row.get("violations", ())[:MAX_VIOLATIONS]
        ],
    }


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
