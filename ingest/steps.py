"""The way of one message through the collector, as an ordered list of steps (`build_steps`).

Does not decode bodies, route or store: a step reads one part of a message into its row and names what is wrong.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Raw

from ingest.contents import NOTHING, Contents, Contexts, UnfitContents, merged, read_contents
from ingest.findings import Finding, Findings, found
from ingest.message_ids import mint
from ingest.messages import Item
from ingest.plan_checks import PlanChecks, type_name
from ingest.routes import TYPES
from ingest.times import corrected, is_out_of_bounds, read_iso
from schemas.definitions import Workspace
from schemas.identity import DEVICE_IS_JUNK, PREVIOUS_IS_JUNK, USER_IS_JUNK, is_junk
from schemas.rows import EventRow
from schemas.violations import Rule


class Arrival(NamedTuple):
    """What all messages of a request have in common. `type` is the route's, empty on batch routes."""

    received_ms: int
    type: str
    sent_ms: int | None
    context: Contents
    spaced: bool


Step = Callable[[Item, EventRow, Arrival], Findings | None]
"""Reads one part of the item into the row; returns what is wrong with it, None when nothing is."""

_TYPES = frozenset(TYPES)
_PLAIN = frozenset("123456789bcdefhijklmopqrsuvwxyzBCDEHIJKLMOPQRSVWXYZ") - frozenset("fu")
"""First characters that no junk id of the closed list has (an extended list is asked about every id)."""


def build_steps(workspace: Workspace) -> tuple[Step, ...]:
    """The ordered list. Later steps rely on what earlier ones put into the row."""
    plan = PlanChecks(workspace.plan)
    ids = IdStep(workspace.stream.junk_ids)
    contents = ContentsStep(plan)
    return (take_type, ids.take, take_message_id, take_time, contents.take)


