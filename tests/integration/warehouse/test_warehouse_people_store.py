"""The stories of people and counters that a careless protocol gets wrong, on the real engine."""

from datetime import date

import pytest

from schemas.calendar import day_number
from schemas.checkpoints import (
    CounterRow,
    FunnelRow,
    Head,
    Header,
    IdentityWarning,
    OverrideRow,
    Owner,
    PersonRow,
    Positions,
    RestatementRow,
    Segment,
    Tag,
)
from warehouse.client import DATABASE, Warehouse
from warehouse.people_store import PeopleStore
from warehouse.removal import Removal

OLD, NEW = Owner(1, 500), Owner(2, 400)


def person(person_id: str, owner: Owner, version: int, state: bytes, moved_to: str = "") -> PersonRow:
    return PersonRow(
        partition=0,
        person_id=person_id,
        tag=Tag(*owner, version),
        state=state,
        moved_to=moved_to,
        first_seen_ms=1_700_000_000_123,
        last_seen_ms=None,
        active_days=3,
        signed_up_ms=None,
        activated_ms=None,
        user_ids=["1", "é'"],
        anonymous_ids=[],
    )


def header(owner: Owner, version: int, *before: Segment) -> Header:
    tag = Tag(*owner, version)
    return Header(0, tag, Positions(10, 20), b"\x00\xff\n", 123, "digest", (*before, Segment(*tag)))


def head(owner: Owner, version: int) -> Head:
    return Head(0, Tag(*owner, version), Positions(7, 8))


def counter(owner: Owner, version: int, metric: str, value: int, partition: int = 0) -> CounterRow:
    return CounterRow(partition, Tag(*owner, version), metric, 20_000, value)


def people(store: PeopleStore) -> dict[str, bytes]:
    return dict(store.load_people(0, store.latest_headers([0])[0].lineage))


def totals(warehouse: Warehouse) -> dict[str, int]:
    return dict(warehouse.rows(f"SELECT metric, value FROM {DATABASE}.counter_totals"))


def test_what_is_written_comes_back(store: PeopleStore) -> None:
    """Claims, headers and heads survive to the bit, the highest of each partition."""
    store.write_claims({0: OLD, 1: Owner(7, 2**63 + 1)})
    store.write_claims({0: NEW})
    store.write_headers([header(OLD, 9), header(NEW, 1, Segment(*OLD, 4))])
    store.write_heads([head(NEW, 1), head(NEW, 2), head(OLD, 99)])
    assert store.highest_claims([0, 1, 2]) == {0: NEW, 1: Owner(7, 2**63 + 1)}
    assert store.latest_headers([0, 1]) == {0: header(NEW, 1, Segment(*OLD, 4))}
    assert store.latest_heads([0]) == {0: head(NEW, 2)}
    assert list(store.load_people(0, ())) == []


def test_any_bytes_are_a_state(store: PeopleStore) -> None:
    """A state is bytes, not text."""
    state = bytes(range(256)) * 3
    store.write_people([person("u:é\n'", OLD, 1, state)])
    store.write_headers([header(OLD, 1)])
    assert people(store) == {"u:é\n'": state}


def test_the_newest_row_on_the_lineage_counts(store: PeopleStore) -> None:
    """Rows are added, never replaced; the highest tag wins, whatever order they came in."""
    store.write_people([person("u:1", NEW, 1, b"newest"), person("u:1", OLD, 2, b"newer")])
    store.write_people([person("u:1", OLD, 1, b"old"), person("u:2", OLD, 1, b"kept")])
    store.write_headers([header(NEW, 1, Segment(*OLD, 2))])
    assert people(store) == {"u:1": b"newest", "u:2": b"kept"}


def test_rows_of_a_frozen_owner_do_not_count(store: PeopleStore, warehouse: Warehouse) -> None:
    """A frozen owner that wakes up writes rows and even a header; the newer owner continued from before them."""
    store.write_people([person("u:1", OLD, 2, b"good")])
    store.write_people([person("u:1", NEW, 1, b"better")])
    store.write_headers([header(OLD, 2), header(NEW, 1, Segment(*OLD, 2))])
    store.write_people([person("u:1", OLD, 3, b"frozen"), person("u:9", OLD, 3, b"frozen")])
    store.write_headers([header(OLD, 3)])
    assert people(store) == {"u:1": b"better"}
    assert warehouse.rows(f"SELECT person_id FROM {DATABASE}.persons") == [("u:1",)]


