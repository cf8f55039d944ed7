"""The JSON shapes of the read API, as its documentation shows them, with examples.

Does not build answers: the tests hold the answers against these.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Exactly these keys."""

    model_config = ConfigDict(extra="forbid")


def shown_as(example: dict[str, Any]) -> ConfigDict:
    """The example that the documentation shows for a shape."""
    return ConfigDict(json_schema_extra={"example": example})


class FunnelEntry(Shape):
    funnel: str
    label: dict[str, str]
    window_seconds: int
    steps: list[str]


class FunnelList(Shape):
    funnels: list[FunnelEntry]

    model_config = shown_as(
        {
            "funnels": [
                {
                    "funnel": "onboarding",
                    "label": {"en": "Onboarding"},
                    "window_seconds": 604800,
                    "steps": ["Pricing Viewed", "Account Created"],
                }
            ]
        }
    )


class FunnelStepReport(Shape):
    """Conversions are of entries; null over nothing. The median is of the time since the previous step."""

    step: int
    name: str
    entries: int
    persons: int
    conversion_from_previous: float | None
    conversion_from_first: float | None
    median_seconds_from_previous: float | None


class FunnelDay(Shape):
    """`in_progress`: the window of some entry of this day may still be open."""

    day: str
    in_progress: bool
    entries: list[int]


class FunnelSegment(Shape):
    """A null `value` is the segment of those where nobody said."""

    dimension: str
    value: str | None
    steps: list[FunnelStepReport]


class FunnelReport(Shape):
    """`segments` only if one was asked to split."""

    funnel: str
    window_seconds: int
    steps: list[FunnelStepReport]
    by_day: list[FunnelDay]
    segments: list[FunnelSegment] | None = None

    model_config = shown_as(
        {
            "funnel": "onboarding",
            "window_seconds": 604800,
            "steps": [
                {
                    "step": 1,
                    "name": "Pricing Viewed",
                    "entries": 120,
                    "persons": 104,
                    "conversion_from_previous": None,
                    "conversion_from_first": 1.0,
                    "median_seconds_from_previous": None,
                },
                {
                    "step": 2,
                    "name": "Account Created",
                    "entries": 30,
                    "persons": 30,
                    "conversion_from_previous": 0.25,
                    "conversion_from_first": 0.25,
                    "median_seconds_from_previous": 412.0,
                },
            ],
            "by_day": [{"day": "2026-11-01", "in_progress": False, "entries": [120, 30]}],
        }
    )


class PersonIds(Shape):
    user_ids: list[str]
    anonymous_ids: list[str]


class IdentityWarning(Shape):
    """What an operator should know about ids; `subject` is the id (`u:` or `d:`) it is about."""

    kind: str
    message_id: str
    subject: str
    detail: str
    at: str


class Person(Shape):
    person_id: str
    ids: PersonIds
    first_seen: str | None
    last_seen: str | None
    active_days: int
    signed_up_at: str | None
    activated_at: str | None
    traits: dict[str, Any]
    funnels: list[dict[str, Any]]
    warnings: list[IdentityWarning]

    model_config = shown_as(
        {
            "person_id": "u:ana",
            "ids": {"user_ids": ["ana"], "anonymous_ids": ["d-7f3a"]},
            "first_seen": "2026-10-30T08:12:44.013Z",
            "last_seen": "2026-11-02T09:40:10.500Z",
            "active_days": 4,
            "signed_up_at": "2026-10-30T08:15:02.120Z",
            "activated_at": None,
            "traits": {"role": "manager"},
            "funnels": [],
            "warnings": [],
        }
    )


class QualityReport(Shape):
    """Totals since the log began. `lag_events` = 0: everything acknowledged before the request is in the numbers."""

    accepted: int
    quarantined: int
    flagged: int
    duplicates: int
    late: int
    lag_events: int
    complete_through: str | None

    model_config = shown_as(
        {
            "accepted": 1520432,
            "quarantined": 311,
            "flagged": 1204,
            "duplicates": 87,
            "late": 2,
            "lag_events": 0,
            "complete_through": "2026-11-02T09:41:07.250Z",
        }
    )


class ErrorForm(Shape):
    """Every error of every route; a 401 says `code` 400 so that SDKs do not retry it."""

    success: Literal[False]
    status: Literal[0]
    code: int
    reason: str
    message: str
    error: str
    detail: str

    model_config = shown_as(
        {
            "success": False,
            "status": 0,
            "code": 404,
            "reason": "not_found",
            "message": 'there is no metric "daus"',
            "error": 'there is no metric "daus"',
            "detail": 'there is no metric "daus"',
        }
    )


UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ErrorForm, "description": "Unknown id"}}
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}, "description": "RFC 4180, UTF-8"}}
NOT_COMPUTABLE: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorForm, "description": "The metric's definition cannot be computed; the message says why"}
}
