"""The JSON shapes of answers about metrics, as the documentation of the read API shows them, with examples.

Does not build answers: the tests hold the answers against these.
"""

from typing import Any, Literal

from pydantic import Field

from dashboard.shapes import Shape, shown_as

Status = Literal["green", "orange", "red", "none"]


Text = dict[str, str] | str
"""By language; in one language where `lang` asks for it."""


class ObjectiveShape(Shape):
    text: Text
    baseline: float | None


class BenchmarkShape(Shape):
    value: float
    source: str
    at: str | None


class CatalogueEntry(Shape):
    """`per`: the span that target and thresholds of a count are for. `decimals`: of a ratio, of its per cent."""

    metric: str
    label: Text
    definition: Text
    definition_version: int
    unit: Literal["count", "ratio", "seconds", "money", "days", "months", "years", "score", "multiple", "bytes"]
    decimals: int
    owner: str
    direction: Literal["up", "down"]
    target: float | None
    target_condition: str | None
    target_met: bool | None
    target_by: str | None
    orange: float | None
    red: float | None
    per: Literal["day", "week", "month"] | None
    role: Literal["nsm", "input"] | None
    timing: Literal["leading", "lagging"] | None
    stage: str | None
    source: str
    formula: str
    decision: Text
    objective: ObjectiveShape | None
    benchmark: BenchmarkShape | None
    hypothesis: str
    lifecycle: Literal["candidate", "active", "retired"]
    review_by: str | None
    refresh_seconds: int


class Catalogue(Shape):
    """Every metric that can be asked for. `next`: the `offset` of the next page, null on the last."""

    metrics: list[CatalogueEntry]
    next: int | None

    model_config = shown_as(
        {
            "metrics": [
                {
                    "metric": "stickiness",
                    "label": {"en": "Stickiness (DAU ÷ MAU)"},
                    "definition": {"en": "Daily active people divided by monthly active people of the same day."},
                    "definition_version": 1,
                    "unit": "ratio",
                    "decimals": 1,
                    "owner": "product",
                    "direction": "up",
                    "target": 0.2,
                    "target_condition": None,
                    "target_met": None,
                    "target_by": "2026-12-31",
                    "orange": 0.15,
                    "red": 0.1,
                    "per": None,
                    "role": "input",
                    "timing": "leading",
                    "stage": "retention",
                    "source": "events",
                    "formula": "DAU ÷ MAU",
                    "decision": {"en": "If red, we call ten people who left."},
                    "objective": {"text": {"en": "A product for every working day"}, "baseline": 0.12},
                    "benchmark": {"value": 0.13, "source": "an industry survey", "at": "2026-01-01"},
                    "hypothesis": "",
                    "lifecycle": "active",
                    "review_by": "2027-02-01",
                    "refresh_seconds": 60,
                }
            ],
            "next": None,
        }
    )


class MetricPoint(Shape):
    """`bucket` is its first day. A rate over nothing is null. `settled`: over, and everything received is counted.

    `status` is `none` without thresholds, for cohorts that are `maturing`, and for counts over another span than that
    of their thresholds. `version`: of the definition that made the value; where it changes, the line has a seam.
    """

    bucket: str
    value: float | None
    status: Status
    settled: bool
    restated: bool
    numerator: float | None
    denominator: float | None
    maturing: bool
    version: int


class SegmentSeries(Shape):
    """A null `value` is the segment of those where nobody said. `others`: those behind the largest, united."""

    dimension: str
    value: str | None
    others: bool
    points: list[MetricPoint]


def _point(bucket: str, value: float, settled: bool) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "value": value,
        "status": "green",
        "settled": settled,
        "restated": False,
        "numerator": value,
        "denominator": None,
        "maturing": False,
        "version": 1,
    }


class MetricSeries(Shape):
    """One point for each bucket that has a day in the range; `segments` only if one was asked to split.

    `label` and `definition` only where `lang` asks for them.
    """

    metric: str
    definition_version: int
    unit: str
    grain: str
    timezone: str
    complete_through: str | None
    points: list[MetricPoint]
    segments: list[SegmentSeries] | None = None
    label: str | None = None
    definition: str | None = None

    model_config = shown_as(
        {
            "metric": "dau",
            "definition_version": 1,
            "unit": "count",
            "grain": "day",
            "timezone": "Europe/Paris",
            "complete_through": "2026-11-02T09:41:07.250Z",
            "points": [_point("2026-11-01", 123.0, True), _point("2026-11-02", 57.0, False)],
            "segments": [
                {
                    "dimension": "channel",
                    "value": "ads",
                    "others": False,
                    "points": [_point("2026-11-01", 70.0, True), _point("2026-11-02", 31.0, False)],
                }
            ],
        }
    )


class MemberShape(Shape):
    id: str
    contribution: float
    attributes: dict[str, Any]


class Members(Shape):
    """`next`: the `offset` of the next page, null on the last."""

    metric: str
    from_: str = Field(alias="from")
    to: str
    members: list[MemberShape]
    limit: int
    offset: int
    next: int | None

    model_config = shown_as(
        {
            "metric": "dau",
            "from": "2026-11-01",
            "to": "2026-11-07",
            "members": [{"id": "u:ana", "contribution": 5.0, "attributes": {"channel": "ads", "plan": "team"}}],
            "limit": 100,
            "offset": 0,
            "next": None,
        }
    )


class ShareShape(Shape):
    """`part`: the whole input; of a ratio by segments the `mix` (sizes moved) or the `rate` (values moved); the `rest`.

    `suspect`: why the data under it is doubtful. A null `name` is the segment of those where nobody said.
    """

    name: str | None
    part: Literal["whole", "mix", "rate", "rest"]
    before: float | None
    after: float | None
    share: float
    suspect: str | None


class LeverShape(Shape):
    """An input of the tree that no formula links to the metric: its own change, and no share of the other's."""

    metric: str
    before: float | None
    after: float | None
    suspect: str | None


class Why(Shape):
    """The shares of each list add up to the change."""

    metric: str
    unit: str
    from_: str = Field(alias="from")
    to: str
    previous_from: str
    previous_to: str
    before: float | None
    after: float | None
    change: float | None
    inputs: list[ShareShape]
    segments: dict[str, list[ShareShape]]
    levers: list[LeverShape]

    model_config = shown_as(
        {
            "metric": "arpu",
            "unit": "money",
            "from": "2026-11-01",
            "to": "2026-11-28",
            "previous_from": "2026-10-04",
            "previous_to": "2026-10-31",
            "before": 64.0,
            "after": 67.0,
            "change": 3.0,
            "inputs": [
                {"name": "mrr", "part": "whole", "before": 45200.0, "after": 47500.0, "share": 3.25, "suspect": None},
                {
                    "name": "customers",
                    "part": "whole",
                    "before": 706.0,
                    "after": 709.0,
                    "share": -0.25,
                    "suspect": None,
                },
            ],
            "segments": {},
            "levers": [],
        }
    )
