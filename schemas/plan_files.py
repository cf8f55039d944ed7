"""Reads the tracking plan's YAML: `plan/*.yaml`, each one event or a list of events.

Does not judge style (see `schemas.plan_lint`) and does not check messages (see `ingest`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Literal

from schemas.definitions import ConditionalRange, PlannedEvent, PlannedProperty, TrackingPlan
from schemas.yaml_lines import Text, did_you_mean
from schemas.yaml_sections import Section

PROPERTY_TYPES = ("string", "number", "integer", "boolean", "object", "array", "datetime", "any")
PERSONAL_DATA_CLASSES = ("none", "indirect", "direct", "sensitive")
STATUSES = ("candidate", "active", "deprecated", "retired")


def read_event(section: Section) -> PlannedEvent:
    """One entry of the plan."""
    properties = read_properties(section, "properties")
    names = [item.name for item in properties]
    event = PlannedEvent(
        object=section.text("object", required=True).strip(),
        verb=section.text("verb", required=True).strip(),
        description=section.text("description"),
        owner=section.text("owner"),
        version=section.version("version", "1.0"),
        properties=properties,
        require_one_of=_read_groups(section, names),
        conditional_ranges=tuple(_read_conditional(item, names) for item in section.sections("conditional_ranges")),
        additional_properties=section.flag("additional_properties", default=True),
        status=section.choice("status", STATUSES, "active"),
        personal_data=section.choice("personal_data", PERSONAL_DATA_CLASSES, "none"),
    )
    section.close()
    return event


def read_properties(parent: Section, key: str) -> tuple[PlannedProperty, ...]:
    """A mapping of property names to their descriptions; absent means none."""
    section = parent.section(key)
    if section is None:
        return ()
    found = ((name, section.section(name)) for name in section.names())
    return tuple(PlannedProperty(name) if item is None else _read_property(name, item) for name, item in found)


def _read_property(name: str, section: Section) -> PlannedProperty:
    planned = PlannedProperty(
        name=name,
        type=section.choice("type", PROPERTY_TYPES, "any"),
        required=section.flag("required"),
        enum=tuple(section.values("enum")),
        minimum=section.number("minimum"),
        maximum=section.number("maximum"),
        description=section.text("description"),
        personal_data=section.choice("personal_data", PERSONAL_DATA_CLASSES, "none"),
    )
    section.close()
    if planned.minimum is not None and planned.maximum is not None and planned.minimum > planned.maximum:
        section.report(section.line_of("minimum"), f'"minimum" of "{name}" is above its "maximum"; swap them')
    return planned


def _read_groups(section: Section, properties: list[str]) -> tuple[tuple[str, ...], ...]:
    groups = section.text_lists("require_one_of")
    for group in groups:
        for name in group:
            _check_property(name, properties, section)
    return tuple(tuple(name.value for name in group) for group in groups)


def _read_conditional(section: Section, properties: list[str]) -> ConditionalRange:
    for key in ("property", "depends_on"):
        name = section.text(key, required=True)
        _check_property(Text(name, section.file, section.line_of(key)), properties, section)
    bounds = section.section("ranges")
    ranges = {} if bounds is None else {name: _read_range(bounds, name) for name in bounds.names()}
    section.close()
    return ConditionalRange(section.text("property"), section.text("depends_on"), ranges)


def _read_range(section: Section, name: str) -> tuple[float, float]:
    bounds = [value for value in section.values(name) if isinstance(value, (int, float))]
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        section.report(section.line_of(name), f'the range of "{name}" must be [lowest, highest]')
        return (0.0, 0.0)
    return (bounds[0], bounds[1])


def _check_property(name: Text, properties: list[str], section: Section) -> None:
    if name.value and name.value not in properties:
        hint = did_you_mean(name.value, properties) or '; add it to "properties"'
        section.report(name.line, f'"{name.value}" is no property of this event{hint}')


def build_plan(mode: Literal["open", "strict"], events: Iterable[PlannedEvent]) -> TrackingPlan:
    """The plan with its version: a short hash that changes with any entry or the mode."""
    ordered = tuple(events)
    plain = json.dumps([mode, [asdict(event) for event in ordered]], sort_keys=True)
    return TrackingPlan(mode, ordered, hashlib.blake2b(plain.encode(), digest_size=6).hexdigest())
