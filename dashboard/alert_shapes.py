"""The JSON shapes of alerting: where rules stand, what happened, and what people ask for.

Does not build answers: see `alert_answers`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dashboard.note_shapes import Name, Remark
from dashboard.periods import Grain
from dashboard.shapes import Shape, shown_as
from schemas.notes import MAX_NAME

LONGEST_SILENCE_SECONDS = 400 * 86_400.0
_Named = Annotated[Name, Field(min_length=1, max_length=MAX_NAME)]
_Moment = Annotated[datetime, Field(strict=True)]


class Acknowledged(Shape):
    """Who has an incident in hand since when."""

    by: str
    at: str | None
    note: str


class RuleStanding(BaseModel):
    """Where a rule stands. `rule`: its key (`group/alert`). `grain`: its buckets. `alert_id`: of an open incident.

    `state`: inactive, pending, firing, recovering, no_data, error, waiting (the data is bad). `held`: why a receiver
    has not been told, by receiver. `incidents_30d` against `noise_budget` says whether it disturbs too often.
    """

    rule: str
    grain: Grain
    group: str
    alert: str
    metric: str
    condition: str
    state: str
    value: float | None = None
    since: str | None = None
    bucket: str = ""
    owner: str = ""
    severity: str = ""
    alert_id: str | None = None
    started_at: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    receiver: str = ""
    receivers: list[str]
    comparison: Any
    cause: str
    held: dict[str, str]
    silenced_until: str | None
    acknowledged: Acknowledged | None
    incidents_30d: int | None
    noise_budget: int | None
    over_budget: bool

    model_config = ConfigDict(extra="allow")


class Alerts(Shape):
    """`alerts`: where each rule stands now. `log`: transitions and deliveries, newest first.

    `messages`: the newest 200 that were owed, and dead letters. `findings`: what is wrong with an edit of the files;
    the rules before it go on. `data`: whether the data is bad, and which rules say so. `watch`: how old the
    youngest self-watch event is that crossed the whole path. `dead_mans_switch`: who is told that all is well.
    """

    alerts: list[RuleStanding]
    log: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    receivers: list[dict[str, Any]]
    findings: list[str]
    data: dict[str, Any]
    watch: dict[str, Any]
    dead_mans_switch: dict[str, Any] | None
    judged_at: str | None

    model_config = shown_as(
        {
            "alerts": [
                {
                    "rule": "product/SignupsHigh",
                    "grain": "day",
                    "group": "product",
                    "alert": "SignupsHigh",
                    "metric": "signups",
                    "condition": "> 20",
                    "state": "firing",
                    "value": 24.0,
                    "alert_id": "0f3c",
                    "receivers": ["ops"],
                    "comparison": None,
                    "cause": "breached",
                    "held": {"ops": "silenced"},
                    "silenced_until": "2026-11-02T10:45:00.000Z",
                    "acknowledged": None,
                    "incidents_30d": 3,
                    "noise_budget": 10,
                    "over_budget": False,
                }
            ],
            "log": [
                {
                    "at": "2026-11-02T09:41:07.250Z",
                    "kind": "transition",
                    "alert": "SignupsHigh",
                    "from_state": "inactive",
                    "to_state": "firing",
                    "value": 24.0,
                }
            ],
            "messages": [],
            "receivers": [{"name": "ops", "kind": "webhook", "pending": 0, "dead": 0}],
            "findings": [],
            "data": {"bad": False, "because": []},
            "watch": {"age_seconds": 3.2},
            "dead_mans_switch": {
                "receiver": "am",
                "every_seconds": 60,
                "last_delivered_at": "2026-11-02T09:40:30.000Z",
                "last_failure": None,
            },
            "judged_at": "2026-11-02T09:41:07.250Z",
        }
    )


class IncidentStepReport(Shape):
    """A message's end (`delivery`: `delivered` or `dead`), or a `notice` that was `held`, `dropped` or `sent` later."""

    at: str | None
    kind: str
    receiver: str
    status: str
    message: str
    attempts: int
    detail: str


class IncidentChange(Shape):
    """A change of state with its cause and the value at that moment."""

    at: str | None
    from_state: str
    to_state: str
    value: float | None
    cause: str


