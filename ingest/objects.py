"""The last step of the list: a message's name, properties, context and traits, held against the plan.

Does not know how objects are decoded or what the plan says: see `ingest.contents` and `ingest.plan_checks`.
"""

from typing import Any

from msgspec import Raw

from ingest.arrival import Arrival
from ingest.contents import Contents, Contexts, UnfitContents, encode_object
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
        """Name and objects into the row; every violation of the plan.

        Objects are written anew: so every key is there once (readers in SQL would take the first of two equal
        keys, JSON parsers take the last), and no line break of the sender's ends the row.
        """
        findings: Findings | None = None
        context, properties = arrival.context, item.properties
        if item.context is not EMPTY_OBJECT:
            context, findings = self._read_context(item.context, context)
        row.context = context.raw
        if properties.__class__ is dict:
            row.properties = Raw(encode_object(properties))
        elif properties is None:
            properties = _NO_PROPERTIES
        else:
            findings, properties = (findings or ()) + _not_an_object("properties", properties), _NO_PROPERTIES
        kind = row.type
        if item.traits is not None or kind == "identify":
            findings = (findings or ()) + _take_traits(item.traits, row, context)
        more = self._check_track(item, row, properties, context) if kind == "track" else _take_name(item, row)
        return (findings or ()) + more if more else findings

    def _read_context(self, raw: Raw, of_batch: Contents) -> tuple[Contents, Findings | None]:
        """The message's own context, over that of its batch if there is one."""
        try:
            return (self._contexts.read_over(of_batch, raw) if of_batch.values else self._contexts.read(raw)), None
        except UnfitContents as trouble:
            return of_batch, (found(Rule.WRONG_TYPE, "context", str(trouble)),)

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
        more = checks.examine(properties)
        if "protocols" in context.values:
            return (more or ()) + checks.examine_version(context.values["protocols"])
        return more


def _event_name(item: Item) -> tuple[str, Findings]:
    """The name in two pieces, {"object", "verb"}: the same event as in one."""
    if item.event is not None and item.event != "":
        return "", (found(Rule.WRONG_TYPE, "event", f"must be a string, is {type_name(item.event)}"),)
    if item.object is None or item.verb is None:
        return "", _NO_EVENT
    if item.object.__class__ is str and item.verb.__class__ is str and item.object and item.verb:
        return f"{item.object} {item.verb}", ()
    return "", _BAD_PAIR


def _take_name(item: Item, row: EventRow) -> Findings | None:
    """The name of a page or screen."""
    if item.name is None:
        return None
    if item.name.__class__ is str:
        row.name = item.name
        return None
    return (found(Rule.WRONG_TYPE, "name", f"must be a string, is {type_name(item.name)}"),)


def _take_traits(traits: Any, row: EventRow, context: Contents) -> Findings:
    """Traits; some SDKs send those of identify inside the context."""
    if traits is None or traits == {}:
        traits = context.values.get("traits") if row.type == "identify" else None
        if traits.__class__ is not dict:
            return ()
    elif traits.__class__ is not dict:
        return _not_an_object("traits", traits)
    row.traits = Raw(encode_object(traits))
    return ()


def _not_an_object(name: str, value: object) -> Findings:
    return (found(Rule.WRONG_TYPE, name, f"must be an object, is {type_name(value)}"),)
