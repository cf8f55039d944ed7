"""Reports against a real engine and real logs: numbers, people, messages, totals and lag."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from integration.warehouse.log_records import RECEIVED_MS, event, events, links, quarantined
from integration.warehouse.published import OWNER, header, person, publish
from msgspec import Raw

from schemas.calendar import day_number
from schemas.checkpoints import FunnelRow, Head, OverrideRow, Owner, Positions, RestatementRow, Tag
from schemas.reading import Completeness, Reports, RestatedDay
from schemas.topics import Kind, Record, Topic
from stream.log.local import LocalLog
from warehouse.client import Warehouse
from warehouse.loader import Loader
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports

NOW_MS = RECEIVED_MS + 3_600_000
DAY = datetime.now(UTC).date() - timedelta(days=5)


@pytest.fixture
def reports(warehouse: Warehouse, events_log: LocalLog, handoffs_log: LocalLog) -> Reports:
    return WarehouseReports(warehouse, events_log, handoffs_log, clock=lambda: NOW_MS)


@pytest.fixture
def loader(warehouse: Warehouse, events_log: LocalLog) -> Loader:
    return Loader(events_log, warehouse)


def claim(store: PeopleStore, owner: Owner = OWNER, partitions: Sequence[int] = (0, 1)) -> None:
    store.write_claims(dict.fromkeys(partitions, owner))


def settle(
    store: PeopleStore, events_log: LocalLog, handoffs_log: LocalLog, owner: Owner = OWNER, version: int = 1
) -> None:
    """Heads and headers of both partitions at the ends of the log."""
    events_ends, handoff_ends = events_log.ends(Topic.EVENTS), handoffs_log.ends(Topic.HANDOFFS)
    for partition in (0, 1):
        positions = Positions(events_ends[partition].offset, handoff_ends[partition].offset)
        stand(store, partition, positions, positions, owner, version)


def stand(
    store: PeopleStore, partition: int, head: Positions, checkpoint: Positions, owner: Owner = OWNER, version: int = 1
) -> None:
    store.write_heads([Head(partition, Tag(*owner, version), head)])
    store.write_headers([header(partition, owner, version, checkpoint)])


def test_daily_values_are_those_published(reports: Reports, store: PeopleStore) -> None:
    """Days with rows only, up to today, summed over partitions."""
    publish(store, {"dau": {DAY: 3, DAY + timedelta(days=30): 9}, "wau": {DAY: 7}})
    publish(store, {"dau": {DAY: 4}}, partition=1)
    assert reports.daily(["dau", "mau"], DAY, date.max) == {"dau": {DAY: 7}, "mau": {}}
    assert reports.data_days() == (DAY, datetime.now(UTC).date())


def test_daily_values_follow_what_is_published(reports: Reports, store: PeopleStore) -> None:
    """A reading is kept only until a partition publishes again, or another owner does."""
    publish(store, {"dau": {DAY: 3}})
    assert reports.daily(["dau"], DAY, DAY) == {"dau": {DAY: 3}}
    publish(store, {"dau": {DAY: 5}}, version=2)
    assert reports.daily(["dau"], DAY, DAY) == {"dau": {DAY: 5}}
    publish(store, {"dau": {DAY: 1}}, partition=1)
    assert reports.daily(["dau"], DAY, DAY) == {"dau": {DAY: 6}}
    store.write_heads([Head(0, Tag(9, 9, 1), Positions(0, 0))])
    assert reports.daily(["dau"], DAY, DAY) == {"dau": {DAY: 1}}


def test_restated_days_follow_checkpoints_and_numbers(reports: Reports, store: PeopleStore) -> None:
    """A restatement counts with its header; the number that it ends at moves with what is published."""

    def restate(cause: str, version: int) -> None:
        tag = Tag(*OWNER, version)
        store.write_restatements([RestatementRow(0, tag, "dau", day_number(DAY), cause, "late event", 1, version)])

    def told() -> list[tuple[int, int, int]]:
        return [(row.before, row.after, row.count) for row in reports.restated_days(["dau"], DAY, DAY)]

    publish(store, {"dau": {DAY: 3}})
    restate("m1", 1)
    assert told() == []
    store.write_headers([header(0, OWNER, 1)])
    assert told() == [(2, 3, 1)]
    publish(store, {"dau": {DAY: 4}}, version=2)
    restate("m2", 2)
    assert told() == [(3, 4, 1)]
    store.write_headers([header(0, OWNER, 2)])
    assert told() == [(2, 4, 2)]


def test_a_recent_completeness_is_one_that_was_read(reports: Reports, events_log: LocalLog, loader: Loader) -> None:
    """Its moment is never ahead of the present one."""
    events_log.append([events(0, event("m1"))])
    loader.load_once()
    found = reports.completeness()
    assert (reports.recent_completeness().complete_through_ms or 0) <= (found.complete_through_ms or 0)


def test_nothing_is_nothing(reports: Reports) -> None:
    """An empty installation answers: nothing is lacking, no day, no person, no message."""
    assert reports.completeness() == Completeness(0, None)
    assert reports.data_days() is None
    assert reports.person("nobody") is None
    assert reports.event("none") is None
    assert reports.latest_events(5) == []
    assert reports.quality().accepted == 0


def test_all_changes_of_a_number_are_one_row(reports: Reports, store: PeopleStore) -> None:
    """From what was published first to what is known now, with the latest of its causes, the latest change first."""
    other = DAY + timedelta(days=1)
    publish(store, {"dau": {DAY: 10, other: 4}, "wau": {DAY: 7}})
    changes = [("dau", DAY, f"m{n}", 1, n) for n in range(1, 6)]
    changes += [("dau", DAY, "m9", -2, 9), ("dau", other, "m7", 4, 7), ("wau", DAY, "m8", 1, 8)]
    store.write_restatements(
        [
            RestatementRow(0, Tag(*OWNER, 1), metric, day_number(day), cause, "late event", delta, at)
            for metric, day, cause, delta, at in changes
        ]
    )
    store.write_headers([header(0, OWNER, 1)])
    assert reports.restated_days(["dau", "mau"], DAY, other) == [
        RestatedDay("dau", DAY, 7, 10, 6, "late event", "m9", 9),
        RestatedDay("dau", other, 0, 4, 1, "late event", "m7", 7),
    ]
    assert reports.restated_days(["dau"], other + timedelta(days=1), DAY + timedelta(days=9)) == []


def test_funnel_persons_count_once_by_their_furthest_entry(reports: Reports, store: PeopleStore) -> None:
    """A person who entered on several days counts once; medians are over entries."""
    entries = [
        ("u:1", DAY, [0, 10_000]),
        ("u:1", DAY + timedelta(days=1), [0, 20_000, 50_000]),
        ("u:2", DAY, [0]),
        ("u:3", DAY, [0, 40_000]),
        ("u:4", DAY - timedelta(days=1), [0, 1, 2, 3]),
    ]
    tag = Tag(*OWNER, 1)
    store.write_funnels([FunnelRow(0, who, "f", day_number(day), tag, times) for who, day, times in entries])
    store.write_headers([header(0, OWNER, 1)])
    found = reports.funnel_persons("f", 4, DAY, DAY + timedelta(days=2))
    assert list(found.reached) == [3, 2, 1, 0]
    assert list(found.median_seconds) == [None, 20.0, 30.0, None]


def test_a_person_is_found_by_any_of_its_ids(
    reports: Reports, store: PeopleStore, events_log: LocalLog, loader: Loader
) -> None:
    """By user id, else by device, through the moves that are known now; the latest of each trait counts."""
    traits = [Raw(b'{"role":"dev","plan":"free"}'), Raw(b'{"plan":"pro"}'), Raw(b'{"role":"stranger"}')]
    rows = [
        event("i2", type="identify", event="", user_id="b", occurred_ms=RECEIVED_MS + 5, traits=traits[1]),
        event("i1", type="identify", event="", user_id="a", occurred_ms=RECEIVED_MS, traits=traits[0]),
        event("i3", type="identify", event="", user_id="z", anonymous_id="d1", traits=traits[2]),
    ]
    events_log.append([events(0, *rows)])
    loader.load_once()
    store.write_people([person("u:a", user_ids=["b", "a"], anonymous_ids=["d1"], active_days=4, signed_up_ms=7)])
    store.write_people([person("u:b", moved_to="u:a"), person("d:lonely", anonymous_ids=["lonely"])])
    store.write_funnels([FunnelRow(0, "u:a", "f", day_number(DAY), Tag(*OWNER, 1), [0, 1500])])
    store.write_overrides([OverrideRow("u:b", "u:a"), OverrideRow("d:d1", "u:b"), OverrideRow("d:d1", "u:a")])
    store.write_headers([header(0, OWNER, 1)])
    for identifier in ("a", "b", "d1"):
        found = reports.person(identifier)
        assert found is not None
        assert found.person_id == "u:a"
        assert (found.user_ids, found.anonymous_ids) == (["a", "b"], ["d1"])
        assert (found.active_days, found.signed_up_ms, found.first_seen_ms) == (4, 7, None)
        assert found.traits == {"role": "dev", "plan": "pro"}
        (entry,) = found.funnels[0]["entries"]
        assert entry["step_reached"] == 2
        assert entry["step_times"] == ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.500Z"]
    lonely = reports.person("lonely")
    assert lonely is not None
    assert lonely.person_id == "d:lonely"


def test_a_message_is_traced(reports: Reports, store: PeopleStore, events_log: LocalLog, loader: Loader) -> None:
    """Stored, flagged or quarantined; with its person, what it restated and the times it has."""
    flagged = Raw(b'[{"rule":"unplanned event","property":"","message":"never heard of"}]')
    rows = [event("m1", anonymous_id="d1", properties=Raw(b'{"a":1}')), event("m2", violations=flagged)]
    events_log.append([events(0, *rows), quarantined(1, "q1")])
    loader.load_once()
    publish(store, {"dau": {DAY: 3}})
    store.write_restatements([RestatementRow(0, Tag(*OWNER, 1), "dau", day_number(DAY), "m1", "late event", 1, 5)])
    store.write_headers([header(0, OWNER, 1)])
    stored = reports.event("m1")
    assert stored is not None
    assert (stored["status"], stored["person_id"], stored["properties"]) == ("stored", "u:u1", {"a": 1})
    assert (stored["occurred_ms"], stored["timestamp_ms"]) == (RECEIVED_MS, None)
    assert stored["restated"] == [
        {"metric": "dau", "day": DAY.isoformat(), "before": 2, "after": 3, "reason": "late event"}
    ]
    assert (reports.event("m2") or {})["status"] == "flagged"
    refused = reports.event("q1") or {}
    assert (refused["status"], refused["raw"]) == ("quarantined", '{"event":"Trial Started"}')
    newest = reports.latest_events(10)
    assert {row["message_id"]: row["status"] for row in newest} == {
        "m1": "stored",
        "m2": "flagged",
        "q1": "quarantined",
    }
    assert len(reports.latest_events(2)) == 2


@pytest.mark.parametrize("ago_ms", [0, 86_400_000])
def test_the_newest_are_found_however_long_ago_they_came(
    reports: Reports, events_log: LocalLog, loader: Loader, ago_ms: int
) -> None:
    """After every load anew; copies of a message leave their places to older messages."""

    def newest_after(*rows: tuple[str, int]) -> list[str]:
        received = [event(message, received_ms=NOW_MS - ago_ms - 1_000 + at) for message, at in rows]
        events_log.append([events(0, *received)])
        loader.load_once()
        return [row["message_id"] for row in reports.latest_events(2)]

    assert newest_after(("a", 1)) == ["a"]
    assert newest_after(("c", 3), ("b", 2)) == ["c", "b"]
    assert newest_after(("d", 4)) == ["d", "c"]
    assert newest_after(("c", 5), ("d", 6)) == ["d", "c"]
    assert newest_after(("late", 0)) == ["d", "c"]


def test_quality_counts_as_answered(
    reports: Reports, store: PeopleStore, events_log: LocalLog, handoffs_log: LocalLog, loader: Loader
) -> None:
    """Copies are accepted and counted as duplicates; links are no messages."""
    flagged = Raw(b'[{"rule":"unplanned event","property":"","message":""}]')
    events_log.append([events(0, event("m1"), event("m1"), event("m2", violations=flagged)), links(1, ("d", "u"))])
    loader.load_once()
    events_log.append([events(0, event("m1")), quarantined(0, "q1", "q2")])
    loader.load_once()
    publish(store, {"late": {DAY: 2}})
    found = reports.quality()
    assert (found.accepted, found.quarantined, found.flagged, found.duplicates, found.late) == (4, 2, 1, 2, 2)
    assert found.quarantine_reasons == {"wrong type": 2}
    claim(store)
    settle(store, events_log, handoffs_log, version=2)
    events_log.append([events(0, event("m1"))])
    loader.load_once()
    settle(store, events_log, handoffs_log, version=3)
    assert reports.quality().duplicates == 3


def test_lag_is_0_only_when_every_reader_stands_at_the_end(
    reports: Reports, store: PeopleStore, events_log: LocalLog, handoffs_log: LocalLog, loader: Loader
) -> None:
    """Heads, headers and the loader, of events, quarantine and hand-offs."""
    events_log.append([events(0, event("m1"), event("m2")), events(1, event("m3")), quarantined(0, "q1")])
    assert reports.completeness().lag_events == 4
    loader.load_once()
    assert reports.completeness().lag_events == 3
    claim(store)
    stand(store, 0, Positions(1, 0), Positions(0, 0))
    stand(store, 1, Positions(1, 0), Positions(1, 0))
    assert reports.completeness().lag_events == 2
    settle(store, events_log, handoffs_log, version=2)
    assert reports.completeness().lag_events == 0
    handoffs_log.append([Record(Topic.HANDOFFS, 1, Kind.HANDOFFS, 3, b"1\n2\n3\n")])
    assert reports.completeness().lag_events == 3
    settle(store, events_log, handoffs_log, version=3)
    assert reports.completeness().lag_events == 0
    events_log.append([events(1, event("m4"))])
    assert reports.completeness().lag_events == 1


def test_a_new_claim_unsettles_its_partition(
    reports: Reports, store: PeopleStore, events_log: LocalLog, handoffs_log: LocalLog, loader: Loader
) -> None:
    """A frozen owner's head at the ends says nothing: head and header must be those of the highest claim."""
    events_log.append([events(0, event("m1"))])
    loader.load_once()
    claim(store)
    settle(store, events_log, handoffs_log)
    assert reports.completeness().lag_events == 0
    newer = Owner(2, 5)
    claim(store, newer, [1])
    assert reports.completeness().lag_events == 1
    settle(store, events_log, handoffs_log, version=7)
    assert reports.completeness().lag_events == 1
    stand(store, 1, Positions(0, 0), Positions(0, 0), newer)
    assert reports.completeness().lag_events == 0