def test_rows_without_a_header_do_not_count(store: PeopleStore) -> None:
    """The header is the commit: rows of a checkpoint that was cut short are not there."""
    store.write_people([person("u:1", OLD, 1, b"committed")])
    store.write_headers([header(OLD, 1)])
    store.write_people([person("u:1", OLD, 2, b"cut short")])
    assert people(store) == {"u:1": b"committed"}


def test_two_owners_of_one_epoch_are_told_apart(store: PeopleStore) -> None:
    """The nonce is part of every tag, so that two owners that took the same epoch never mix."""
    one, other = Owner(3, 1), Owner(3, 2)
    store.write_people([person("u:1", one, 1, b"one"), person("u:1", other, 1, b"other")])
    store.write_headers([header(one, 1)])
    assert people(store) == {"u:1": b"one"}


def test_moved_people_are_kept_but_not_shown(store: PeopleStore, warehouse: Warehouse) -> None:
    """The next owner must know that A moved; queries must not see it twice."""
    store.write_people([person("d:a", OLD, 1, b"moved", moved_to="u:1"), person("u:1", OLD, 1, b"both")])
    store.write_headers([header(OLD, 1)])
    assert people(store) == {"d:a": b"moved", "u:1": b"both"}
    assert warehouse.rows(f"SELECT person_id, user_ids FROM {DATABASE}.persons") == [("u:1", ["1", "é'"])]


def test_counters_of_an_owner_count_once_its_head_is_written(store: PeopleStore, warehouse: Warehouse) -> None:
    """A new owner publishes a whole snapshot, then its head; until then the old numbers stand."""
    store.write_counters([counter(OLD, 1, "dau", 5), counter(OLD, 1, "wau", 6)])
    store.write_heads([head(OLD, 1)])
    store.write_counters([counter(NEW, 1, "dau", 4)])
    assert totals(warehouse) == {"dau": 5, "wau": 6}
    store.write_heads([head(NEW, 1)])
    assert totals(warehouse) == {"dau": 4}
    store.write_counters([counter(OLD, 7, "dau", 99)])
    store.write_heads([head(OLD, 7)])
    assert totals(warehouse) == {"dau": 4}


def test_the_highest_version_of_a_counter_wins_and_partitions_add_up(store: PeopleStore, warehouse: Warehouse) -> None:
    """Values are absolute shares of their partition."""
    store.write_counters([counter(OLD, 2, "dau", 7), counter(OLD, 1, "dau", 5), counter(NEW, 1, "dau", 10, 1)])
    store.write_heads([head(OLD, 1), Head(1, Tag(*NEW, 1), Positions(0, 0))])
    assert totals(warehouse) == {"dau": 17}


def test_the_smallest_override_is_the_truth(store: PeopleStore, warehouse: Warehouse) -> None:
    """Moves only go down, so an older override of a frozen owner that lands last changes nothing."""
    store.write_overrides([OverrideRow("d:a", "u:1")])
    store.write_overrides([OverrideRow("d:a", "u:2"), OverrideRow("d:a", "u:10")])
    assert warehouse.rows(f"SELECT * FROM {DATABASE}.current_overrides") == [("d:a", "u:1")]


def restated(owner: Owner, version: int, cause: str, delta: int, partition: int = 0) -> RestatementRow:
    return RestatementRow(partition, Tag(*owner, version), "dau", 20_000, cause, "late event", delta, 1_700_000_000_000)


def test_restatements_off_the_lineage_do_not_count(store: PeopleStore, warehouse: Warehouse) -> None:
    """After a crash the same change may get another cause; only the committed one counts, what cancels out is gone."""
    store.write_restatements([restated(OLD, 2, "lost", 1), restated(NEW, 1, "m1", 1), restated(NEW, 1, "m2", -1)])
    store.write_restatements([restated(OLD, 1, "m2", 1, partition=1)])
    other = Header(1, Tag(*OLD, 1), Positions(0, 0), b"", 0, "", (Segment(*OLD, 1),))
    store.write_headers([header(NEW, 1, Segment(*OLD, 1)), other])
    store.write_counters([counter(NEW, 1, "dau", 8)])
    store.write_heads([head(NEW, 1)])
    rows = warehouse.rows(f"SELECT cause, before, after FROM {DATABASE}.restatements")
    assert rows == [("m1", 7, 8)]


