"""What values an alert rule's subject can have, and how they behave while a bucket runs.

Does not look values up.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from schemas.alerts import (
    DAY_COUNTS,
    GAUGES,
    AlertRule,
    Change,
    FunnelSubject,
    MetricSubject,
    QualitySubject,
    Subject,
    Threshold,
)
from schemas.catalogue import MetricDefinition
from schemas.compute_walk import all_parts
from schemas.computes import (
    STREAMED,
    Balance,
    Conversion,
    Count,
    Counter,
    Distinct,
    Expression,
    Fact,
    FunnelConversion,
    Retention,
    Sessions,
    Sum,
    TimeBetween,
    UsageInterval,
)

Metrics = Mapping[str, MetricDefinition]

_GROWING = ("dau", "signups", "activated", "activations")
_NEVER_BELOW_0 = ("count", "bytes")
_AMOUNTS = ("count", "money", "bytes")


class Span(NamedTuple):
    """Both ends included."""

    low: float
    high: float


def grows(subject: Subject, metrics: Metrics) -> bool:
    """Whether the running bucket begins near 0 and only rises: what is low in the morning need not be low."""
    if isinstance(subject, FunnelSubject):
        return subject.measure == "count"
    if isinstance(subject, QualitySubject):
        return subject.number not in GAUGES
    if subject.metric in STREAMED:
        return subject.metric in _GROWING
    metric = metrics.get(subject.metric)
    match metric.compute if metric is not None else None:
        case Count() | Distinct() | Sum() | Sessions(part="count") | Fact(aggregate="sum"):
            return True
        case Balance(part=part, months=0):
            return part not in ("start", "end", "retained", "customers_start", "customers_end", "realised_value")
    return False


def matures(subject: Subject, metrics: Metrics) -> bool:
    """Whether a bucket's value still rises after the bucket, because people of it have time to do the next step."""
    if isinstance(subject, FunnelSubject):
        return subject.step > 1
    if not isinstance(subject, MetricSubject):
        return False
    if subject.metric in STREAMED:
        return STREAMED[subject.metric].matures
    if subject.metric not in metrics:
        return False
    return any(_part_matures(part) for part in all_parts(metrics[subject.metric], metrics))


def is_rate(subject: Subject, metrics: Metrics) -> bool:
    """Whether it is a fraction of 1."""
    if isinstance(subject, MetricSubject):
        metric = metrics.get(subject.metric)
        return metric is not None and metric.unit == "ratio"
    return isinstance(subject, FunnelSubject) and subject.measure == "rate"


def has_samples(subject: Subject, metrics: Metrics) -> bool:
    """Whether one can say on how much a value rests: not of medians, arithmetic without a denominator, ages."""
    if isinstance(subject, QualitySubject):
        return subject.number in (*DAY_COUNTS, "quarantine_share", "silent_seconds")
    metric = metrics.get(subject.metric) if isinstance(subject, MetricSubject) else None
    if metric is None or metric.unit in _AMOUNTS:
        return True
    match metric.compute:
        case TimeBetween(statistic="median") | UsageInterval() | Expression():
            return False
    return True


def span_of(rule: AlertRule, metrics: Metrics) -> Span:
    """Between which numbers the value that the condition is about lies for certain."""
    subject, everything = rule.subject, Span(-math.inf, math.inf)
    if isinstance(subject, MetricSubject):
        metric = metrics.get(subject.metric)
        values = Span(0.0, math.inf) if metric is not None and metric.unit in _NEVER_BELOW_0 else everything
    elif isinstance(subject, FunnelSubject) and subject.measure == "rate":
        values = Span(0.0, 1.0)
    else:
        values = Span(0.0, 100.0 if str(subject) == "quality:quarantine_share" else math.inf)
    match rule.comparison:
        case Threshold():
            return values
        case Change(unit="percent") if values.low == 0:
            return Span(-100.0, math.inf)
    return everything


def _part_matures(part: object) -> bool:
    match part:
        case Counter(matures=matures):
            return matures
        case Conversion() | Retention() | FunnelConversion() | TimeBetween():
            return True
    return False
