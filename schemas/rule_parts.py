"""Reads what an alert rule looks at, what it compares with, and its condition.

Does not read the rest of a rule: see `schemas.rule_files`.
"""

import math
import re
from typing import cast

from schemas.alert_ground import AlertGround, judged_grain
from schemas.alerts import (
    DAY_COUNTS,
    FEWEST_POINTS,
    GAUGES,
    MOST_BUCKETS,
    Absence,
    Anomaly,
    Change,
    Comparison,
    DayCount,
    FunnelSubject,
    Gauge,
    MetricSubject,
    Operator,
    QualitySubject,
    Subject,
    Threshold,
)
from schemas.counted_messages import can_be_absent
from schemas.measuring import Segment
from schemas.references import check_known
from schemas.yaml_lines import did_you_mean
from schemas.yaml_sections import Section

SUBJECTS = ("metric", "funnel", "quality")
COMPARISONS = ("change", "anomaly", "absent_for")

_OWN_PROPERTY = "property."
_NOT_ABSENT = "a metric of events or facts (without a segment), a funnel step, received or quarantined can"
_CONDITION = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


def parse_condition(text: str) -> tuple[Operator, float]:
    """`"> 20"` → (`>`, 20.0).

    Raises:
        ValueError: not an operator and a number.
    """
    match = _CONDITION.fullmatch(text)
    if match is None or not math.isfinite(float(match[2])):
        raise ValueError(f"{text!r} is no condition")
    return cast(Operator, match[1]), float(match[2])


def read_subject(section: Section, ground: AlertGround) -> Subject:
    """The metric, funnel step or number about the data that a rule names; one of them."""
    kinds = [kind for kind in SUBJECTS if kind in section]
    if len(kinds) > 1:
        section.report(section.line_of(kinds[1]), f"a rule looks at one thing, not at {' and '.join(kinds)}")
    kind = kinds[0] if kinds else "metric"
    for key, goes_with in (("segment", "metric"), ("step", "funnel"), ("measure", "funnel")):
        if key in section and kind != goes_with:
            section.report(section.line_of(key), f'"{key}" goes with "{goes_with}", not with "{kind}"')
    if kind == "funnel":
        return _read_funnel(section, ground)
    if kind == "quality":
        numbers: tuple[Gauge | DayCount, ...] = (*GAUGES, *DAY_COUNTS)
        return QualitySubject(section.choice("quality", numbers, "lag_seconds"))
    metric = section.placed("metric")
    check_known(metric, "metric", ground.metrics, section.findings)
    return MetricSubject(metric.value, _read_segments(section, ground) if "segment" in section else ())


def _read_funnel(section: Section, ground: AlertGround) -> FunnelSubject:
    funnel = section.placed("funnel")
    check_known(funnel, "funnel", ground.funnels, section.findings)
    if "step" not in section:
        section.report(section.line_of("step"), '"step" is missing; add it (1 is the first)')
    step, steps = section.whole("step", 1), ground.funnels.get(funnel.value)
    if steps is not None and step > steps:
        section.report(section.line_of("step"), f'the funnel "{funnel.value}" has {steps} steps')
    return FunnelSubject(funnel.value, step, section.choice("measure", ("count", "rate"), "count"))


def _read_segments(section: Section, ground: AlertGround) -> tuple[Segment, ...]:
    """Null is a value too: nobody said."""
    inner = section.section("segment")
    if inner is None:
        return ()
    for name in inner.names():
        if name not in ground.dimensions and not (name.startswith(_OWN_PROPERTY) and name != _OWN_PROPERTY):
            known = f"; there are {', '.join(ground.dimensions)}, property.<name>"
            hint = did_you_mean(name, ground.dimensions) or known
            section.report(inner.line_of(name), f'there is no dimension "{name}"{hint}')
    return tuple(Segment(name, inner.text(name) if name in inner else None) for name in inner.names())


