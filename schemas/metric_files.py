"""Reads the metric catalogue and the funnels: `metrics/*.yaml`, `funnels/*.yaml`.

Does not compute anything; which metrics can be computed is the list `COMPUTED_METRICS`.
"""

import re

import yaml

from schemas.definitions import FunnelDefinition, FunnelStep, MetricDefinition
from schemas.yaml_lines import Text, did_you_mean, text_of
from schemas.yaml_sections import Section, as_section

COMPUTED_METRICS = ("dau", "wau", "mau", "stickiness", "signups", "activated", "activations", "activation_rate")
"""Every metric that the program can compute; a catalogue entry describes one of them."""

_ID = re.compile(r"[a-z][a-z0-9_]*")


def read_metric(section: Section) -> MetricDefinition:
    """One entry of the catalogue."""
    identifier = _read_id(section)
    if identifier and identifier not in COMPUTED_METRICS:
        hint = did_you_mean(identifier, COMPUTED_METRICS) or f"; there are {', '.join(COMPUTED_METRICS)}"
        section.report(section.line_of("id"), f'no metric "{identifier}" can be computed{hint}')
    metric = MetricDefinition(
        id=identifier,
        label=section.label("label", identifier),
        definition=section.label("definition", ""),
        unit=section.choice("unit", ("count", "ratio", "seconds", "money"), "count", required=True),
        owner=section.text("owner"),
        direction=section.choice("direction", ("up", "down"), "up"),
        version=section.whole("version", 1),
        target=section.number("target"),
        orange=section.number("orange"),
        red=section.number("red"),
    )
    section.close()
    _check_thresholds(metric, section)
    return metric


def _check_thresholds(metric: MetricDefinition, section: Section) -> None:
    if metric.orange is None or metric.red is None:
        return
    in_order = metric.red <= metric.orange if metric.direction == "up" else metric.red >= metric.orange
    if not in_order:
        worse = "below" if metric.direction == "up" else "above"
        section.report(section.line_of("red"), f'"red" must lie {worse} "orange", as {metric.direction} is good')


def read_funnel(section: Section) -> tuple[FunnelDefinition, list[Text]]:
    """A funnel, and its steps' events with their lines."""
    identifier = _read_id(section)
    steps = [_read_step(section, item) for item in section.items("steps")]
    if len(steps) < 2:
        section.report(section.line_of("steps"), 'a funnel needs at least two "steps"')
    window = section.duration("window", 7 * 86_400.0, required=True)
    if window < 1 or window % 1:
        section.report(section.line_of("window"), '"window" must be a whole number of seconds, 1s or more')
    label = section.label("label", identifier)
    section.close()
    definition = FunnelDefinition(identifier, label, int(window), tuple(step for step, _ in steps))
    return definition, [event for _, event in steps]


def _read_step(funnel: Section, node: yaml.Node) -> tuple[FunnelStep, Text]:
    """A step: the event's name alone, or `{event, label}`."""
    if isinstance(node, yaml.ScalarNode):
        event = text_of(node, "steps", funnel.file, funnel.findings)
        return FunnelStep(event.value, {"en": event.value}), event
    section = as_section(node, funnel.file, funnel.findings)
    if section is None:
        return FunnelStep("", {"en": ""}), Text("", funnel.file, funnel.line)
    name = section.text("event", required=True)
    label = section.label("label", name)
    section.close()
    return FunnelStep(name, label), Text(name, section.file, section.line_of("event"))


def _read_id(section: Section) -> str:
    identifier = section.text("id", required=True)
    if identifier and _ID.fullmatch(identifier) is None:
        section.report(section.line_of("id"), f'"id" must be like my_funnel_2 (a–z, 0–9, _), not "{identifier}"')
    return identifier
