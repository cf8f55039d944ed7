"""Reads which messages a computation looks at: `event`, `events`, `types`, `active`, `where`.

Does not match messages: see `metrics`.
"""

import re
from collections.abc import Collection
from typing import cast

import yaml

from schemas.computes import Comparison, Condition, EventSet
from schemas.references import check_planned
from schemas.yaml_lines import did_you_mean
from schemas.yaml_sections import Section

MESSAGE_TYPES = ("track", "page", "screen")

_COMPARED = re.compile(r"(>=|<=|!=|>|<|=|not in(?= |\[))\s*(.*)", re.DOTALL)
_AND = re.compile(r"\s+and\s+(?=>=|<=|!=|>|<|=|not in )")

Constant = str | float | bool


def read_event_set(section: Section, events: Collection[str]) -> EventSet:
    """The source keys of a mapping, which may hold others besides."""
    is_active = section.flag("active")
    named = ([section.placed("event")] if "event" in section else []) + section.texts("events")
    types = _read_types(section)
    where = _read_where(section)
    if is_active:
        if named or types or where:
            section.report(
                section.line_of("active"), '"active: true" is the workspace\'s own set; remove what narrows it'
            )
        return EventSet(active=True)
    if not named and not types:
        section.report(section.line, 'says not which events; add "event", "events", "types" or "active: true"')
    if not types or "track" in types:
        for event in named:
            check_planned(event, events, section.findings)
    return EventSet(tuple(event.value for event in named), types or ("track",), where)


def _read_types(section: Section) -> tuple[str, ...]:
    types = section.texts("types")
    for name in types:
        if name.value not in MESSAGE_TYPES:
            hint = did_you_mean(name.value, MESSAGE_TYPES) or f"; it can be {', '.join(MESSAGE_TYPES)}"
            section.report(name.line, f'"{name.value}" is no type of message that can be counted{hint}')
    return tuple(name.value for name in types)


def _read_where(section: Section) -> tuple[Condition, ...]:
    where = section.section("where")
    if where is None:
        return ()
    return tuple(condition for name in where.names() for condition in _read_conditions(where, name))


def _read_conditions(where: Section, name: str) -> list[Condition]:
    """A constant (=), a list (in), or a text such as `>= 9`, `!= x`, `not in [a, b]`, `>= 7 and <= 8`."""
    is_list = where.is_list(name)
    values = where.constants(name)
    if is_list or not values or not isinstance(values[0], str) or _COMPARED.fullmatch(values[0]) is None:
        return [Condition(name, "in" if is_list else "=", tuple(values))] if values else []
    return [_read_comparison(where, name, part) for part in _AND.split(values[0])]


def _read_comparison(where: Section, name: str, text: str) -> Condition:
    match = _COMPARED.fullmatch(text)
    comparison = cast(Comparison, match[1]) if match else "="
    operand = _operand(comparison, match[2]) if match else None
    problem = _problem(comparison, operand)
    if operand is None or problem:
        where.report(where.line_of(name), f'"{name}: {text}" cannot be read; {problem or "give it one value"}')
        return Condition(name, comparison, ())
    return Condition(name, comparison, tuple(operand))


def _operand(comparison: Comparison, text: str) -> list[Constant] | None:
    """What stands behind the sign, as YAML reads it; None when it is no constant and no list of them."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text if comparison in ("=", "!=") else None
    values = value if isinstance(value, list) else [value]
    return values if values and all(isinstance(item, str | int | float) for item in values) else None


def _problem(comparison: Comparison, operand: list[Constant] | None) -> str:
    if comparison == "not in":
        return "" if operand else "write it like not in [a, b]"
    if operand is None or len(operand) != 1:
        return "give it one value"
    is_number = isinstance(operand[0], int | float) and not isinstance(operand[0], bool)
    if comparison not in ("=", "!=") and not is_number:
        return f"{comparison} needs a number"
    return ""
