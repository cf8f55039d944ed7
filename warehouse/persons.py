"""Look-ups of one person and one message: who it is, what is stored, what it touched.

Does not decide who anybody is: overrides and people come from the stream.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.calendar import day_date
from schemas.identity import device_person, user_person
from schemas.reading import PersonReport
from warehouse.client import DATABASE, Warehouse

_WARNINGS_SHOWN = 100

_OVERRIDE = f"SELECT min(united_into) FROM {DATABASE}.overrides WHERE person_id = {{person:String}}"

_PERSON = f"""
SELECT user_ids, anonymous_ids,
       toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen), active_days,
       toUnixTimestamp64Milli(signed_up_at), toUnixTimestamp64Milli(activated_at)
FROM {DATABASE}.persons WHERE person_id = {{person:String}}
"""

_ENTRIES = f"""
SELECT funnel, day, times_ms FROM {DATABASE}.funnel_entries_on_lineage
WHERE person_id = {{person:String}} ORDER BY funnel, day
"""

# Without FINAL, which would read every event: of copies the earliest is taken here.
_TRAITS = f"""
SELECT traits FROM (
    SELECT message_id, traits, occurred_at, received_at FROM {DATABASE}.events
    WHERE type = 'identify' AND traits != '{{}}' AND (user_id IN {{users:Array(String)}} AND bitAnd(junk, 1) = 0
        OR anonymous_id IN {{devices:Array(String)}} AND bitAnd(junk, 2) = 0 AND (user_id = '' OR bitAnd(junk, 1) = 1))
    ORDER BY occurred_at LIMIT 1 BY message_id
)
ORDER BY occurred_at, received_at, message_id
"""

_EVENT = f"""
SELECT message_id, type, event, name, user_id, anonymous_id, previous_id, group_id, junk, secret,
       toUnixTimestamp64Milli(occurred_at) AS occurred_ms, toUnixTimestamp64Milli(received_at) AS received_ms,
       toUnixTimestamp64Milli(timestamp) AS timestamp_ms, toUnixTimestamp64Milli(sent_at) AS sent_ms,
       toUnixTimestamp64Milli(loaded_at) AS loaded_ms,
       properties, context, traits, violations, plan_version, source, collector, seq, is_bot
FROM {DATABASE}.events FINAL WHERE message_id = {{message:String}}
"""

_PERSON_OF_EVENT = f"SELECT person_id FROM {DATABASE}.events_resolved WHERE message_id = {{message:String}}"

_QUARANTINED = f"""
SELECT message_id, type, event, user_id, anonymous_id, toUnixTimestamp64Milli(received_at) AS received_ms,
       toUnixTimestamp64Milli(loaded_at) AS loaded_ms,
       violations, plan_version, raw, raw_encoding, source, collector, seq
FROM {DATABASE}.quarantine_rows FINAL WHERE message_id = {{message:String}} ORDER BY received_at DESC LIMIT 1
"""

_WARNINGS = f"""
SELECT kind, subject, detail, toUnixTimestamp64Milli(at) AS at_ms
FROM {DATABASE}.identity_warnings FINAL WHERE message_id = {{message:String}} ORDER BY at
"""

_WARNINGS_OF_PERSON = f"""
SELECT kind, message_id, subject, detail, toUnixTimestamp64Milli(at) AS at_ms
FROM {DATABASE}.identity_warnings FINAL WHERE subject IN {{ids:Array(String)}}
ORDER BY at, message_id, kind LIMIT {_WARNINGS_SHOWN}
"""

_RESTATED = f"""
SELECT metric, toString(day) AS day, before, after, reason FROM {DATABASE}.restatements
WHERE cause = {{message:String}} ORDER BY metric, day
"""

_JSON_COLUMNS = ("properties", "context", "traits", "violations")


def find_person(warehouse: Warehouse, identifier: str) -> PersonReport | None:
    """By user id, else by device id; None if neither is known."""
    for own in (user_person(identifier), device_person(identifier)):
        person_id = warehouse.rows(_OVERRIDE, {"person": own})[0][0] or own
        rows = warehouse.rows(_PERSON, {"person": person_id})
        if rows:
            return _report(warehouse, person_id, rows[0])
    return None


def _report(warehouse: Warehouse, person_id: str, row: Sequence[Any]) -> PersonReport:
    user_ids, anonymous_ids, first_seen, last_seen, active_days, signed_up, activated = row
    return PersonReport(
        person_id=person_id,
        user_ids=sorted(user_ids),
        anonymous_ids=sorted(anonymous_ids),
        first_seen_ms=first_seen,
        last_seen_ms=last_seen,
        active_days=active_days,
        signed_up_ms=signed_up,
        activated_ms=activated,
        traits=_traits(warehouse, user_ids, anonymous_ids),
        funnels=_funnels(warehouse, person_id),
        warnings=warehouse.records(
            _WARNINGS_OF_PERSON, {"ids": [*map(user_person, user_ids), *map(device_person, anonymous_ids)]}
        ),
    )


def _traits(warehouse: Warehouse, user_ids: Sequence[str], anonymous_ids: Sequence[str]) -> dict[str, Any]:
    """What identify calls said, the latest of each trait."""
    traits: dict[str, Any] = {}
    for (text,) in warehouse.rows(_TRAITS, {"users": list(user_ids), "devices": list(anonymous_ids)}):
        traits |= msgspec.json.decode(text)
    return traits


def _funnels(warehouse: Warehouse, person_id: str) -> list[dict[str, Any]]:
    entries: dict[str, list[dict[str, Any]]] = {}
    for funnel, day, times_ms in warehouse.rows(_ENTRIES, {"person": person_id}):
        entry = {
            "day": day_date(day).isoformat(),
            "step_reached": len(times_ms),
            "step_times": [_iso(at) for at in times_ms],
        }
        entries.setdefault(funnel, []).append(entry)
    return [{"funnel": funnel, "entries": found} for funnel, found in entries.items()]


def find_event(warehouse: Warehouse, message_id: str) -> Mapping[str, Any] | None:
    """The stored row with its `status`, or the quarantined one; `person_id`, `warnings` and `restated` if stored."""
    parameters = {"message": message_id}
    rows = warehouse.records(_EVENT, parameters)
    if not rows:
        refused = warehouse.records(_QUARANTINED, parameters)
        return {"status": "quarantined"} | _decoded(refused[0]) if refused else None
    row = _decoded(rows[0])
    return {
        "status": "flagged" if row["violations"] else "stored",
        "person_id": warehouse.rows(_PERSON_OF_EVENT, parameters)[0][0],
        **row,
        "warnings": warehouse.records(_WARNINGS, parameters),
        "restated": warehouse.records(_RESTATED, parameters),
    }


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) if name in _JSON_COLUMNS else value for name, value in row.items()}


def _iso(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