def test_an_unclaimed_partition_with_data_is_not_settled(
    reports: Reports, events_log: LocalLog, loader: Loader
) -> None:
    """Before the first worker is there nothing is counted."""
    events_log.append([events(0, event("m1"))])
    loader.load_once()
    assert reports.completeness() == Completeness(1, None)


def test_complete_through_waits_for_the_slowest_and_never_goes_back(
    reports: Reports, store: PeopleStore, events_log: LocalLog, handoffs_log: LocalLog, loader: Loader
) -> None:
    """Everything received before it is counted and loaded, hand-offs included; a collector may still be appending."""
    low = RECEIVED_MS + 1_000
    events_log.append([events(0, event("m1")), events(1, event("m2"))], low)
    claim(store)
    loader.load_once()
    stand(store, 0, Positions(1, 0), Positions(1, 0))
    stand(store, 1, Positions(0, 0), Positions(0, 0))
    assert (reports.completeness().complete_through_ms or 0) < low
    stand(store, 1, Positions(1, 0), Positions(0, 0), version=2)
    assert reports.completeness() == Completeness(1, low)
    events_log.append([events(1, event("m3"))], low + 500)
    assert reports.completeness().complete_through_ms == low
    loader.load_once()
    handoffs_log.append([Record(Topic.HANDOFFS, 0, Kind.HANDOFFS, 1, b"1\n")])
    stand(store, 1, Positions(2, 0), Positions(2, 0), version=3)
    assert reports.completeness().complete_through_ms == low
    settle(store, events_log, handoffs_log, version=4)
    assert reports.completeness() == Completeness(0, low + 500)
    events_log.advance("", low + 9_000)
    assert reports.completeness() == Completeness(0, low + 9_000)


