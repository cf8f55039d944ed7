"""The named rules for single alert rules: whether somebody hears of it, knows what to do, and is not called in vain.

Does not find what makes a rule unusable: see `schemas.rule_files`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from schemas.alerts import (
    AlertRule,
    Anomaly,
    Change,
    FunnelSubject,
    MetricSubject,
    Operator,
    QualitySubject,
    Threshold,
)
from schemas.definitions import DAY_SECONDS
from schemas.lint_findings import LintFinding, finding
from schemas.rule_files import PlacedRule
from schemas.subject_values import Metrics, Span, grows, has_samples, is_rate, matures, span_of

_DOWNWARD: tuple[Operator, ...] = ("<", "<=", "==", "!=")


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule with its receivers, routes applied; where it stands; whether the workspace has receivers at all."""

    rule: AlertRule
    placed: PlacedRule
    metrics: Metrics
    has_receivers: bool


def lint_rule(judged: Judged) -> Iterator[LintFinding]:
    """Every broken rule of one alert rule."""
    for judge in RULE_RULES.values():
        yield from judge(judged)


def _somebody_hears(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    if rule.receivers:
        return
    if rule.severity == "critical":
        yield finding(judged.placed, "nobody-hears", "it is critical, but names no receiver, and no route takes it")
    elif judged.has_receivers and judged.placed.receivers is None:
        message = 'no route takes it; add one behind the others, or say "receivers: []" if the log is enough'
        yield finding(judged.placed, "nobody-hears", message, "warning")


def _has_owner(judged: Judged) -> Iterator[LintFinding]:
    if not judged.rule.owner:
        yield finding(judged.placed, "no-owner", 'add "owner": what it looks at has none, and without one nobody acts')


def _has_summary(judged: Judged) -> Iterator[LintFinding]:
    if not judged.rule.annotations.get("summary"):
        message = 'add "annotations: {summary: …}": what whoever is woken reads first'
        yield finding(judged.placed, "no-summary", message)


def _has_runbook(judged: Judged) -> Iterator[LintFinding]:
    address = judged.rule.annotations.get("runbook_url", "")
    if judged.rule.severity == "critical" and not address:
        message = 'it is critical; add "annotations: {runbook_url: …}": what to do at three in the morning'
        yield finding(judged.placed, "no-runbook", message)
    elif address and not address.startswith(("https://", "http://")):
        yield finding(judged.placed, "no-runbook", f'"runbook_url" is no address: "{address}"')


def _looks_at_a_metric_in_use(judged: Judged) -> Iterator[LintFinding]:
    subject = judged.rule.subject
    metric = judged.metrics.get(subject.metric) if isinstance(subject, MetricSubject) else None
    if metric is not None and metric.lifecycle == "retired":
        yield finding(judged.placed, "retired-metric", f'"{metric.id}" is retired; watch what took its place')


def _judges_whole_buckets(judged: Judged) -> Iterator[LintFinding]:
    """A sum is near 0 in the morning, whatever the day will bring; only that it is high already is news."""
    rule = judged.rule
    if rule.bucket != "running":
        return
    is_growing = grows(rule.subject, judged.metrics)
    if isinstance(rule.comparison, Threshold):
        is_partial = is_growing and rule.operator in _DOWNWARD
    else:
        is_partial = isinstance(rule.comparison, Change | Anomaly) and not (
            is_growing and rule.operator not in _DOWNWARD
        )
    if is_partial:
        message = 'it looks at a bucket that has only begun, so that it fires every morning; use "bucket: complete"'
        yield finding(judged.placed, "partial-bucket", message)


def _waits_until_it_is_sure(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    is_jumpy = isinstance(rule.subject, QualitySubject) or is_rate(rule.subject, judged.metrics)
    is_now = rule.bucket == "running" and isinstance(rule.comparison, Threshold)
    if is_now and is_jumpy and not grows(rule.subject, judged.metrics) and not (rule.for_seconds or rule.min_samples):
        message = 'a number that jumps while it runs fires for a moment and again; add "for" or "min_samples"'
        yield finding(judged.placed, "no-for", message)


def _rests_on_enough(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    if isinstance(rule.comparison, Change) and rule.comparison.unit == "percent" and not rule.min_samples:
        message = 'from 1 to 3 is +200 %; add "min_samples": below it nothing is compared'
        yield finding(judged.placed, "small-samples", message)


def _rests_on_what_is_counted(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    if rule.min_samples > 0 and not has_samples(rule.subject, judged.metrics):
        message = 'nobody can say on how much this number rests, so that it is never judged; remove "min_samples"'
        yield finding(judged.placed, "unknown-samples", message)


def _waits_for_cohorts(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    if rule.operator in _DOWNWARD and matures(rule.subject, judged.metrics):
        message = "people of its bucket still have time for the next step: its value begins low and rises by itself"
        yield finding(judged.placed, "immature-cohort", message, "warning")


def _is_written_as_a_fraction(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    is_absolute = isinstance(rule.comparison, Threshold) or rule.comparison == Change(unit="absolute")
    if is_absolute and abs(rule.threshold) >= 2 and is_rate(rule.subject, judged.metrics):
        message = f"a rate is a fraction of 1: {rule.threshold:g} is {rule.threshold * 100:g} %"
        yield finding(judged.placed, "rate-in-percent", message)


def _can_be_so_or_not(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    is_rate_in_percent = isinstance(rule.subject, FunnelSubject) and abs(rule.threshold) >= 2
    outcome = _certain(rule.operator, rule.threshold, span_of(rule, judged.metrics))
    if outcome and not is_rate_in_percent:
        yield finding(judged.placed, "impossible-condition", f'"{rule.condition}" is {outcome} so')


def _ends_before_midnight(judged: Judged) -> Iterator[LintFinding]:
    rule = judged.rule
    if rule.bucket == "running" and rule.for_seconds >= DAY_SECONDS and grows(rule.subject, judged.metrics):
        message = 'a day\'s number begins anew at midnight, so that it is never breached for so long; shorten "for"'
        yield finding(judged.placed, "for-too-long", message)


def _certain(operator: Operator, limit: float, span: Span) -> str:
    """`always` or `never`, if the condition is so for every value of the span; else empty."""
    always, never = {
        ">": (limit < span.low, limit >= span.high),
        ">=": (limit <= span.low, limit > span.high),
        "<": (limit > span.high, limit <= span.low),
        "<=": (limit >= span.high, limit < span.low),
        "==": (False, not span.low <= limit <= span.high),
        "!=": (not span.low <= limit <= span.high, False),
    }[operator]
    return "always" if always else "never" if never else ""


RULE_RULES: Mapping[str, Callable[[Judged], Iterator[LintFinding]]] = {
    "nobody-hears": _somebody_hears,
    "no-owner": _has_owner,
    "no-summary": _has_summary,
    "no-runbook": _has_runbook,
    "retired-metric": _looks_at_a_metric_in_use,
    "partial-bucket": _judges_whole_buckets,
    "no-for": _waits_until_it_is_sure,
    "small-samples": _rests_on_enough,
    "unknown-samples": _rests_on_what_is_counted,
    "immature-cohort": _waits_for_cohorts,
    "rate-in-percent": _is_written_as_a_fraction,
    "impossible-condition": _can_be_so_or_not,
    "for-too-long": _ends_before_midnight,
}
