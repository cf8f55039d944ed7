"""Reads `alerts/*.yaml`: receivers, and groups of rules in the manner of Prometheus (contracts §7).

Does not evaluate or deliver anything: see `alerting`.
"""

import re
from dataclasses import dataclass, field
from typing import cast

from schemas.alerts import AlertRule, EmailReceiver, MetricSubject, Operator, WebhookReceiver
from schemas.receiver_files import read_receiver
from schemas.yaml_lines import Text
from schemas.yaml_sections import Section

SEVERITIES = ("critical", "warning", "info")

_CONDITION = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


@dataclass(slots=True)
class AlertFile:
    """What one file declares; each name comes with the line it stands on."""

    receivers: list[tuple[WebhookReceiver | EmailReceiver, Text]] = field(default_factory=list)
    rules: list["PlacedRule"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule and where its name, metric and receiver are written."""

    rule: AlertRule
    name: Text
    metric: Text
    receiver: Text


def parse_condition(text: str) -> tuple[Operator, float]:
    """`"> 20"` → (`>`, 20.0).

    Raises:
        ValueError: not an operator and a number.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition")
    return cast(Operator, match[1]), float(match[2])


def read_alert_file(section: Section) -> AlertFile:
    """Receivers and rules of one mapping `{receivers, groups}`."""
    result = AlertFile()
    for item in section.sections("receivers"):
        result.receivers.append(read_receiver(item))
    for group in section.sections("groups"):
        result.rules.extend(_read_group(group))
    section.close()
    return result


def _read_group(section: Section) -> list[PlacedRule]:
    group = section.text("name", required=True)
    interval = section.duration("interval", 1.0)
    if interval <= 0:
        section.report(section.line_of("interval"), '"interval" must be longer than 0')
    receiver = section.placed("receiver", required=False)
    rules = [_read_rule(item, group, interval, receiver) for item in section.sections("rules")]
    section.close()
    return rules


def _read_rule(section: Section, group: str, interval: float, receiver: Text) -> PlacedRule:
    name, metric = section.placed("alert"), section.placed("metric")
    operator, threshold = _read_condition(section)
    labels = section.text_map("labels")
    own = section.placed("receiver", required=False)
    receiver = own if own.value else receiver
    rule = AlertRule(
        alert=name.value,
        group=group,
        subject=MetricSubject(metric.value),
        bucket=section.choice("bucket", ("running", "complete"), "complete"),
        operator=operator,
        threshold=threshold,
        receivers=(receiver.value,) if receiver.value else (),
        owner=section.text("owner"),
        for_seconds=section.duration("for", 0.0),
        keep_firing_for_seconds=section.duration("keep_firing_for", 0.0),
        interval_seconds=interval,
        labels=labels,
        annotations=section.text_map("annotations"),
    )
    section.close()
    severity = labels.get("severity")
    if severity is not None and severity not in SEVERITIES:
        line = section.line_of("labels")
        section.report(line, f'severity "{severity}" is unknown; it can be {", ".join(SEVERITIES)}')
    return PlacedRule(rule, name, metric, receiver)


def _read_condition(section: Section) -> tuple[Operator, float]:
    condition = section.text("condition", required=True)
    try:
        return parse_condition(condition)
    except ValueError:
        if condition:
            section.report(section.line_of("condition"), f'"condition" must be like "> 20", not "{condition}"')
        return ">", 0.0
