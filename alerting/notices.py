"""What is owed to receivers: one notice per start or end of an incident and receiver.

Does not decide when they hear of it (`alerting.manners`) or keep it (`alerting.notice_store`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Kind = Literal["firing", "resolved"]


class Reason(StrEnum):
    """Why a receiver does not hear of something. The last two are for good."""

    SILENCED = "silenced"
    QUIET_HOURS = "quiet_hours"
    RULE_LIMIT = "rule_limit"
    RECEIVER_LIMIT = "receiver_limit"
    GROUP_WAIT = "group_wait"
    ENDED_UNHEARD = "ended_unheard"
    NOT_A_RECEIVER = "not_a_receiver"


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now; `until_ms` is when it is looked at anew at the latest."""

    reason: Reason
    until_ms: int


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
    """A start or an end that one receiver has not heard of yet. `held`: why, as last decided.

    `is_unsure`: another alerter may have told it; a copy is better than an end that never comes.
    """

    alert_id: str
    receiver: str
    kind: Kind
    rule: str
    told: Mapping[str, Any]
    created_ms: int
    held: Hold | None = None
    is_unsure: bool = False

    @property
    def webhook_id(self) -> str:
        """The same whoever computes it: a copy of the message carries the same one."""
        return f"msg_{self.alert_id}_{self.kind}"

    @property
    def message_type(self) -> str:
        return f"alert.{self.kind}"


@dataclass(frozen=True, slots=True)
class Told:
    """A start that one receiver was told, of an incident that is open and not acknowledged.

    `created_ms`: when the incident began. `last_ms`: when the receiver last heard of it, `reminder` the number by which
    it was reminded then (0: not yet).
    """

    alert_id: str
    receiver: str
    rule: str
    told: Mapping[str, Any]
    created_ms: int
    last_ms: int
    reminder: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Who has an incident in hand, since when (Unix ms)."""

    by: str
    at_ms: int
    note: str
