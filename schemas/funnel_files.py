"""Reads the funnels: `funnels/*.yaml`.

Does not check that the steps' events are planned: see `schemas.workspace_main`.
"""

import yaml

from schemas.definitions import FunnelDefinition, FunnelStep
from schemas.references import read_id
from schemas.yaml_lines import Text, text_of
from schemas.yaml_sections import Section


def read_funnel(section: Section) -> tuple[FunnelDefinition, list[Text]]:
    """A funnel, and its steps' events with their lines."""
    identifier = read_id(section)
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
    section = funnel.below(node)
    if section is None:
        return FunnelStep("", {"en": ""}), Text("", funnel.file, funnel.line)
    name = section.text("event", required=True)
    label = section.label("label", name)
    section.close()
    return FunnelStep(name, label), Text(name, section.file, section.line_of("event"))