def test_alert_log_rows_come_back_newest_first(reports: Reports) -> None:
    """What the alerter offers twice is one row; fields without a column are kept."""
    transition = {
        "kind": "transition",
        "at_ms": 5,
        "alert_id": "a1",
        "metric": "dau",
        "value": 21.0,
        "to_state": "firing",
    }
    delivery = {"kind": "delivery", "at_ms": 9, "alert_id": "a1", "receiver": "ops", "attempts": 2, "colour": "red"}
    reports.write_alert_log([transition])
    reports.write_alert_log([transition, delivery])
    newest, oldest = reports.alert_log(10)
    assert delivery.items() <= newest.items()
    assert transition.items() <= oldest.items()
    assert len(reports.alert_log(1)) == 1


def test_changes_of_one_moment_stay_apart_in_the_alert_log(reports: Reports) -> None:
    """By the rule's name and its group; a row that is offered twice is one."""
    row = {"kind": "transition", "at_ms": 5, "rule_group": "g1", "alert": "a", "to_state": "pending"}
    rows = [row, row | {"alert": "b"}, row | {"rule_group": "g2"}]
    reports.write_alert_log(rows)
    reports.write_alert_log(rows[1:])
    told = sorted((found["rule_group"], found["alert"]) for found in reports.alert_log(10))
    assert told == [("g1", "a"), ("g1", "b"), ("g2", "a")]


def test_complete_through_outlives_a_restart(
    warehouse: Warehouse, store: PeopleStore, loader: Loader, events_log: LocalLog, handoffs_log: LocalLog
) -> None:
    """What was once said holds for the next process too, which has seen nothing yet; unless the clock was wrong."""

    def started(now_ms: int) -> Reports:
        return WarehouseReports(warehouse, events_log, handoffs_log, clock=lambda: now_ms)

    claim(store)
    events_log.append([events(0, event("m1"))], NOW_MS - 500)
    loader.load_once()
    settle(store, events_log, handoffs_log)
    assert started(NOW_MS).completeness() == Completeness(0, NOW_MS - 500)
    events_log.append([events(0, event("m2"))])
    claim(store, Owner(2, 1))
    assert started(NOW_MS).completeness() == Completeness(1, NOW_MS - 500)
    assert started(NOW_MS - 501).completeness().complete_through_ms is None
