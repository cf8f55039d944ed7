"""The way of one message through the collector, as an ordered list of steps (`build_steps`).

Does not decode bodies, route or store: a step reads one part of a message into its row and names what is wrong.
"""

from collections.abc import Callable

from ingest.arrival import Arrival
from ingest.findings import Finding, Findings, found
from ingest.ids import IdReader
from ingest.messages import Item
from ingest.objects import ObjectReader
from ingest.plan_checks import PlanChecks
from ingest.routes import TYPES
from ingest.times import read_iso, shift_of
from schemas.definitions import Workspace
from schemas.rows import EventRow
from schemas.violations import Rule

Step = Callable[[Item, EventRow, Arrival], Findings | None]
"""Reads one part of the item into the row; returns what is wrong with it (nothing: None or empty)."""

_TYPES = frozenset(TYPES)
_NO_TYPE = (found(Rule.MISSING_REQUIRED, "type", "is required in a batch"),)
_WRONG_TYPE = (found(Rule.WRONG_TYPE, "type", f"must be one of {', '.join(TYPES)}"),)
_NO_TIME = (Finding(Rule.BAD_TIME, "timestamp", "is missing; the time of arrival was taken", False),)
_UNREADABLE_TIME = (Finding(Rule.BAD_TIME, "timestamp", "is not ISO-8601; the time of arrival was taken", False),)
_OUT_OF_BOUNDS = (
    Finding(Rule.BAD_TIME, "timestamp", "is more than 24 h ahead of arrival or more than 400 days before it", True),
)


def build_steps(workspace: Workspace) -> tuple[Step, ...]:
    """The ordered list. Later steps rely on what earlier ones put into the row."""
    ids = IdReader(workspace.stream.junk_ids)
    objects = ObjectReader(PlanChecks(workspace.plan))
    return (take_type, ids.take, ids.take_message_id, take_time, objects.take)


def take_type(item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
    """The route's type, else the message's own."""
    kind = arrival.type or item.type
    if kind.__class__ is str and kind in _TYPES:
        row.type = kind
        return None
    return _NO_TYPE if kind is None else _WRONG_TYPE


def take_time(item: Item, row: EventRow, arrival: Arrival) -> Findings | None:
    """Event time by the rule of contracts §1; unreadable is flagged, out of bounds is quarantined."""
    sent_ms, shift_ms = arrival.sent_ms, arrival.shift_ms
    if item.sent_at is not None:
        own_ms = read_iso(item.sent_at)
        if own_ms is not None:
            sent_ms, shift_ms = own_ms, shift_of(own_ms, arrival.received_ms)
    row.sent_ms = sent_ms
    timestamp = item.original_timestamp if item.timestamp is None else item.timestamp
    timestamp_ms = read_iso(timestamp)
    if timestamp_ms is None:
        row.occurred_ms = arrival.received_ms
        return _NO_TIME if timestamp is None else _UNREADABLE_TIME
    row.timestamp_ms = timestamp_ms
    row.occurred_ms = occurred_ms = timestamp_ms + shift_ms
    return None if arrival.earliest_ms <= occurred_ms <= arrival.latest_ms else _OUT_OF_BOUNDS
