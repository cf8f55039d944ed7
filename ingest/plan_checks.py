"""The tracking plan, compiled once into checks of a call's name and properties.

Does not decide what an unplanned name means: see `ingest.plan_names`.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ingest.findings import Finding, Findings, found, type_name
from ingest.plan_names import PlanNames, shortened
from ingest.times import read_iso
from schemas.definitions import ConditionalRange, PlannedEvent, PlannedProperty, TrackingPlan
from schemas.violations import Rule

Properties = dict[str, Any]

_MOST_ADDITIONAL = 20

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "datetime": (str,),
}


class PropertyCheck:
    """One planned property. A value of null counts as absent."""

    __slots__ = ("_planned", "enum", "is_plain", "maximum", "minimum", "name", "path", "required", "types")

    def __init__(self, planned: PlannedProperty) -> None:
        self._planned = planned
        self.name = planned.name
        self.path = f"properties.{planned.name}"
        self.required = planned.required
        self.types = _TYPES.get(planned.type)
        self.enum = planned.enum
        self.minimum = planned.minimum
        self.maximum = planned.maximum
        bounded = bool(self.enum) or self.minimum is not None or self.maximum is not None
        self.is_plain = not bounded and planned.type != "datetime"

    def examine(self, value: Any) -> Finding | None:
        """The whole judgement of a value that is there."""
        if self.types is not None and not self._has_type(value):
            return found(Rule.WRONG_TYPE, self.path, f"must be {self._planned.type}, is {type_name(value)}")
        if self.enum and value not in self.enum:
            allowed = ", ".join(map(str, self._planned.enum))
            return found(Rule.OUT_OF_RANGE, self.path, f"must be one of {allowed}")
        return self._examine_range(value)

    def _has_type(self, value: Any) -> bool:
        if self._planned.type == "integer" and type(value) is float:
            return value.is_integer()
        if self._planned.type == "datetime":
            return read_iso(value) is not None
        return self.types is None or type(value) in self.types

    def _examine_range(self, value: Any) -> Finding | None:
        if type(value) not in (int, float):
            return None
        if self.minimum is not None and value < self.minimum:
            return found(Rule.OUT_OF_RANGE, self.path, f"must be at least {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            return found(Rule.OUT_OF_RANGE, self.path, f"must be at most {self.maximum:g}")
        return None


class EventChecks:
    """All checks of one planned event."""

    def __init__(self, planned: PlannedEvent) -> None:
        self._properties = tuple(PropertyCheck(one) for one in planned.properties)
        self._groups = planned.require_one_of
        self._ranges = planned.conditional_ranges
        self._closed = None if planned.additional_properties else frozenset(p.name for p in planned.properties)
        self._major = planned.version.partition(".")[0]
        self._version = planned.version

    def examine(self, properties: Properties) -> Findings | None:
        """Every violation of the plan, None if there is none (the common case: kept short).

        Of properties that are not in the plan the first 20: a message may hold thousands, and each is told and stored.
        """
        findings: list[Finding] = []
        for check in self._properties:
            value = properties.get(check.name)
            if value is None:
                if check.required:
                    findings.append(found(Rule.MISSING_REQUIRED, check.path, "is required"))
            elif not (check.is_plain and (check.types is None or type(value) in check.types)):
                finding = check.examine(value)
                if finding:
                    findings.append(finding)
        if self._groups:
            findings += _examine_groups(self._groups, properties)
        if self._ranges:
            findings += _examine_conditional(self._ranges, properties)
        if self._closed is not None:
            unplanned = (name for name in properties if name not in self._closed)
            findings += (
                found(Rule.ADDITIONAL_PROPERTY, f"properties.{shortened(name)}", "is not in the plan")
                for name in islice(unplanned, _MOST_ADDITIONAL)
            )
        return tuple(findings) if findings else None

    def examine_version(self, protocols: object) -> Findings:
        """A client that names the version it was written for must mean this major version."""
        sent = protocols.get("event_version") if isinstance(protocols, dict) else None
        if sent is None or str(sent).partition(".")[0] == self._major:
            return ()
        path = "context.protocols.event_version"
        return (found(Rule.BAD_VERSION, path, f"the plan has version {self._version}"),)


class PlanChecks:
    """The whole plan: by the exact name of an event, its checks."""

    def __init__(self, plan: TrackingPlan) -> None:
        self.version = plan.version
        self.events = {planned.name: EventChecks(planned) for planned in plan.events}
        self._names = PlanNames(plan.events)
        self._strict = plan.mode == "strict"

    def examine_unplanned(self, name: str) -> Findings:
        """Why a name is not in the plan; keeps the message out in mode `strict`."""
        rule, message = self._names.explain(name)
        return (Finding(rule, "event", message, self._strict),)


def _examine_groups(groups: Iterable[tuple[str, ...]], properties: Properties) -> Iterable[Finding]:
    if any(all(properties.get(name) is not None for name in group) for group in groups):
        return ()
    wanted = ", or ".join(" with ".join(group) for group in groups)
    return (found(Rule.MISSING_REQUIRED, "properties", f"needs {wanted}"),)


def _examine_conditional(ranges: Iterable[ConditionalRange], properties: Properties) -> list[Finding]:
    findings = []
    for conditional in ranges:
        value: Any = properties.get(conditional.property)
        key = properties.get(conditional.depends_on)
        bounds = conditional.ranges.get(key) if isinstance(key, str) else None
        if bounds is None or type(value) not in (int, float):
            continue
        if value < bounds[0] or value > bounds[1]:
            text = f"must be {bounds[0]:g} to {bounds[1]:g} when {conditional.depends_on} is {key}"
            findings.append(found(Rule.OUT_OF_RANGE, f"properties.{conditional.property}", text))
    return findings
