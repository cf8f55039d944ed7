"""What is owed to receivers: one notice per start or end of an incident and receiver.

Does not decide when they hear of it (`alerting.manners`) or keep it (`alerting.notice_store`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class News:
    """An incident starts or ends. `rule` is the rule's key, `told` the `data` of its messages (contracts §7).

    `receivers` are those of a start; an end is owed to whom the start was owed, whatever the rule says now.
    """

    kind: Kind
    alert_id: str
    rule: str
    receivers: tuple[str, ...]
    told: Mapping[str, Any]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A start or an end that one receiver has not heard of yet. `reason` and `until_ms`: why it was held last time."""

    alert_id: str
    receiver: str
    kind: Kind
    rule: str
    told: Mapping[str, Any]
    created_ms: int
    reason: str = ""
    until_ms: int | None = None

    @property
    def webhook_id(self) -> str:
        """The same whoever computes it: a copy of the message carries the same one."""
        return f"msg_{self.alert_id}_{self.kind}"

    @property
    def message_type(self) -> str:
        return f"alert.{self.kind}"
