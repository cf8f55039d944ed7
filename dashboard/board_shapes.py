"""The JSON shapes of boards, the tree and cohorts, for the documentation.

Does not build answers: the tests hold the answers against these.
"""

from typing import Any, Literal

from pydantic import Field

from dashboard.board_examples import CARD, ENTRY, PERIOD, TREND
from dashboard.catalogue_shapes import Status
from dashboard.report_shapes import ExperimentReport
from dashboard.shapes import Shape, shown_as


class Span(Shape):
    from_: str = Field(alias="from")
    to: str


class BoardPeriod(Span):
    """`previous` is as long and just before; `last_year` the same days a year before."""

    grain: str
    previous: Span
    last_year: Span


class BoardEntry(Shape):
    board: str
    label: str
    kind: Literal["overview", "exec", "squad", "experiment", "cards"]
    preset: str | None
    branch: str | None
    audience: str
    cadence: str | None
    owner: str
    period_days: int
    grain: str
    refresh_seconds: int
    metrics: list[str]


class BoardList(Shape):
    """`library`: the metrics that are on no board."""

    opening_board: str
    boards: list[BoardEntry]
    library: list[str]

    model_config = shown_as({"opening_board": "overview", "boards": [ENTRY], "library": ["payments"]})


class MetricCard(Shape):
    """A metric over a period. `change` is in per cent for levels, in points for rates.

    `from`, `to`: the days of `value`; a count that is expressly per week shows the last week of a longer period, a rate
    of cohorts the latest days, as many, whose cohorts are all mature (those of the period while there are none).
    `target` is null, and `status` none, where it is written for another span of time than that. `error`: why there is
    no value.
    """

    metric: str
    label: str
    definition: str
    definition_version: int
    formula: str
    unit: str
    decimals: int
    owner: str
    decision: str
    direction: Literal["up", "down"]
    role: str | None
    timing: str | None
    stage: str | None
    objective: str | None
    baseline: float | None
    from_: str = Field(alias="from")
    to: str
    target: float | None
    target_condition: str | None
    target_met: bool | None
    target_by: str | None
    per: str | None
    value: float | None
    previous: float | None
    last_year: float | None
    change: float | None
    last_year_change: float | None
    change_unit: Literal["percent", "points"]
    status: Status
    settled: bool
    restated: bool
    maturing: bool
    version: int
    error: str | None


class TrendPoint(Shape):
    """`version`: of the definition that published the bucket; the card's `value` counts all days by the card's own."""

    bucket: str
    value: float | None
    maturing: bool
    version: int


class NumberCard(MetricCard):
    kind: Literal["number"]
    trend: list[TrendPoint]


class LineCard(NumberCard):
    """`previous_trend`: the period before, to be drawn behind."""

    kind: Literal["line"]  # type: ignore[assignment]
    previous_trend: list[TrendPoint]


class SegmentRow(Shape):
    """A null `segment`: those where nobody said. `others`: those behind the largest, united."""

    segment: str | None
    others: bool
    value: float | None
    previous: float | None
    change: float | None
    status: Status


class SplitCard(MetricCard):
    kind: Literal["bars", "segments"]
    split: str
    rows: list[SegmentRow]


class CardRow(MetricCard):
    """`segments` in a pivot, `trend` in a table of stages."""

    segments: list[SegmentRow] | None = None
    trend: list[TrendPoint] | None = None


class TableCard(Shape):
    kind: Literal["table", "stages"]
    label: str
    split: str | None
    rows: list[CardRow]
    error: str | None


class FunnelCard(Shape):
    """`data`: as `/api/funnels/{id}`; `previous`: its steps over the period before."""

    kind: Literal["funnel"]
    label: str
    funnel: str
    step_labels: list[str]
    data: dict[str, Any]
    previous: list[dict[str, Any]]
    error: str | None


class CohortsCard(Shape):
    """`data`: as `/api/retention`."""

    kind: Literal["cohorts"]
    label: str
    subject: Literal["person", "customer"]
    data: "Cohorts"
    error: str | None


class OtherCard(Shape):
    """`data`: the tree as `/api/tree`, firing alerts, notes on method; what was decided, is planned and performed."""

    kind: Literal["tree", "alerts", "notes", "decisions"]
    label: str
    data: dict[str, Any] | None
    error: str | None


class FailedCard(Shape):
    """A card that cannot be shown; the rest of the board stands."""

    kind: str
    label: str
    error: str


class BoardPart(Shape):
    label: str
    cards: list[NumberCard | LineCard | SplitCard | TableCard | FunnelCard | CohortsCard | OtherCard | FailedCard]


class CohortCell(Shape):
    """`period` 0 is that of the cohort itself. A null `count`: not begun yet. `running`: it may still rise."""

    period: int
    count: int | None
    rate: float | None
    running: bool


class Cohort(Shape):
    cohort: str
    size: int
    cells: list[CohortCell]


class Cohorts(Shape):
    """`average[n]`: over cohorts whose period n is over, weighted by their size."""

    subject: Literal["person", "customer"]
    period: str
    mode: Literal["on", "on_or_after"]
    from_: str = Field(alias="from")
    to: str
    cohorts: list[Cohort]
    average: list[float | None]

    model_config = shown_as(
        {
            "subject": "customer",
            "period": "month",
            "mode": "on",
            "from": "2026-09-01",
            "to": "2026-11-22",
            "cohorts": [
                {
                    "cohort": "2026-10-01",
                    "size": 89,
                    "cells": [
                        {"period": 0, "count": 89, "rate": 1.0, "running": False},
                        {"period": 1, "count": 84, "rate": 0.9438202247191011, "running": True},
                    ],
                }
            ],
            "average": [1.0, None],
        }
    )


class FilterShape(Shape):
    dimension: str
    value: str | None


class Board(BoardEntry):
    """A whole board. `findings`: what is wrong with the catalogue's files while an earlier state of them is shown."""

    period: BoardPeriod
    filters: list[FilterShape]
    timezone: str
    currency: str
    complete_through: str | None
    updated: str
    findings: list[str]
    sections: list[BoardPart]
    experiment: ExperimentReport | None

    model_config = shown_as(
        {
            **ENTRY,
            "period": PERIOD,
            "filters": [],
            "timezone": "Europe/Paris",
            "currency": "EUR",
            "complete_through": "2026-11-22T09:41:07.250Z",
            "updated": "2026-11-22T09:41:08.100Z",
            "findings": [],
            "sections": [{"label": "Key figures", "cards": [{"kind": "number", **CARD, "trend": [TREND]}]}],
            "experiment": None,
        }
    )


class TreeNodeShape(MetricCard):
    branch: str | None
    inputs: list["TreeNodeShape"]


class Tree(Shape):
    """`root` is the north star, null while the workspace names none."""

    period: BoardPeriod
    root: TreeNodeShape | None

    model_config = shown_as({"period": PERIOD, "root": {**CARD, "branch": None, "inputs": []}})
