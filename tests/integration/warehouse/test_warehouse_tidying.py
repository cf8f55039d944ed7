"""What every start of a worker leaves behind goes once it is much, and no reader sees a difference."""

import msgspec
from integration.warehouse.published import header

from schemas.checkpoints import CounterRow, Head, Owner, Positions, RestatementRow, Segment, Tag
from warehouse.client import DATABASE, Warehouse
from warehouse.people_store import PeopleStore
from warehouse.tidying import WORTH_OWNERS, WORTH_RESTATEMENTS, tidy

NEWEST, BEFORE, ABOVE = Owner(WORTH_OWNERS + 1, 5), Owner(WORTH_OWNERS, 5), Owner(WORTH_OWNERS + 2, 1)


def restated(owner: Owner, version: int, cause: str) -> RestatementRow:
    return RestatementRow(0, Tag(*owner, version), "dau", 20_000, cause, "late", 1, 5)


def fill(store: PeopleStore, warehouse: Warehouse) -> None:
    """Two partitions with a claim of each of many owners; of the last two also what they wrote."""
    warehouse.command(
        f"INSERT INTO {DATABASE}.claims (partition, epoch, nonce)"
        " SELECT number % 2, intDiv(number, 2) + 1, 5 FROM numbers({rows:UInt32})",
        {"rows": 2 * NEWEST.epoch},
    )
    for owner in (BEFORE, NEWEST):
        store.write_headers([header(0, owner, 1), header(1, owner, 1)])
        store.write_heads([Head(0, Tag(*owner, 1), Positions(0, 0))])
        store.write_counters([CounterRow(0, Tag(*owner, 1), "dau", 20_000, owner.epoch)])
    off_lineage = [restated(BEFORE, 7, f"off {number}") for number in range(WORTH_RESTATEMENTS)]
    on_lineage = [restated(NEWEST, 1, "counts"), restated(NEWEST, 9, "under way"), restated(ABOVE, 1, "next owner")]
    store.write_restatements(off_lineage + on_lineage)


def readers_see(store: PeopleStore, warehouse: Warehouse) -> dict[str, object]:
    """What workers and boards take from these tables."""
    return {
        "claims": store.highest_claims([0, 1]),
        "heads": store.latest_heads([0, 1]),
        "counters": warehouse.rows(f"SELECT metric, value FROM {DATABASE}.counter_totals"),
        "restated": warehouse.rows(f"SELECT cause, delta FROM {DATABASE}.restatement_deltas"),
    }


def claims(warehouse: Warehouse) -> list[tuple[int, int]]:
    return warehouse.rows(f"SELECT partition, count() FROM {DATABASE}.claims GROUP BY partition ORDER BY partition")


def test_much_is_removed_behind_the_third_checkpoint(store: PeopleStore, warehouse: Warehouse) -> None:
    """Of its own partition only, never of a higher owner, and two checkpoints after the claims were read."""
    fill(store, warehouse)
    before = readers_see(store, warehouse)
    for version in (1, 2, 3):
        assert claims(warehouse) == [(0, NEWEST.epoch), (1, NEWEST.epoch)]
        store.write_headers([header(0, NEWEST, version)])
        store.remove_superseded([header(0, NEWEST, version)])
    assert claims(warehouse) == [(0, 1), (1, NEWEST.epoch)]
    for table in ("checkpoint_headers", "counter_heads"):
        owners = warehouse.rows(f"SELECT DISTINCT epoch FROM {DATABASE}.{table} WHERE partition = 0")
        assert owners == [(NEWEST.epoch,)]
    left = warehouse.rows(f"SELECT cause FROM {DATABASE}.restatement_rows ORDER BY cause")
    assert left == [("counts",), ("next owner",), ("under way",)]
    assert store.latest_headers([0])[0] == header(0, NEWEST, 3)
    assert readers_see(store, warehouse) == before


def test_a_predecessor_counts_until_its_successor_has_published(store: PeopleStore, warehouse: Warehouse) -> None:
    """A new owner has checkpoints before its first head: boards still show what the old one published."""
    fill(store, warehouse)
    before = readers_see(store, warehouse)
    store.write_claims({0: ABOVE})
    tidy(warehouse, header(0, ABOVE, 1))
    assert store.highest_claims([0]) == {0: ABOVE}
    seen = readers_see(store, warehouse)
    assert (seen["heads"], seen["counters"]) == (before["heads"], before["counters"])


def test_restatements_on_the_lineage_stay(store: PeopleStore, warehouse: Warehouse) -> None:
    """What a predecessor wrote up to the version from which the next one went on is history that counts."""
    store.write_restatements([restated(BEFORE, 1, "kept"), restated(BEFORE, 2, "forked")])
    tidy(warehouse, header(0, NEWEST, 1), restatements=2)
    assert warehouse.rows(f"SELECT count() FROM {DATABASE}.restatement_rows") == [(0,)]
    store.write_restatements([restated(BEFORE, 1, "kept again"), restated(BEFORE, 2, "forked again")])
    newest = header(0, NEWEST, 1)
    tidy(warehouse, msgspec.structs.replace(newest, lineage=(Segment(*BEFORE, 1), *newest.lineage)), restatements=1)
    assert warehouse.rows(f"SELECT cause FROM {DATABASE}.restatement_rows") == [("kept again",)]


def test_little_is_left_alone(store: PeopleStore, warehouse: Warehouse) -> None:
    """A few starts are not worth the rewriting of parts."""
    store.write_claims({0: Owner(1, 1)})
    store.write_claims({0: Owner(2, 1)})
    tidy(warehouse, header(0, Owner(2, 1), 1))
    assert claims(warehouse) == [(0, 2)]
