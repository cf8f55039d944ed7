"""The last step of the list: a message's name, properties, context and traits, held against the plan.

Does not know how objects are decoded or what the plan says: see `ingest.contents` and `ingest.plan_checks`.
"""

from typing import Any

import msgspec
from msgspec import Raw

from ingest.arrival import Arrival
from ingest.contents import (
    Contents,
    Contexts,
    UnfitContents,
    decode_object,
    encode_object,
    merged,
    read_contents,
    rewritten,
)
from ingest.findings import Findings, found, type_name
from ingest.messages import Item
from ingest.plan_checks import PlanChecks
from schemas.rows import EMPTY_OBJECT, EventRow
from schemas.violations import Rule

_NO_PROPERTIES: dict[str, Any] = {}
_NO_EVENT = (found(Rule.MISSING_REQUIRED, "event", "track needs event, or object and verb"),)
_BAD_PAIR = (found(Rule.WRONG_TYPE, "object", "object and verb must be strings that are not empty"),)


class ObjectReader:
    """A step; remembers contexts between messages."""

    def __init__(self, plan: PlanChecks) -> None:
        self._plan = plan
        self._contexts = Contexts()

    def take(self, item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
        """Name and objects into the row; every violation of the plan."""
        findings: Findings = ()
        properties, context = _NO_PROPERTIES, arrival.context
        if item.context is not EMPTY_OBJECT:
            context, findings = self._read_context(item.context, arrival.context)
        row.context = context.raw
        if item.properties is not EMPTY_OBJECT:
            try:
                properties = decode_object(item.properties)
                row.properties = Raw(encode_object(properties))
            except msgspec.ValidationError:
                findings += _explain("properties", item.properties)
        if item.traits is not EMPTY_OBJECT or row.type == "identify":
            findings += _take_traits(item, row, context)
        if row.type == "track":
            more = self._check_track(item, row, properties, context)
            return findings + more if more else findings
        return findings + _take_name(item, row)

    def _read_context(self, raw: Raw, of_batch: Contents) -> tuple[Contents, Findings]:
        """The message's own context, over that of its batch if there is one."""
        try:
            own = self._contexts.read(raw)
        except UnfitContents as trouble:
            return of_batch, (found(Rule.WRONG_TYPE, "context", str(trouble)),)
        return (merged(of_batch, own) if of_batch.values else own), ()

    def _check_track(self, item: Item, row: EventRow, properties: dict[str, Any], context: Contents) -> Findings | None:
        name = item.event
        if name.__class__ is not str or not name:
            name, findings = _event_name(item)
            if findings:
                return findings
        row.event = name
        checks = self._plan.events.get(name)
        if checks is None:
            return self._plan.examine_unplanned(name)
        findings = checks.examine(properties) or ()
        if "protocols" in context.values:
            findings += checks.examine_version(context.values["protocols"])
        return findings


def _explain(name: str, raw: Raw) -> Findings:
    """What is wrong with an object that could not be read; null counts as absent."""
    try:
        read_contents(raw)
    except UnfitContents as trouble:
        return (found(Rule.WRONG_TYPE, name, str(trouble)),)
    return ()


def _event_name(item: Item) -> tuple[str, Findings]:
    """The name in two pieces, {"object", "verb"}: the same event as in one."""
    if item.event is not None and item.event != "":
        return "", (found(Rule.WRONG_TYPE, "event", f"must be a string, is {type_name(item.event)}"),)
    if item.object is None or item.verb is None:
        return "", _NO_EVENT
    if item.object.__class__ is str and item.verb.__class__ is str and item.object and item.verb:
        return f"{item.object} {item.verb}", ()
    return "", _BAD_PAIR


def _take_name(item: Item, row: EventRow) -> Findings:
    """The name of a page or screen."""
    if item.name is None:
        return ()
    if item.name.__class__ is str:
        row.name = item.name
        return ()
    return (found(Rule.WRONG_TYPE, "name", f"must be a string, is {type_name(item.name)}"),)


def _take_traits(item: Item, row: EventRow, context: Contents) -> Findings:
    """Traits; some SDKs send those of identify inside the context."""
    try:
        traits = read_contents(item.traits)
    except UnfitContents:
        return _explain("traits", item.traits)
    if not traits.values and row.type == "identify" and context.values.get("traits").__class__ is dict:
        traits = rewritten(context.values["traits"])
    row.traits = traits.raw
    return ()
