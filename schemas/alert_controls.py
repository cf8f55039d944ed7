"""What people do to alerts while they run: silence, acknowledge, ask for a test message, send a dead letter again.

Does not act on it (`alerting`) or keep it (`warehouse.alert_controls`). A text is data: whoever shows it escapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from schemas.notes import Stamp

MATCHED = ("alert", "group", "metric", "owner", "severity")
"""What a silence can look at, besides a rule's labels."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name`: of `MATCHED`, or a label of the rule. The rule must have exactly this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody hears of rules that match all of `matchers` (at least one) from `starts_ms` until `ends_ms` (Unix ms).

    A silence that was ended early is an edition whose stamp says `is_gone`.
    """

    stamp: Stamp
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    author: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has an incident in hand: no more reminders; its end is still told. The first of an incident counts."""

    alert_id: str
    at_ms: int
    author: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """`test`: a test message to the receiver `subject`. `resend`: the dead letter `subject` (its `webhook-id`) again.

    `receiver`: whose dead letter. A wish is granted once, by its `id`.
    """

    id: str
    kind: Literal["test", "resend"]
    subject: str
    at_ms: int
    receiver: str = ""
    author: str = ""


class AlertControls(Protocol):
    """Append-only; safe to use from several threads. Every method may raise `schemas.reading.ReadingUnavailable`."""

    def silences(self, from_ms: int) -> Sequence[Silence]:
        """Newest editions of those that are not gone and end after `from_ms`, the first to end first."""
        ...

    def acknowledgements(self, from_ms: int) -> Sequence[Acknowledgement]:
        """Those given at `from_ms` or later, oldest first."""
        ...

    def wishes(self, from_ms: int) -> Sequence[Wish]:
        """Those made at `from_ms` or later, oldest first."""
        ...

    def append(self, control: Silence | Acknowledgement | Wish) -> None:
        """Keep it; the same one twice is one."""
        ...
