"""Reads the groups of `alerts/*.yaml`: rules in the manner of Prometheus (contracts §7).

Does not know which receivers there are, nor routes: see `schemas.alert_folder`.
"""

import math
from dataclasses import dataclass

from schemas.alert_ground import AlertGround
from schemas.alerts import NOISE_BUDGET, SEVERITIES, AlertRule, Bucket, MetricSubject, QualitySubject, Subject
from schemas.catalogue import LintException
from schemas.metric_files import read_exceptions
from schemas.references import check_name
from schemas.rule_parts import is_gauge, read_comparison, read_condition, read_subject
from schemas.yaml_lines import Text, did_you_mean
from schemas.yaml_sections import Section


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule as its file has it, without routes, and where it, its name and its receivers are written.

    `receivers` None: neither the rule nor its group names any, so that the routes decide. `exceptions`: of the lint.
    """

    rule: AlertRule
    name: Text
    line: int
    receivers: tuple[Text, ...] | None
    exceptions: tuple[LintException, ...] = ()

    @property
    def id(self) -> str:
        return self.rule.key

    @property
    def file(self) -> str:
        return self.name.file

    @property
    def metric(self) -> str:
        """The id of the metric that the rule looks at; empty where it looks at something else."""
        subject = self.rule.subject
        return subject.metric if isinstance(subject, MetricSubject) else ""


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    interval_seconds: float
    receivers: tuple[Text, ...] | None


def read_group(section: Section, ground: AlertGround) -> list[PlacedRule]:
    """The rules of a group, with what it says for all of them."""
    interval = section.duration("interval", 1.0)
    if interval <= 0:
        section.report(section.line_of("interval"), '"interval" must be longer than 0')
    name = section.placed("name")
    if "name" in section:
        check_name(name, "group", section.findings)
    group = _Group(name.value, interval, _read_receivers(section))
    rules = [_read_rule(item, group, ground) for item in section.sections("rules")]
    section.close()
    return rules


def _read_rule(section: Section, group: _Group, ground: AlertGround) -> PlacedRule:
    name, subject = section.placed("alert"), read_subject(section, ground)
    if "alert" in section:
        check_name(name, "rule", section.findings)
    comparison = read_comparison(section, subject, ground)
    operator, threshold = read_condition(section, comparison)
    inhibits = section.flag("inhibits")
    own = _read_receivers(section)
    receivers = group.receivers if own is None else own
    rule = AlertRule(
        alert=name.value,
        group=group.name,
        subject=subject,
        bucket=_read_bucket(section, subject),
        operator=operator,
        threshold=threshold,
        receivers=tuple(dict.fromkeys(receiver.value for receiver in receivers or ())),
        comparison=comparison,
        owner=section.text("owner") or _owner_of(subject, ground),
        for_seconds=section.duration("for", 0.0),
        keep_firing_for_seconds=section.duration("keep_firing_for", 0.0),
        interval_seconds=group.interval_seconds,
        min_samples=_read_samples(section),
        inhibits=inhibits,
        waits_for_data=section.flag("waits_for_data", not (inhibits or isinstance(subject, QualitySubject))),
        noise_budget=section.whole("noise_budget", NOISE_BUDGET, minimum=0),
        at_most_per_day=section.whole("at_most_per_day", 0, minimum=0),
        labels=_read_labels(section),
        annotations=section.text_map("annotations"),
    )
    exceptions = read_exceptions(section)
    section.close()
    return PlacedRule(rule, name, section.line, receivers, exceptions)


def _read_receivers(section: Section) -> tuple[Text, ...] | None:
    """`receiver: ops` or `receivers: [ops, chat]`; an empty list is nobody, whatever the routes say."""
    single, several = "receiver" in section, "receivers" in section
    if single and several:
        section.report(section.line_of("receiver"), '"receiver" and "receivers" say the same; keep one')
    if several:
        return tuple(section.texts("receivers"))
    return (section.placed("receiver"),) if single else None


def _read_bucket(section: Section, subject: Subject) -> Bucket:
    """A number that is true now has no buckets: it is its running value."""
    if not is_gauge(subject):
        return section.choice("bucket", ("running", "complete"), "complete")
    if section.choice("bucket", ("running", "complete"), "running") == "complete":
        section.report(section.line_of("bucket"), f'"{subject}" is true now and has no buckets; remove "bucket"')
    return "running"


def _owner_of(subject: Subject, ground: AlertGround) -> str:
    metric = ground.metrics.get(subject.metric) if isinstance(subject, MetricSubject) else None
    return metric.owner if metric is not None else ""


def _read_samples(section: Section) -> float:
    samples = section.number("min_samples", 0.0)
    if not 0 <= samples < math.inf:
        section.report(section.line_of("min_samples"), '"min_samples" must be 0 or more')
    return samples


def _read_labels(section: Section) -> dict[str, str]:
    labels = section.text_map("labels")
    severity = labels.get("severity")
    if severity is not None and severity not in SEVERITIES:
        hint = did_you_mean(severity, SEVERITIES) or f"; it can be {', '.join(SEVERITIES)}"
        section.report(section.line_of("labels"), f'severity "{severity}" is unknown{hint}')
    return labels
