"""Builds Segment-shaped messages and collects those of one simulated day in time order.

Does not decide what happens: see `simulate.visits`, `simulate.habits` and their neighbours.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

Message = dict[str, Any]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def iso(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as SDKs write it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Day:
    """The messages of one UTC day, `number` days after the first one; those that would fall behind its end are cut."""

    def __init__(self, number: int, start_ms: int) -> None:
        self.number = number
        self.start_ms = start_ms
        self.end_ms = start_ms + DAY_MS
        self.weekday = (start_ms // DAY_MS + 3) % 7
        self._messages: list[tuple[int, Message]] = []

    def add(self, at_ms: int, message: Message) -> None:
        """Keep a message for this day; its `timestamp` and `messageId` are set at the end."""
        if at_ms < self.end_ms:
            self._messages.append((at_ms, message))

    def in_order(self, prefix: str) -> Iterator[tuple[int, Message]]:
        """Time and message in time order; ids number the messages of the day."""
        self._messages.sort(key=itemgetter(0))
        for index, (at_ms, message) in enumerate(self._messages):
            message["messageId"] = f"{prefix}-{self.number:04d}-{index:05d}"
            message["timestamp"] = iso(at_ms)
            yield at_ms, message


def track(event: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> Message:
    return {"type": "track", "event": event, "properties": properties, "context": context}


def page(path: str, context: Mapping[str, Any], referrer: str = "") -> Message:
    properties = {"path": path, "url": f"https://northwind.example{path}", "referrer": referrer}
    return {"type": "page", "name": path.strip("/") or "home", "properties": properties, "context": context}


def screen(name: str, context: Mapping[str, Any]) -> Message:
    return {"type": "screen", "name": name, "properties": {"name": name}, "context": context}


def identify(traits: Mapping[str, Any], context: Mapping[str, Any]) -> Message:
    return {"type": "identify", "traits": traits, "context": context}


def group(group_id: str, traits: Mapping[str, Any], context: Mapping[str, Any]) -> Message:
    return {"type": "group", "groupId": group_id, "traits": traits, "context": context}


def by(message: Message, anonymous_id: str = "", user_id: str = "") -> Message:
    """The same message with its ids set (empty: left out)."""
    if anonymous_id:
        message["anonymousId"] = anonymous_id
    if user_id:
        message["userId"] = user_id
    return message