def read_comparison(section: Section, subject: Subject, ground: AlertGround) -> Comparison:
    """What the condition is about; a threshold of the value, unless the rule says otherwise."""
    kinds = [kind for kind in COMPARISONS if kind in section]
    for kind in COMPARISONS:
        if kind in section.names() and kind not in kinds:
            section.report(section.line_of(kind), f'"{kind}" is empty; remove it or fill it in')
    if len(kinds) > 1:
        section.report(section.line_of(kinds[1]), f"a rule compares in one way, not with {' and '.join(kinds)}")
    if not kinds:
        return Threshold()
    kind = kinds[0]
    _check_fits(section, kind, subject, ground)
    if kind == "absent_for":
        return _read_absence(section)
    inner = section.section(kind)
    grain = _grain(subject, ground)
    if inner is None:
        return Threshold()
    return _read_change(inner, grain) if kind == "change" else _read_anomaly(inner, grain)


def read_condition(section: Section, comparison: Comparison) -> tuple[Operator, float]:
    """Operator and number; of an absence, its seconds: it has no condition of its own."""
    if isinstance(comparison, Absence):
        if "condition" in section:
            section.report(section.line_of("condition"), '"absent_for" is the condition; remove "condition"')
        return ">=", comparison.seconds
    condition = section.text("condition", required=True)
    try:
        return parse_condition(condition)
    except ValueError:
        if section.is_scalar("condition"):
            section.report(section.line_of("condition"), f'"condition" must be like "> 20", not "{condition}"')
        return ">", 0.0


def is_gauge(subject: Subject) -> bool:
    """Whether it is true now and has neither buckets nor a history."""
    return isinstance(subject, QualitySubject) and subject.number in GAUGES


def _check_fits(section: Section, kind: str, subject: Subject, ground: AlertGround) -> None:
    if kind == "absent_for":
        is_known = not isinstance(subject, MetricSubject) or subject.metric in ground.metrics
        if is_known and not can_be_absent(subject, ground.metrics):
            section.report(section.line_of(kind), f"of {subject} no event can be absent: {_NOT_ABSENT}")
    elif isinstance(subject, QualitySubject) and is_gauge(subject):
        message = f'"{subject.number}" has no history, so that "{kind}" has nothing to compare with'
        section.report(section.line_of(kind), message)


def _grain(subject: Subject, ground: AlertGround) -> str:
    metric = ground.metrics.get(subject.metric) if isinstance(subject, MetricSubject) else None
    return judged_grain(metric) if metric is not None else "day"


def _read_absence(section: Section) -> Absence:
    seconds = section.duration("absent_for", 0.0)
    if seconds <= 0:
        section.report(section.line_of("absent_for"), '"absent_for" must be longer than 0')
    return Absence(seconds)


def _read_change(section: Section, grain: str) -> Change:
    change = Change(
        against=section.choice("against", ("previous", "last_week"), "previous"),
        unit=section.choice("unit", ("percent", "absolute"), "percent"),
    )
    section.close()
    if change.against == "last_week" and grain != "day":
        message = f'the metric is judged per {grain}, not per day; compare with "previous"'
        section.report(section.line_of("against"), message)
    return change


def _read_anomaly(section: Section, grain: str) -> Anomaly:
    """The season is the week where buckets are days."""
    season = section.choice("season", ("week", "none"), "week" if grain == "day" else "none")
    buckets = section.whole("buckets", 56, minimum=FEWEST_POINTS)
    section.close()
    if buckets > MOST_BUCKETS:
        section.report(section.line_of("buckets"), f'"buckets" must be {MOST_BUCKETS} or fewer')
    if season == "week" and grain != "day":
        section.report(section.line_of("season"), f"the metric is judged per {grain}; it has no season of a week")
    elif season == "week" and buckets < 7 * FEWEST_POINTS:
        message = f"a season of a week needs {7 * FEWEST_POINTS} buckets: {FEWEST_POINTS} of each weekday"
        section.report(section.line_of("buckets"), message)
    return Anomaly(buckets, season == "week")
