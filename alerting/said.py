"""What a message of the outbox says: one incident's start, end or reminder, several of them, or a test.

Does not write bodies (`alerting.payload`) and does not put them into words for people (`alerting.words`).
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

FIRING = "alert.firing"
RESOLVED = "alert.resolved"
REMINDER = "alert.reminder"
ACKNOWLEDGED = "alert.acknowledged"
GROUP = "alert.group"
TEST = "alert.test"


class Said(NamedTuple):
    """What is said of one incident: `kind` as above (never a group), `data` as in contracts §7, perhaps with more."""

    kind: str
    data: Mapping[str, Any]

    @property
    def alert_id(self) -> str:
        return str(self.data["alert_id"])

    @property
    def is_end(self) -> bool:
        return self.kind == RESOLVED

    @property
    def is_of_incident(self) -> bool:
        """A test speaks of none."""
        return self.kind != TEST


def kind_of(body: bytes) -> str:
    """The type of a message."""
    return str(json.loads(body)["type"])


def said(body: bytes) -> tuple[Said, ...]:
    """Everything that a message says, in its order: one thing, or all of a group.

    Raises:
        ValueError, KeyError: the body is none of ours.
    """
    message = json.loads(body)
    data = message["data"]
    if message["type"] != GROUP:
        return (Said(message["type"], data),)
    return tuple(Said(each["type"], {name: each[name] for name in each if name != "type"}) for each in data["alerts"])