def test_restatements_of_one_instant_are_counted_up_first(store: PeopleStore, warehouse: Warehouse) -> None:
    """A day that gained one and lost one was never at less than nothing on the way."""
    store.write_restatements([restated(OLD, 1, "a", -1), restated(OLD, 1, "b", 1), restated(OLD, 1, "c", -2)])
    store.write_restatements([restated(OLD, 1, "d", 2)])
    store.write_headers([header(OLD, 1)])
    rows = warehouse.rows(f"SELECT cause, before, after FROM {DATABASE}.restatements")
    assert rows == [("d", 0, 2), ("b", 2, 3), ("a", 3, 2), ("c", 2, 0)]


def test_restatement_rows_written_twice_count_once(store: PeopleStore, warehouse: Warehouse) -> None:
    """A write whose answer was lost is repeated."""
    store.write_restatements([restated(OLD, 1, "m1", 2)])
    store.write_restatements([restated(OLD, 1, "m1", 2)])
    store.write_headers([header(OLD, 1)])
    assert warehouse.rows(f"SELECT cause, delta FROM {DATABASE}.restatement_deltas") == [("m1", 2)]


def test_an_entry_that_is_gone_is_not_shown(store: PeopleStore, warehouse: Warehouse) -> None:
    """Entries empty when a person moves."""
    day = day_number(date(2026, 1, 5))
    store.write_funnels(
        [FunnelRow(0, "d:a", "f", day, Tag(*OLD, 1), [5]), FunnelRow(0, "u:1", "f", day, Tag(*OLD, 1), [5, 9])]
    )
    store.write_funnels([FunnelRow(0, "d:a", "f", day, Tag(*OLD, 2), [])])
    store.write_headers([header(OLD, 2)])
    rows = warehouse.rows(f"SELECT person_id, times_ms FROM {DATABASE}.funnel_entries_on_lineage")
    assert rows == [("u:1", [5, 9])]


def test_a_repeated_warning_is_one(store: PeopleStore, warehouse: Warehouse) -> None:
    """A warning is known by its kind, message and subject."""
    warning = IdentityWarning("device of another user", "m1", "d:a", "kept u:1", 5)
    store.write_warnings([warning])
    store.write_warnings([warning])
    assert len(warehouse.rows(f"SELECT * FROM {DATABASE}.identity_warnings FINAL")) == 1


@pytest.fixture
def eager(warehouse: Warehouse) -> PeopleStore:
    """A store that finds every row worth removing."""
    return PeopleStore(warehouse, Removal(warehouse, worth_removing=1))


def test_removal_waits_two_checkpoints_and_keeps_what_counts(eager: PeopleStore, warehouse: Warehouse) -> None:
    """Off-lineage and superseded rows go, but nothing that the last two headers need, nor the checkpoint under way."""
    lineage = Segment(*OLD, 2)
    eager.write_people([person("u:1", OLD, 1, b"superseded"), person("u:1", OLD, 3, b"frozen")])
    eager.write_people([person("u:1", OLD, 2, b"needed by none"), person("u:2", OLD, 2, b"still")])
    eager.write_counters([counter(OLD, 1, "dau", 5), counter(NEW, 1, "dau", 5)])
    eager.write_heads([head(OLD, 1), head(NEW, 1)])
    for version in (1, 2, 3):
        eager.write_people([person("u:1", NEW, version, b"v%d" % version)])
        eager.write_headers([header(NEW, version, lineage)])
        if version == 3:
            eager.write_people([person("u:1", NEW, 4, b"under way"), person("u:1", Owner(3, 1), 1, b"next owner")])
        eager.remove_superseded([header(NEW, version, lineage)])
    left = warehouse.rows(f"SELECT person_id, epoch, version FROM {DATABASE}.people ORDER BY ALL")
    assert left == [("u:1", 2, 1), ("u:1", 2, 2), ("u:1", 2, 3), ("u:1", 2, 4), ("u:1", 3, 1), ("u:2", 1, 2)]
    assert people(eager) == {"u:1": b"v3", "u:2": b"still"}
    assert warehouse.rows(f"SELECT epoch FROM {DATABASE}.counters") == [(2,)]


def test_little_is_not_removed(store: PeopleStore, warehouse: Warehouse) -> None:
    """Removing rewrites parts, so it waits until it is worth it."""
    for version in (1, 2, 3, 4):
        store.write_people([person("u:1", OLD, version, b"")])
        store.write_headers([header(OLD, version)])
        store.remove_superseded([header(OLD, version)])
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.people") == [(4,)]
