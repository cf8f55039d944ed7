"""What boards, the read API, alerting and the digest may ask about the catalogue's numbers, and the answers' shapes.

Does not measure: implemented by the package `metrics`. Days are `date`s of the workspace, money is Decimal.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, Protocol

from schemas.catalogue import Catalogue

Grain = Literal["day", "week", "month"]

DIMENSIONS = ("channel", "plan", "country", "account")
"""Dimensions that every workspace has, besides its declared person traits and group traits (`industry`, `size`, …).

`channel` is the person's first touch. Of an event's own properties: `property.<name>`.
"""


class UnknownDimension(ValueError):
    """A metric cannot be split or filtered so; the message says by what it can."""


class NotComputable(Exception):
    """A metric is defined, but its definition cannot be computed now; the message says why, for its owner."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One value of a dimension; None is a segment too (nobody said)."""

    dimension: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a bucket: `value` = numerator ÷ denominator where there is one; None over nothing.

    `is_maturing`: a cohort whose value still rises for no reason but its age. `restated`: changed after its bucket was
    over. `version`: of the definition that made it.
    """

    bucket: date
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    is_maturing: bool = False
    restated: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class SeriesQuestion:
    """A metric over whole buckets from that of `first` to that of `last`.

    `filters` must all hold. `split`: a dimension; its `top` segments by the whole range, others united in one.
    """

    metric: str
    first: date
    last: date
    grain: Grain = "day"
    filters: tuple[Segment, ...] = ()
    split: str = ""
    top: int = 8


OTHERS = "…others"
"""The value of the segment that unites those behind the top ones."""


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """`values`: every bucket of the range. `segments`: the same by segment of the split, the largest first."""

    values: Sequence[Value]
    segments: Sequence[tuple[Segment, Sequence[Value]]] = ()


@dataclass(frozen=True, slots=True)
class CohortRow:
    """`cells[n]`: of the cohort's `size` subjects, those active n periods later; None: not begun yet."""

    cohort: date
    size: int
    cells: Sequence[int | None]
    is_running: Sequence[bool]


@dataclass(frozen=True, slots=True)
class CohortTable:
    """`average[n]`: over cohorts whose period n is over, weighted by size."""

    period: Grain
    mode: Literal["on", "on_or_after"]
    rows: Sequence[CohortRow]
    average: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class CohortQuestion:
    """`subject` person: by signup, active later. customer: by first paid subscription, still subscribed later."""

    first: date
    last: date
    period: Grain = "month"
    periods: int = 12
    mode: Literal["on", "on_or_after"] = "on"
    subject: Literal["person", "customer"] = "person"
    filters: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A person or account behind a number: its id, what it is known by, and what it contributed."""

    id: str
    contribution: Decimal
    attributes: Mapping[str, Any] = field(default_factory=dict)


Doubt = Literal["", "incomplete", "maturing", "restated", "quarantine"]
"""Why a number may not be what it seems: not everything has come yet, a cohort still rises with its age, it changed
after its bucket was over, or unusually much was quarantined meanwhile."""


@dataclass(frozen=True, slots=True)
class Share:
    """One input's or segment's share of a change. `suspect`: a `Doubt` about the data under it, or empty.

    `part`: the whole input, or of a ratio by segments the `mix` (sizes moved) or the `rate` (values moved).
    """

    name: str
    part: Literal["whole", "mix", "rate", "rest"]
    before: Decimal | None
    after: Decimal | None
    share: Decimal
    suspect: str = ""


@dataclass(frozen=True, slots=True)
class Lever:
    """An input in the tree that no formula links to the metric above it: its own change, and no share of the other's.

    `suspect`: a `Doubt` about its data, or empty.
    """

    metric: str
    before: Decimal | None
    after: Decimal | None
    suspect: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a metric moved between two periods: the shares of each list add up to `after` − `before`.

    A list without shares: there is no formula, no value before or after, or nothing to split by. docs/why-it-moved.md
    has the methods.
    """

    metric: str
    before: Decimal | None
    after: Decimal | None
    inputs: Sequence[Share]
    segments: Mapping[str, Sequence[Share]]
    levers: Sequence[Lever] = ()


