"""The KPI catalogue and what stands on it: metrics, the north star tree, boards.

Does not read files: see `schemas.metric_files` and `schemas.board_files`. Can be read anew while the product runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from schemas.computes import Compute

Label = Mapping[str, str]
"""A text by language code; at least `en`."""

Unit = Literal["count", "ratio", "seconds", "money", "days", "months", "years", "score", "multiple", "bytes"]
"""`ratio` is a fraction of 1, shown in per cent, and changes in points; all others change in per cent."""

Stage = Literal["awareness", "acquisition", "activation", "retention", "revenue", "referral", "experience", "finance"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is aimed at, by when: a number, or a condition such as "at least 3 design partners" that is met or not."""

    value: Decimal | None = None
    condition: str = ""
    is_met: bool = False
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """The OKR that a metric serves."""

    text: Label
    baseline: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What others reach."""

    value: Decimal
    source: str
    at: date | None = None


@dataclass(frozen=True, slots=True)
class LintException:
    """A lint rule that does not hold here, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """An entry of the metric catalogue.

    `orange` and `red` are the values from which that colour holds, in the bad direction (None: no colour).
    `schemas.colours` decides the `status_of` a value. `decimals`: None leaves it to the unit.
    `per`: the period for which target, orange and red of a count or sum are written, and the grain by which a series
    is shown unless the reader picks another (empty: day for the eight streamed ones, else month).
    `file` and `line` tell where it stands.
    """

    id: str
    label: Label
    definition: Label
    unit: Unit
    owner: str
    compute: Compute
    direction: Literal["up", "down"] = "up"
    version: int = 1
    target: Target = field(default_factory=Target)
    orange: Decimal | None = None
    red: Decimal | None = None
    decimals: int | None = None
    per: Literal["day", "week", "month", ""] = ""
    role: Literal["nsm", "input", ""] = ""
    timing: Literal["leading", "lagging", ""] = ""
    stage: Stage | None = None
    source: str = ""
    formula: str = ""
    decision: Label = field(default_factory=dict)
    objective: Objective | None = None
    benchmark: Benchmark | None = None
    hypothesis: str = ""
    lifecycle: Literal["candidate", "active", "retired"] = "active"
    review_by: date | None = None
    refresh_seconds: int = 60
    exceptions: tuple[LintException, ...] = ()
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A metric in the input tree and those that move it. `branch` is the stage of the nodes below the north star."""

    metric: str
    branch: Stage | None = None
    inputs: "tuple[TreeNode, ...]" = ()


CardKind = Literal[
    "number", "line", "bars", "table", "funnel", "cohorts", "segments", "tree", "alerts", "decisions", "notes", "stages"
]


@dataclass(frozen=True, slots=True)
class Card:
    """One thing on a board. `metrics` of a number is one id; tables and stages have several.

    `split`: a dimension to show by (channel, plan, …). `label` replaces the metric's own. `subject`: of cohorts.
    """

    kind: CardKind
    metrics: tuple[str, ...] = ()
    funnel: str = ""
    split: str = ""
    label: Label = field(default_factory=dict)
    subject: Literal["person", "customer", ""] = ""


@dataclass(frozen=True, slots=True)
class BoardSection:
    """Cards under one heading."""

    label: Label
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment board compares: `Experiment Viewed` of this id, and the events that count as outcomes."""

    id: str
    conversion: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardDefinition:
    """A board. `kind` overview and exec have a fixed order of their own; `preset` groups templates in the library.

    `period_days` is what it shows at first, by `grain`. `refresh_seconds`: how often the page asks again (0: never).
    """

    id: str
    label: Label
    owner: str
    sections: tuple[BoardSection, ...]
    kind: Literal["overview", "exec", "squad", "experiment", "cards"] = "cards"
    audience: Label = field(default_factory=dict)
    cadence: Literal["live", "daily", "weekly", "monthly", "quarterly", ""] = ""
    preset: str = ""
    period_days: int = 28
    grain: Literal["day", "week", "month"] = "day"
    refresh_seconds: int = 60
    branch: Stage | None = None
    experiment: Experiment | None = None
    exceptions: tuple[LintException, ...] = ()
    file: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that may change while the product runs. `metrics` and `boards` by id, in the order of their files.

    `tree` is None while no metric is the north star. `opening_board`: what `/` opens on.
    """

    metrics: Mapping[str, MetricDefinition]
    tree: TreeNode | None = None
    boards: Mapping[str, BoardDefinition] = field(default_factory=dict)
    opening_board: str = "overview"
