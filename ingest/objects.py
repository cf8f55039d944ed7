"""The last step of the list: a message's name, properties, context and traits, held against the plan.

Does not know how objects are decoded or what the plan says: see `ingest.contents` and `ingest.plan_checks`.
"""

from ingest.contents import NOTHING, Contents, Contexts, UnfitContents, merged, read_contents, rewritten
from ingest.findings import Findings, found, type_name
from ingest.messages import Arrival, Item
from ingest.plan_checks import PlanChecks
from schemas.rows import EMPTY_OBJECT, EventRow
from schemas.violations import Rule

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
        row.plan_version = self._plan.version
        properties = context = NOTHING
        try:
            if item.context is not EMPTY_OBJECT:
                context = self._contexts.read(item.context)
            if arrival.context.values:
                context = merged(arrival.context, context)
            row.context = context.raw
        except UnfitContents as trouble:
            findings += (found(Rule.WRONG_TYPE, "context", str(trouble)),)
        try:
            if item.properties is not EMPTY_OBJECT:
                properties = read_contents(item.properties)
                row.properties = properties.raw
        except UnfitContents as trouble:
            findings += (found(Rule.WRONG_TYPE, "properties", str(trouble)),)
        if row.type == "track":
            findings += self._check_track(item, row, properties, context) or ()
        else:
            findings += _take_name(item, row)
        if item.traits is not EMPTY_OBJECT or row.type == "identify":
            findings += _take_traits(item, row, context)
        return findings

    def _check_track(self, item: Item, row: EventRow, properties: Contents, context: Contents) -> Findings | None:
        name = item.event
        if name.__class__ is not str or not name:
            name, findings = _event_name(item)
            if findings:
                return findings
        row.event = name
        checks = self._plan.events.get(name)
        if checks is None:
            return self._plan.examine_unplanned(name)
        protocols = context.values.get("protocols")
        if protocols is None:
            return checks.examine(properties.values)
        version = protocols.get("event_version") if protocols.__class__ is dict else protocols
        return (checks.examine(properties.values) or ()) + checks.examine_version(version)


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
    except UnfitContents as trouble:
        return (found(Rule.WRONG_TYPE, "traits", str(trouble)),)
    if not traits.values and row.type == "identify" and context.values.get("traits").__class__ is dict:
        traits = rewritten(context.values["traits"])
    row.traits = traits.raw
    return ()
