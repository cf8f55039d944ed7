"""How a metric is computed: the declarative kinds of the catalogue, as data.

Does not compute: see the package `metrics`. A bucket is a day, an ISO week or a month of the workspace's time zone; one
that is running reaches to today. Every kind gives a bucket an exact numerator and, for rates, a denominator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Subject = Literal["person", "account"]
"""An account is the group of a person's latest `group` call, or that of the event itself; else the person."""

Comparison = Literal["=", "!=", ">", ">=", "<", "<=", "in", "not in"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one property of an event; a property that is missing fulfils only `!=` and `not in`."""

    property: str
    comparison: Comparison
    values: tuple[str | float | bool, ...]


@dataclass(frozen=True, slots=True)
class EventSet:
    """Messages by name (`events`) or type, narrowed by conditions that all hold.

    `types`: of page, screen and track. Empty `events` means any of those types. `active` means the workspace's own
    definition of being active, and nothing else counts then.
    """

    events: tuple[str, ...] = ()
    types: tuple[str, ...] = ("track",)
    where: tuple[Condition, ...] = ()
    active: bool = False


@dataclass(frozen=True, slots=True)
class Counter:
    """A streaming counter, or one over another. `over`: a bucket is its last day, or the sum of its days."""

    numerator: str
    denominator: str | None = None
    over: Literal["last_day", "sum"] = "sum"
    matures: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """Distinct messages in the bucket."""

    source: EventSet


@dataclass(frozen=True, slots=True)
class Distinct:
    """Distinct subjects with such a message in the bucket; `first`: each only in the bucket of its first ever."""

    source: EventSet
    of: Subject = "person"
    first: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a numeric property, as Decimal."""

    source: EventSet
    property: str


@dataclass(frozen=True, slots=True)
class Mean:
    """Sum of a numeric property over the number of messages that carry it."""

    source: EventSet
    property: str


@dataclass(frozen=True, slots=True)
class Actives:
    """Distinct subjects in the `window_days` that end with the bucket's last day."""

    source: EventSet
    window_days: int
    of: Subject = "person"


@dataclass(frozen=True, slots=True)
class FunnelConversion:
    """Entries that reached `to_step` over those that reached `from_step`, by entry day; steps count from 1."""

    funnel: str
    to_step: int
    from_step: int = 1


@dataclass(frozen=True, slots=True)
class Conversion:
    """Subjects whose first `start` falls in the bucket; of those, the share with an `end` at or after it.

    `within_seconds` bounds the time from start to end (None: any later time); a cohort matures until it is over.
    """

    start: EventSet
    end: EventSet
    of: Subject = "person"
    within_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class TimeBetween:
    """Seconds from a subject's first `start`, in the bucket, to its first `end` at or after it; those without are out.

    With `pair_by`, every start counts by itself and its end is the first with the same value of that property.
    """

    start: EventSet
    end: EventSet
    of: Subject = "person"
    statistic: Literal["median", "mean"] = "median"
    pair_by: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """Of the subjects whose first `cohort` falls in the bucket, the share active `after` periods later.

    `period` day: on day `after` (or on it or any later day); week, month: in that calendar period after the cohort's.
    """

    after: int
    period: Literal["day", "week", "month"] = "day"
    mode: Literal["on", "on_or_after"] = "on"
    cohort: EventSet = field(default_factory=EventSet)
    activity: EventSet = field(default_factory=lambda: EventSet(active=True))


BalancePart = Literal[
    "start",
    "end",
    "new",
    "reactivation",
    "expansion",
    "contraction",
    "churn",
    "retained",
    "customers_start",
    "customers_end",
    "customers_new",
    "customers_acquired",
    "customers_lost",
    "realised_value",
]


@dataclass(frozen=True, slots=True)
class Balance:
    """A part of the monthly recurring revenue of accounts, or of their number (`metrics.balance` has the rules).

    `start`, `end`: at the bucket's borders. Movements are sums over the bucket; `cause` narrows expansion.
    `customers_new` pay at the end and did not at the start, `customers_lost` the reverse; `customers_acquired` paid
    for the first time ever. `retained`: what the customers of the start pay at the end (for NRR). `realised_value`:
    mean of what customers who left in the bucket had paid. With `months`, the part is that of so many calendar months
    instead of the bucket: from the first day of the month `months` - 1 before that of the bucket's last day, to that
    last day.
    """

    part: BalancePart
    cause: str = ""
    months: int = 0


@dataclass(frozen=True, slots=True)
class Concentration:
    """Share of the MRR at the bucket's end that the top `percent` of the customers carry (their number rounded up)."""

    percent: float


@dataclass(frozen=True, slots=True)
class Fact:
    """External facts. `sum` over the bucket; `last`: the latest on or before its last day, by category and channel."""

    fact: str
    aggregate: Literal["sum", "last", "mean"] = "sum"
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions by the day they begin (30 minutes without an event end one).

    `per_person`: sessions over persons. `duration`: mean seconds from first to last event. `bounces`: the share with
    one event only.
    """

    part: Literal["count", "per_person", "duration", "bounces"]


@dataclass(frozen=True, slots=True)
class UsageInterval:
    """Median of days between consecutive active days of a person, both within the 90 days up to the bucket's end."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Customers at the bucket's end that are idle for `idle_days`, or use half as much as before, or are detractors."""

    idle_days: int = 30


@dataclass(frozen=True, slots=True)
class Ratio:
    """One over another, each a metric's id or a computation of its own. `scale`: 100 for "per 100 users"."""

    numerator: "str | Compute"
    denominator: "str | Compute"
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Expression:
    """Arithmetic over metric ids and `terms`: + − × ÷, parentheses, numbers, `min`, `max`, `previous(name)`.

    `previous` is the same over the bucket before. Nothing divided by nothing, or by 0, is no value.
    """

    text: str
    terms: "Mapping[str, Compute]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sql:
    """For experts: a SELECT that gives (day, value) or (day, numerator, denominator), read-only and limited.

    `{first:Date}` and `{last:Date}` are bound. `over`: how days become weeks and months.
    """

    query: str
    over: Literal["last_day", "sum"] = "sum"


Compute = (
    Counter
    | Count
    | Distinct
    | Sum
    | Mean
    | Actives
    | FunnelConversion
    | Conversion
    | TimeBetween
    | Retention
    | Balance
    | Concentration
    | Fact
    | Sessions
    | UsageInterval
    | AtRisk
    | Ratio
    | Expression
    | Sql
)

STREAMED: Mapping[str, Counter] = {
    "dau": Counter("dau", None, "last_day"),
    "wau": Counter("wau", None, "last_day"),
    "mau": Counter("mau", None, "last_day"),
    "stickiness": Counter("dau", "mau", "last_day"),
    "signups": Counter("signups"),
    "activated": Counter("activated", matures=True),
    "activations": Counter("activations"),
    "activation_rate": Counter("activated", "signups", matures=True),
}
"""The metrics of contracts §3: a catalogue entry with one of these ids needs no `compute`."""
