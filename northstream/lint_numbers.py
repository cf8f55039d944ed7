"""The lint's rules that need numbers: metrics that do not move, and lifetime values from too little time.

Does not know where the numbers come from: whoever has them is handed in.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, Protocol

from northstream.metrics_api import Point
from schemas.catalogue import Catalogue, MetricDefinition
from schemas.lint_findings import LintFinding, finding

FLAT_WEEKS = 12
FLAT_CHANGE = 0.01
"""Of its mean: less than this between its highest and lowest week is no movement."""

FEWEST_WEEKS = 8
YEAR_DAYS = 365
_LONGEST_DAYS = 760
"""The read API answers 800 days at most, and months are whole."""

_LIFETIME = re.compile(r"\b(c?ltv|clv|lifetime value|valeur vie)\b", re.IGNORECASE)
_NEIGHBOURS = ("arpa", "mrr", "net_burn", "burn_rate", "burn")


class Numbers(Protocol):
    def known(self) -> Collection[str]:
        """The metrics that can be asked for; one that is not in use yet is not among them."""
        ...

    def series(self, metric: str, first: date, last: date, grain: Literal["day", "week", "month"]) -> Sequence[Point]:
        """Every bucket of the range."""
        ...


def lint_numbers(catalogue: Catalogue, numbers: Numbers, today: date) -> list[LintFinding]:
    """Warnings about what the numbers of metrics in use show."""
    known = numbers.known()
    in_use = [m for m in catalogue.metrics.values() if m.lifecycle != "retired" and m.id in known]
    days = _days_of_data(numbers, today)
    found = list(_find_flat(catalogue, in_use, numbers, today)) if days >= 7 * FLAT_WEEKS else []
    if days < YEAR_DAYS:
        message = f"comes from {days} days of data; a lifetime needs a year at least"
        found += [finding(metric, "young-ltv", message, "warning") for metric in in_use if is_lifetime_value(metric)]
    return found


def is_lifetime_value(metric: MetricDefinition) -> bool:
    """By its name: there is no other sign."""
    return any(_LIFETIME.search(name) for name in (metric.id.replace("_", " "), *metric.label.values()))


def is_flat(values: Sequence[float]) -> bool:
    """Whether enough periods hardly differ."""
    if len(values) < FEWEST_WEEKS:
        return False
    mean = sum(map(abs, values)) / len(values)
    return max(values) - min(values) <= FLAT_CHANGE * mean


def _find_flat(
    catalogue: Catalogue, metrics: Sequence[MetricDefinition], numbers: Numbers, today: date
) -> Iterator[LintFinding]:
    last = today - timedelta(days=today.weekday() + 1)
    first = last - timedelta(weeks=FLAT_WEEKS) + timedelta(days=1)
    for metric in metrics:
        points = numbers.series(metric.id, first, last, "week")
        values = [point.value for point in points if point.is_settled and point.value is not None]
        if is_flat(values):
            message = f"has not moved for {len(values)} weeks, so it decides nothing{_neighbour(metric, catalogue)}"
            yield finding(metric, "flat-metric", message, "warning")


def _neighbour(metric: MetricDefinition, catalogue: Catalogue) -> str:
    """What moves when this does not: the first of the usual ones, or another input of its stage."""
    of_stage = (item.id for item in catalogue.metrics.values() if item.stage == metric.stage and item.role == "input")
    known = [name for name in _NEIGHBOURS if name in catalogue.metrics]
    names = known if metric.stage in ("revenue", "finance", None) else list(of_stage)
    names = sorted(names, key=lambda name: catalogue.metrics[name].stage != metric.stage)
    other = next((name for name in names if name != metric.id), "")
    return f'; look at its neighbour "{other}"' if other else ""


def _days_of_data(numbers: Numbers, today: date) -> int:
    """From the first month in which somebody was active; as many as can be asked for when there is more."""
    first = (today - timedelta(days=_LONGEST_DAYS)).replace(day=1)
    months = numbers.series("mau", first, today, "month")
    begun = next((point.bucket for point in months if point.value), None)
    return 0 if begun is None else (today - begun).days
