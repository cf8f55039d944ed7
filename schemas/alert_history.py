"""The incidents of alerts as the log tells them: when, what value, why, who was told.

Does not read the log: implemented by `warehouse.alert_history`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IncidentsQuestion:
    """Incidents that were open at some moment from `from_ms` until before `to_ms` (Unix ms).

    `rule`: of this rule (`group/alert`). `metric`: of rules that look at it, as a whole or at its segments. Empty: all.
    """

    from_ms: int
    to_ms: int
    rule: str = ""
    metric: str = ""
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class IncidentStep:
    """One row of the log about an incident: a change of state (`transition`), a message's end (`delivery`), or other.

    `value`: what the rule looked at, at that moment; None where it had none. `message`: the `webhook-id`. `detail`: the
    cause of a change, a receiver's last answer, why nobody was told.
    """

    at_ms: int
    kind: str
    value: float | None = None
    from_state: str = ""
    to_state: str = ""
    receiver: str = ""
    status: str = ""
    message: str = ""
    attempts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """From the start (`started_ms`) until the end, or still open (`ended_ms` None); `steps` oldest first."""

    alert_id: str
    group: str
    alert: str
    metric: str
    bucket: str
    condition: str
    severity: str
    owner: str
    started_ms: int
    ended_ms: int | None
    steps: tuple[IncidentStep, ...] = ()

    @property
    def rule(self) -> str:
        return f"{self.group}/{self.alert}"

    @property
    def changes(self) -> tuple[IncidentStep, ...]:
        return tuple(step for step in self.steps if step.kind == "transition")

    @property
    def values(self) -> tuple[float, ...]:
        """Those that the log knows, from the first to the last."""
        return tuple(step.value for step in self.changes if step.value is not None)

    @property
    def peak(self) -> float | None:
        """The value furthest on the bad side of the condition."""
        worst = min if "<" in self.condition else max
        return worst(self.values, default=None)

    @property
    def cause(self) -> str:
        """Why it began."""
        return self.changes[0].detail if self.changes else ""


class AlertHistory(Protocol):
    """Safe to use from several threads. Every method may raise `schemas.reading.ReadingUnavailable`."""

    def incidents(self, question: IncidentsQuestion) -> Sequence[Incident]:
        """Those that began last first."""
        ...
