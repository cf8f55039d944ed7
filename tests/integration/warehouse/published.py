"""Counters, people and positions as a stream worker would publish them, for the tests of this folder."""

from collections.abc import Mapping
from datetime import date

from schemas.calendar import day_number
from schemas.checkpoints import CounterRow, Head, Header, Owner, PersonRow, Positions, Segment, Tag
from warehouse.people_store import PeopleStore

OWNER = Owner(1, 11)
START = Positions(0, 0)


def publish(store: PeopleStore, values: Mapping[str, Mapping[date, int]], partition: int = 0, version: int = 1) -> None:
    """Counters by metric and day, then the head that makes them count."""
    tag = Tag(*OWNER, version)
    store.write_counters(
        [
            CounterRow(partition, tag, metric, day_number(day), value)
            for metric, days in values.items()
            for day, value in days.items()
        ]
    )
    store.write_heads([Head(partition, tag, Positions(0, 0))])


def header(partition: int, owner: Owner, version: int, positions: Positions = START) -> Header:
    tag = Tag(*owner, version)
    return Header(partition, tag, positions, b"", 0, "digest", (Segment(*tag),))


def person(person_id: str, partition: int = 0, version: int = 1, **fields: object) -> PersonRow:
    given: dict[str, object] = {
        "state": b"",
        "moved_to": "",
        "first_seen_ms": None,
        "last_seen_ms": None,
        "active_days": 0,
        "signed_up_ms": None,
        "activated_ms": None,
        "user_ids": [],
        "anonymous_ids": [],
    }
    return PersonRow(partition=partition, person_id=person_id, tag=Tag(*OWNER, version), **(given | fields))  # type: ignore[arg-type]
