"""`northstream metrics validate`: does a candidate move with retention and revenue, and how much of it tells who stays.

Does not reckon: see `metrics.validate`. The numbers are those of the running product.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

from metrics.validate import FEWEST_PERIODS, Correlation, best_separation, changes_of, correlate, people_of
from northstream.clock import unix_ms
from northstream.failures import UserError
from northstream.metrics_api import MetricsApi, Point
from northstream.settings import Settings
from northstream.workspaces import load_named_workspace
from schemas.calendar import Calendar, day_date
from schemas.catalogue import MetricDefinition
from schemas.computes import Count, Retention
from schemas.yaml_lines import did_you_mean

WEEKS = 26
MONTHS = 24
COHORT_DAYS = range(0, 28, 2)
"""Days before the latest one whose outcome is known; of those who signed up on them it is asked who stayed."""

ACTIVITY_DAYS = 7
"""From the signup day on the candidate's messages are counted, as for activation."""


class Asking(Protocol):
    """As `MetricsApi`."""

    def series(
        self, metric: str, first: date, last: date, grain: Literal["day", "week", "month"]
    ) -> Sequence[Point]: ...

    def members(self, metric: str, first: date, last: date) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """The candidate, and the metrics that it is held against."""

    metric: str
    retention: str
    nrr: str


def run_validate(settings: Settings, asked: Asked) -> int:
    """Print what is found; a missing correlation is a warning, no failure.

    Raises:
        UserError: a metric is unknown, or nobody answers who has the numbers.
    """
    workspace = load_named_workspace(settings)
    metrics = {metric.id: metric for metric in workspace.metrics}
    for name in (asked.metric, asked.retention, asked.nrr):
        if name not in metrics:
            raise UserError(f'there is no metric "{name}"{did_you_mean(name, metrics)}')
    today = day_date(Calendar(workspace.stream.timezone).day_of(unix_ms()))
    print(f"{asked.metric}: {metrics[asked.metric].label['en']}")
    with MetricsApi(settings) as api:
        for line in report(asked, metrics, api, today):
            print(f"  {line}", flush=True)
    return 0


def report(asked: Asked, metrics: Mapping[str, MetricDefinition], api: Asking, today: date) -> Iterator[str]:
    """What is found, a sentence each."""
    yield from _correlations(api, asked, today)
    yield from _threshold(api, metrics[asked.metric], metrics[asked.retention], today)


def _correlations(api: Asking, asked: Asked, today: date) -> Iterator[str]:
    found = [
        (
            asked.retention,
            "week",
            _pairs(api, asked.metric, asked.retention, today - timedelta(weeks=WEEKS), today, "week"),
        ),
        (asked.nrr, "month", _pairs(api, asked.metric, asked.nrr, today - timedelta(days=30 * MONTHS), today, "month")),
    ]
    plain = [correlate(*pairs) for _, _, pairs in found]
    for (name, grain, pairs), levels in zip(found, plain, strict=True):
        changes = correlate(*map(changes_of, pairs))
        yield f"with {name}, {levels.periods} {grain}s: {_told(levels, changes)}"
    if all(item.can_be_judged for item in plain) and not any(item.is_there for item in plain):
        yield "warning: it moves with neither; it may be vanity, so decide nothing by it"


def _told(levels: Correlation, changes: Correlation) -> str:
    if levels.r is None:
        return "one of them does not move" if levels.periods > 1 else "no periods that are complete in both yet"
    text = f"r = {levels.r:+.2f} (p ≈ {levels.p:.3f})" if levels.p is not None else f"r = {levels.r:+.2f}"
    if not levels.can_be_judged:
        return f"{text}; too few to say anything, {FEWEST_PERIODS} are needed"
    if not levels.is_there:
        return f"{text}; warning: no correlation"
    if changes.can_be_judged and not changes.is_there:
        return f"{text}, but their changes do not move together (r = {changes.r:+.2f}): both may only follow time"
    return f"{text}; they move together, which is no proof of a cause"


def _pairs(
    api: Asking, candidate: str, outcome: str, first: date, last: date, grain: Literal["week", "month"]
) -> tuple[list[float | None], list[float | None]]:
    """Both series over the periods that are over and complete in both."""
    one, other = (api.series(name, first, last, grain) for name in (candidate, outcome))
    settled = _settled(one) & _settled(other)
    return [p.value for p in one if p.bucket in settled], [p.value for p in other if p.bucket in settled]


def _settled(points: Sequence[Point]) -> set[date]:
    return {point.bucket for point in points if point.is_settled}


def _threshold(api: Asking, candidate: MetricDefinition, retention: MetricDefinition, today: date) -> Iterator[str]:
    """Day by day, so that everybody's activity is counted over the same time after signup."""
    compute = retention.compute
    if not isinstance(candidate.compute, Count) or not isinstance(compute, Retention):
        yield "no activity threshold: that needs a count of events, and a retention"
        return
    period = {"day": 1, "week": 7, "month": 31}[compute.period]
    last = today - timedelta(days=period * (compute.after + 1))
    people: list[tuple[int, bool]] = []
    for back in COHORT_DAYS:
        day = last - timedelta(days=back)
        stayed = api.members(retention.id, day, day)
        counts = api.members(candidate.id, day, day + timedelta(days=ACTIVITY_DAYS - 1)) if stayed else {}
        people += people_of(counts, stayed)
    best = best_separation(people)
    if best is None:
        yield f"no activity threshold: doing it tells nothing about who stays ({len(people)} people who signed up)"
        return
    yield (
        f"{best.threshold} or more in the first {ACTIVITY_DAYS} days separate best who stayed ({retention.id}): "
        f"{best.reached_by_retained:.0%} of {best.retained} who stayed did so, "
        f"{best.reached_by_lost:.0%} of {best.lost} who left (Youden {best.youden:.2f}, F1 {best.f1:.2f})"
    )
    if best.youden < 0.1:
        yield "warning: that hardly separates them; it is no candidate for the activation threshold"