def take_type(item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
    """The route's type, else the message's own."""
    kind = arrival.type or item.type
    if kind.__class__ is str and kind in _TYPES:
        row.type = kind
        return None
    if kind is None:
        return (found(Rule.MISSING_REQUIRED, "type", "is required in a batch"),)
    return (found(Rule.WRONG_TYPE, "type", f"must be one of {', '.join(TYPES)}"),)


class IdStep:
    """Reads the ids of a message: strings as they are, integers as decimal strings, junk marked."""

    def __init__(self, junk: frozenset[str]) -> None:
        self._junk = junk
        self._plain = frozenset() if junk else _PLAIN

    def take(self, item: Item, row: EventRow, _: Arrival) -> Findings | None:
        findings: Findings = ()
        if item.user_id is not None:
            row.user_id, findings = _read_id(item.user_id, "userId", findings)
            if row.user_id and self._is_junk(row.user_id):
                row.junk |= USER_IS_JUNK
        if item.anonymous_id is not None:
            row.anonymous_id, findings = _read_id(item.anonymous_id, "anonymousId", findings)
            if row.anonymous_id and self._is_junk(row.anonymous_id):
                row.junk |= DEVICE_IS_JUNK
        if item.previous_id is not None:
            row.previous_id, findings = _read_id(item.previous_id, "previousId", findings)
            if row.previous_id and self._is_junk(row.previous_id):
                row.junk |= PREVIOUS_IS_JUNK
        if item.group_id is not None:
            row.group_id, findings = _read_id(item.group_id, "groupId", findings)
        return findings + self._missing(row)

    def _missing(self, row: EventRow) -> Findings:
        user = row.user_id and not row.junk & USER_IS_JUNK
        if row.type == "alias":
            missing = () if user else (found(Rule.MISSING_REQUIRED, "userId", "alias needs a usable userId"),)
            if not row.previous_id or row.junk & PREVIOUS_IS_JUNK:
                missing += (found(Rule.MISSING_REQUIRED, "previousId", "alias needs a usable previousId"),)
            return missing
        missing = ()
        if not user and (not row.anonymous_id or row.junk & DEVICE_IS_JUNK):
            missing = (found(Rule.MISSING_REQUIRED, "userId", "needs a usable userId or anonymousId"),)
        if row.type == "group" and (not row.group_id or self._is_junk(row.group_id)):
            missing += (found(Rule.MISSING_REQUIRED, "groupId", "group needs a usable groupId"),)
        return missing

    def _is_junk(self, identifier: str) -> bool:
        return identifier[0] not in self._plain and is_junk(identifier, self._junk)


def _read_id(value: object, name: str, findings: Findings) -> tuple[str, Findings]:
    if value.__class__ is str:
        return value, findings  # type: ignore[return-value]
    if value.__class__ is int:
        return str(value), findings
    return "", (*findings, found(Rule.WRONG_TYPE, name, f"must be a string or an integer, is {type_name(value)}"))


def take_message_id(item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
    """The client's own id; a new one when it is absent or junk."""
    value = item.message_id
    findings: Findings = ()
    if value is not None:
        row.message_id, findings = _read_id(value, "messageId", ())
    if not row.message_id or (row.message_id[0] not in _PLAIN and is_junk(row.message_id)):
        row.message_id = mint(arrival.received_ms)
    return findings or None


def take_time(item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
    """Event time by the rule of contracts §1; unreadable is flagged, out of bounds is quarantined."""
    sent_ms = arrival.sent_ms
    if item.sent_at is not None:
        own_ms = read_iso(item.sent_at)
        sent_ms = sent_ms if own_ms is None else own_ms
    row.sent_ms = sent_ms
    timestamp = item.original_timestamp if item.timestamp is None else item.timestamp
    timestamp_ms = read_iso(timestamp)
    if timestamp_ms is None:
        row.occurred_ms = arrival.received_ms
        trouble = "is missing" if timestamp is None else "is not ISO-8601"
        return (Finding(Rule.BAD_TIME, "timestamp", f"{trouble}; the time of arrival was taken", False),)
    row.timestamp_ms = timestamp_ms
    row.occurred_ms = corrected(timestamp_ms, sent_ms, arrival.received_ms)
    if is_out_of_bounds(row.occurred_ms, arrival.received_ms):
        text = "lies more than 24 h ahead of arrival or more than 400 days before it"
        return (Finding(Rule.BAD_TIME, "timestamp", text, True),)
    return None


class ContentsStep:
    """Reads the name and the objects of a message and holds them against the plan."""

    def __init__(self, plan: PlanChecks) -> None:
        self._plan = plan
        self._contexts = Contexts()

    def take(self, item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
        row.plan_version = self._plan.version
        findings: Findings = ()
        context = properties = NOTHING
        try:
            context = merged(arrival.context, self._contexts.read(item.context, arrival.spaced))
            row.context = context.raw
        except UnfitContents as trouble:
            findings += (found(Rule.WRONG_TYPE, "context", str(trouble)),)
        try:
            properties = read_contents(item.properties, arrival.spaced)
            row.properties = properties.raw
        except UnfitContents as trouble:
            findings += (found(Rule.WRONG_TYPE, "properties", str(trouble)),)
        findings += _take_traits(item.traits, row, context, arrival.spaced)
        if row.type == "track":
            return findings + self._check_track(item, row, properties, context)
        return findings + _take_name(item, row)

    def _check_track(self, item: Item, row: EventRow, properties: Contents, context: Contents) -> Findings:
        name, findings = _event_name(item)
        row.event = name
        if not name:
            return findings
        checks = self._plan.events.get(name)
        if checks is None:
            return self._plan.examine_unplanned(name)
        findings = checks.examine(properties.values) or ()
        protocols = context.values.get("protocols")
        if protocols.__class__ is dict:
            findings += checks.examine_version(protocols.get("event_version")) or ()
        return findings


def _take_traits(raw: Raw, row: EventRow, context: Contents, spaced: bool) -> Findings:
    """Traits of identify and group; some SDKs send those of identify inside the context."""
    try:
        row.traits = read_contents(raw, spaced).raw
    except UnfitContents as trouble:
        return (found(Rule.WRONG_TYPE, "traits", str(trouble)),)
    return ()


def _event_name(item: Item) -> tuple[str, Findings]:
    """ "Object Verb" in one piece or in two: the same event."""
    if item.event is None and item.object is not None and item.verb is not None:
        if item.object.__class__ is str and item.verb.__class__ is str and item.object and item.verb:
            return f"{item.object} {item.verb}", ()
        return "", (found(Rule.WRONG_TYPE, "object", "object and verb must be strings that are not empty"),)
    if item.event.__class__ is str and item.event:
        return item.event, ()
    if item.event is None or item.event == "":
        return "", (found(Rule.MISSING_REQUIRED, "event", "track needs event, or object and verb"),)
    return "", (found(Rule.WRONG_TYPE, "event", f"must be a string, is {type_name(item.event)}"),)


def _take_name(item: Item, row: EventRow) -> Findings:
    """The name of a page or screen."""
    if item.name is None:
        return ()
    if item.name.__class__ is str:
        row.name = item.name
        return ()
    return (found(Rule.WRONG_TYPE, "name", f"must be a string, is {type_name(item.name)}"),)
