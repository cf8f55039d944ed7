"""The JSON shape of a backtest, for the documentation.

Does not build answers: the tests hold the answers against it.
"""

from typing import Literal

from pydantic import Field

from dashboard.shapes import Shape, shown_as


class BacktestLimit(Shape):
    """What a backtest cannot know, by name and as a sentence."""

    limit: str
    text: str


class BacktestIncident(Shape):
    """`ended_at` null: open to the end. `peak`: the worst number that the threshold was held against."""

    started_at: str
    ended_at: str | None
    duration_seconds: float
    value: float | None
    peak: float | None
    flap: bool


class BacktestSuggestion(Shape):
    """Another threshold, really tried, and what would have come of it."""

    threshold: float
    condition: str
    incidents: int
    share_firing: float


class BacktestMark(Shape):
    at: str
    value: float | None


class BacktestReport(Shape):
    """What an alert rule would have done. `steps`: when the past was looked at. `summary`: the same in words."""

    rule: str
    metric: str
    bucket: str
    condition: str
    threshold: float
    severity: str
    timezone: str
    from_: str = Field(alias="from")
    to: str
    steps: Literal["hour", "day", "week", "month", "silence"]
    limits: list[BacktestLimit]
    summary: list[str]
    incidents: list[BacktestIncident]
    incidents_per_week: float
    flaps: int
    firing_seconds: float
    median_seconds: float | None
    share_firing: float
    buckets: int
    buckets_without_data: int
    most_in_30_days: int
    noise_budget: int
    over_budget: bool
    suggestions: list[BacktestSuggestion]
    series: list[BacktestMark]

    model_config = shown_as(
        {
            "rule": "product/SignupsHigh",
            "metric": "signups",
            "bucket": "running",
            "condition": "> 20",
            "threshold": 20.0,
            "severity": "critical",
            "timezone": "UTC",
            "from": "2026-08-24T00:00:00.000Z",
            "to": "2026-11-22T17:40:00.000Z",
            "steps": "hour",
            "limits": [{"limit": "hours", "text": "Looked at once an hour, and whenever a wait of the rule was over."}],
            "summary": ["1 incident (0.1 a week)"],
            "incidents": [
                {
                    "started_at": "2026-10-07T15:00:00.000Z",
                    "ended_at": "2026-10-08T00:00:00.000Z",
                    "duration_seconds": 32400.0,
                    "value": 21.0,
                    "peak": 34.0,
                    "flap": False,
                }
            ],
            "incidents_per_week": 0.078,
            "flaps": 0,
            "firing_seconds": 32400.0,
            "median_seconds": 32400.0,
            "share_firing": 0.004,
            "buckets": 91,
            "buckets_without_data": 0,
            "most_in_30_days": 1,
            "noise_budget": 10,
            "over_budget": False,
            "suggestions": [{"threshold": 34.0, "condition": "> 34", "incidents": 0, "share_firing": 0.0}],
            "series": [{"at": "2026-08-24T00:00:00.000Z", "value": 0.0}],
        }
    )
