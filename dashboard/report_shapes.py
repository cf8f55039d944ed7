"""The JSON shapes of experiments, segments, facts and reports, for the documentation.

Does not build answers: the tests hold the answers against these.
"""

from typing import Any, Literal

from pydantic import Field

from dashboard.board_examples import CONTROL, VARIANT
from dashboard.shapes import Shape, shown_as


class VariantDifference(Shape):
    """Against the control, in points, with its interval at 95 %; `relative` is a fraction of the control's rate."""

    points: float
    interval_points: list[float]
    relative: float | None


class Variant(Shape):
    variant: str
    exposed: int
    converted: int
    conversion_rate: float | None
    conversion_interval: list[float] | None
    uplift: VariantDifference | None
    customers: int
    mrr: float
    arpu: float | None
    revenue_per_person: float | None
    churn_rate: float | None
    churn_uplift: VariantDifference | None
    verdict: Literal["stop", "iterate", "scale"] | None
    reason: str | None


class SampleRatioShape(Shape):
    chi_squared: float
    p_value: float
    status: Literal["ok", "warn", "fail"]


class ExperimentReport(Shape):
    """Variants side by side. `method` states how intervals and the verdict come about."""

    experiment: str
    conversion: str
    inputs: list[str]
    from_: str = Field(alias="from")
    to: str
    control: str | None
    variants: list[Variant]
    sample_ratio: SampleRatioShape | None
    verdict: Literal["stop", "iterate", "scale"]
    reason: str
    method: str
    error: str | None

    model_config = shown_as(
        {
            "experiment": "onboarding",
            "conversion": "Setup Completed",
            "inputs": ["setup_completion"],
            "from": "2026-10-26",
            "to": "2026-11-22",
            "control": "control",
            "variants": [CONTROL, VARIANT],
            "sample_ratio": {"chi_squared": 0.0, "p_value": 1.0, "status": "ok"},
            "verdict": "scale",
            "reason": "better",
            "method": "First exposures in the period; …",
            "error": None,
        }
    )


class Dimension(Shape):
    dimension: str
    values: list[str | None]


class SegmentList(Shape):
    dimensions: list[Dimension]

    model_config = shown_as({"dimensions": [{"dimension": "channel", "values": ["ads", "search", None]}]})


class FactsWritten(Shape):
    """`changed`: how many of the rows said something new."""

    success: Literal[True]
    received: int
    changed: int

    model_config = shown_as({"success": True, "received": 1, "changed": 1})


class Fact(Shape):
    fact: str
    date: str
    value: float
    category: str
    channel: str
    source: str
    uploader: str
    note: str


class FactList(Shape):
    fact: str
    from_: str = Field(alias="from")
    to: str
    facts: list[Fact]
    limit: int
    offset: int
    next: int | None

    model_config = shown_as(
        {
            "fact": "spend",
            "from": "2026-11-01",
            "to": "2026-11-30",
            "facts": [
                {
                    "fact": "spend",
                    "date": "2026-11-01",
                    "value": 1250.5,
                    "category": "marketing",
                    "channel": "ads",
                    "source": "bank",
                    "uploader": "api",
                    "note": "",
                }
            ],
            "limit": 1000,
            "offset": 0,
            "next": None,
        }
    )


class CustomerAtRisk(Shape):
    account: str
    reasons: list[str]
    owner: str
    attributes: dict[str, Any]


class AtRiskReport(Shape):
    metric: str
    day: str
    customers: list[CustomerAtRisk]
    limit: int
    offset: int
    next: int | None

    model_config = shown_as(
        {
            "metric": "at_risk_customers",
            "day": "2026-11-22",
            "customers": [
                {
                    "account": "acme",
                    "reasons": ["idle", "detractor"],
                    "owner": "success",
                    "attributes": {"plan": "team", "last_active": "2026-10-02"},
                }
            ],
            "limit": 100,
            "offset": 0,
            "next": None,
        }
    )


class ActionContrastShape(Shape):
    """Shares of customers that did it at all; the difference in points with its interval at 95 %."""

    event: str
    best_share: float | None
    churned_share: float | None
    difference_points: float | None
    interval_points: list[float] | None


class BestAndChurnedReport(Shape):
    """The top 20 % of the customers by MRR against those who left in the range."""

    from_: str = Field(alias="from")
    to: str
    best_customers: int
    churned_customers: int
    actions: list[ActionContrastShape]

    model_config = shown_as(
        {
            "from": "2026-11-01",
            "to": "2026-11-30",
            "best_customers": 20,
            "churned_customers": 10,
            "actions": [
                {
                    "event": "Report Shared",
                    "best_share": 0.75,
                    "churned_share": 0.1,
                    "difference_points": 65.0,
                    "interval_points": [29.2, 81.2],
                }
            ],
        }
    )