class IncidentReport(Shape):
    """`ended_at` null: still open. `peak_value`: the one furthest on the bad side, of those that the log knows."""

    alert_id: str
    rule: str
    group: str
    alert: str
    metric: str
    bucket: str
    condition: str
    severity: str
    owner: str
    started_at: str | None
    ended_at: str | None
    duration_seconds: float
    first_value: float | None
    peak_value: float | None
    last_value: float | None
    cause: str
    told: list[IncidentStepReport]
    held: list[IncidentStepReport]
    acknowledged: Acknowledged | None
    changes: list[IncidentChange]


class Incidents(Shape):
    """Those that began last first. `next`: the offset to go on with, null on the last page."""

    incidents: list[IncidentReport]
    next: int | None

    model_config = shown_as(
        {
            "incidents": [
                {
                    "alert_id": "0f3c",
                    "rule": "product/SignupsHigh",
                    "group": "product",
                    "alert": "SignupsHigh",
                    "metric": "signups",
                    "bucket": "running",
                    "condition": "> 20",
                    "severity": "critical",
                    "owner": "growth",
                    "started_at": "2026-11-02T09:41:07.250Z",
                    "ended_at": "2026-11-02T10:02:00.000Z",
                    "duration_seconds": 1252.75,
                    "first_value": 24.0,
                    "peak_value": 31.0,
                    "last_value": 18.0,
                    "cause": "breached",
                    "told": [
                        {
                            "at": "2026-11-02T09:41:07.600Z",
                            "kind": "delivery",
                            "receiver": "ops",
                            "status": "delivered",
                            "message": "msg_0f3c_firing",
                            "attempts": 1,
                            "detail": "200",
                        }
                    ],
                    "held": [],
                    "acknowledged": {"by": "ana", "at": "2026-11-02T09:44:00.000Z", "note": "campaign"},
                    "changes": [
                        {
                            "at": "2026-11-02T09:41:07.250Z",
                            "from_state": "inactive",
                            "to_state": "firing",
                            "value": 24.0,
                            "cause": "breached",
                        }
                    ],
                }
            ],
            "next": None,
        }
    )


class MatcherShape(Shape):
    """`name`: alert, group, metric, owner, severity, or a label; the rule must have exactly this value."""

    name: _Named
    value: _Named


class NewSilence(Shape):
    """Exactly one of `duration_seconds`, `ends_at` and `until` says when it ends.

    A moment without an offset is one of the workspace's time zone. `until: tomorrow` is tomorrow at 9 o'clock there.
    """

    matchers: Annotated[list[MatcherShape], Field(min_length=1, max_length=20)]
    starts_at: _Moment | None = None
    ends_at: _Moment | None = None
    duration_seconds: Annotated[float, Field(ge=1, le=LONGEST_SILENCE_SECONDS, allow_inf_nan=False)] | None = None
    until: Literal["tomorrow"] | None = None
    author: Name = ""
    reason: Remark = ""

    @model_validator(mode="after")
    def _check_end(self) -> "NewSilence":
        given = [name for name in ("duration_seconds", "ends_at", "until") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("say when it ends: one of duration_seconds, ends_at, until")
        return self


class SilenceReport(Shape):
    """`active`: it holds now; else it has not begun."""

    id: str
    version: int
    written_at: str | None
    matchers: list[MatcherShape]
    starts_at: str | None
    ends_at: str | None
    active: bool
    author: str
    reason: str


class Silences(Shape):
    """Those that are not over, the first to end first."""

    silences: list[SilenceReport]

    model_config = shown_as(
        {
            "silences": [
                {
                    "id": "5e1f",
                    "version": 1,
                    "written_at": "2026-11-02T09:45:00.000Z",
                    "matchers": [{"name": "alert", "value": "SignupsHigh"}],
                    "starts_at": "2026-11-02T09:45:00.000Z",
                    "ends_at": "2026-11-02T10:45:00.000Z",
                    "active": True,
                    "author": "ana",
                    "reason": "campaign",
                }
            ]
        }
    )


class NewAcknowledgement(Shape):
    """Who has it in hand."""

    author: Name = ""
    note: Remark = ""


class NewWish(Shape):
    """Who asks."""

    author: Name = ""


class WishReport(Shape):
    """The alerter sees to it within a second; what came of it is among the messages."""

    id: str
    kind: Literal["test", "resend"]
    subject: str
    receiver: str
    at: str | None