@dataclass(frozen=True, slots=True)
class FactRow:
    """One external fact. The row with the highest `version` of a (fact, day, category, channel, source) counts."""

    fact: str
    day: date
    value: Decimal
    category: str = ""
    channel: str = ""
    source: str = ""
    uploader: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FunnelReach:
    """`entries[day][i]`: entries of that day that reached step i + 1. `persons`, `median_seconds`: over the range."""

    entries: Mapping[date, Sequence[int]]
    persons: Sequence[int]
    median_seconds: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class VariantOutcome:
    """What became of the persons whose first exposure to an experiment was to this variant.

    `converted`: persons with the conversion event after their first exposure. `customers`: those whose account pays at
    the end of the range, `mrr` what those accounts pay then; `customers_before` paid at first exposure, and of those
    `churned` pay no longer. An account counts once, for the person of it that was exposed first.
    """

    variant: str
    exposed: int
    converted: int
    customers: int = 0
    mrr: Decimal = Decimal(0)
    customers_before: int = 0
    churned: int = 0


@dataclass(frozen=True, slots=True)
class ActionContrast:
    """How many of the best customers, and of those who left, did an action at all in the 90 days looked at."""

    event: str
    best_doing: int
    churned_doing: int


@dataclass(frozen=True, slots=True)
class BestAndChurned:
    """`best`: the top 20 % of the customers at the end by MRR. `churned`: those who left in the range.

    Of the best the last 90 days of the range are looked at, of the churned the 90 days before they left.
    """

    best: int
    churned: int
    actions: Sequence[ActionContrast]


class Measures(Protocol):
    """Synchronous; safe to call from several threads. Every method may raise `schemas.reading.ReadingUnavailable`."""

    def catalogue(self) -> Catalogue:
        """As it was read last; replaced whole when a file changes."""
        ...

    def findings(self) -> Sequence[str]:
        """What is wrong with the files as they are now, while the catalogue before them is still used."""
        ...

    def one_moment(self) -> AbstractContextManager[None]:
        """Until its end, everything that this thread asks is answered as of one moment, and so with less work."""
        ...

    def series(self, question: SeriesQuestion) -> MeasuredSeries:
        """Raises KeyError for an unknown metric, UnknownDimension, NotComputable."""
        ...

    def over(
        self,
        metric: str,
        ranges: Sequence[tuple[date, date]],
        filters: tuple[Segment, ...] = (),
        split: str = "",
        top: int = 8,
    ) -> MeasuredSeries:
        """A metric with each range of days (both ends included; they may overlap) as one bucket, in their order.

        Levels are those of the range's last day (or today), counts and sums are over the range, rates come from sums.
        `bucket` is the first day; segments are ranked by the first range. Raises KeyError, UnknownDimension,
        NotComputable.
        """
        ...

    def complete_through_ms(self, metric: str) -> int | None:
        """Every message received before it (Unix ms) is in what is said of the metric; None before the first.

        To be read before the values. Raises KeyError.
        """
        ...

    def cohorts(self, question: CohortQuestion) -> CohortTable: ...

    def members(self, question: SeriesQuestion, limit: int, offset: int = 0) -> Sequence[Member]:
        """Who is behind a metric over the range, largest contribution first. Raises KeyError, UnknownDimension."""
        ...

    def explain(self, metric: str, before: tuple[date, date], after: tuple[date, date]) -> Explanation:
        """Raises KeyError."""
        ...

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach:
        """Entries of a funnel by persons of a segment. Raises KeyError, UnknownDimension."""
        ...

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]:
        """By variant, in their alphabetical order: first exposures in the range, outcomes until its end."""
        ...

    def best_and_churned(self, first: date, last: date) -> BestAndChurned: ...

    def dimensions(self) -> Sequence[str]: ...

    def segment_values(self, dimension: str, limit: int = 50) -> Sequence[str | None]: ...

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        """Store facts; the number of rows that changed something."""
        ...

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]: ...
