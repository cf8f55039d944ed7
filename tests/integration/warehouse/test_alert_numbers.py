"""Numbers of alert rules over a real engine and real logs: counters, published values, segments, the data itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from integration.warehouse.log_records import event, events, quarantined
from integration.warehouse.published import OWNER, header
from msgspec import Raw

from alerting.numbers import NotLookedUp, Point
from northstream.alert_values import NumbersAtOnce
from northstream.parts.alert_numbers import numbers_at_once
from northstream.parts.measured import open_measured
from northstream.parts.stores import Stores
from northstream.settings import Settings
from schemas.alerts import DayCount, FunnelSubject, Gauge, MetricSubject, QualitySubject
from schemas.calendar import day_number
from schemas.checkpoints import CounterRow, Head, Positions, Tag
from schemas.measuring import Segment
from schemas.reading import ReadingUnavailable
from schemas.topics import Topic
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from warehouse.client import Warehouse
from warehouse.loader import Loader
from warehouse.people_store import PeopleStore

NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
TODAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
MIDNIGHT_MS = day_number(TODAY) * 86_400_000
HOUR_MS = 3_600_000
FLAGGED = Raw(b'[{"rule":"unplanned event","property":"","message":""}]')


class World:
    """An installation whose log takes what a test says, loads it and publishes counters."""

    def __init__(self, engine: Warehouse, folder: Path) -> None:
        self.engine, self.store = engine, PeopleStore(engine)
        self.appended_ms = NOW_MS
        self.events = LocalLog(folder / "events.db", EVENT_TOPICS, 1, clock=lambda: self.appended_ms)
        self.handoffs = LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, 1, clock=lambda: self.appended_ms)
        workspace = load_workspace(DEFAULT_WORKSPACE)
        self.stores = Stores.over(workspace, engine, self.events, self.handoffs)
        self.loader = Loader(self.events, engine)
        self.measures = open_measured(self.stores, Settings(data_dir=folder)).measures
        self.version = 0
        self.store.write_claims({0: OWNER})

    def numbers(self) -> NumbersAtOnce:
        return numbers_at_once(self.stores, self.measures)

    def take(self, *rows: Any, low_ms: int) -> None:
        """Append accepted messages; nothing received before `low_ms` is still to come."""
        self.events.append([events(0, *rows)], low_ms)

    def settle(self, counters: dict[str, dict[date, int]] | None = None) -> None:
        """Load what the log holds, publish counters, and stand at its end."""
        while self.loader.load_once().ranges:
            pass
        self.version += 1
        tag = Tag(*OWNER, self.version)
        self.store.write_counters(
            [
                CounterRow(0, tag, name, day_number(day), value)
                for name, days in (counters or {}).items()
                for day, value in days.items()
            ]
        )
        end = Positions(self.events.ends(Topic.EVENTS)[0].offset, 0)
        self.store.write_heads([Head(0, tag, end)])
        self.store.write_headers([header(0, OWNER, self.version, end)])

    def close(self) -> None:
        self.events.close()
        self.handoffs.close()


def signup(name: str, channel: str, at_ms: int) -> Any:
    properties = Raw(msgspec.json.encode({"channel": channel}))
    times = {"occurred_ms": at_ms, "received_ms": at_ms}
    return event(name, event="Account Created", user_id=name, properties=properties, **times)


@pytest.fixture(scope="module")
def world(engine: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Four signups, one of them yesterday; a copy, a flagged and a late message, and two that were refused."""
    world = World(engine, tmp_path_factory.mktemp("alert-numbers"))
    minute_ago, yesterday = NOW_MS - 60_000, MIDNIGHT_MS - HOUR_MS
    late = event("late", occurred_ms=NOW_MS - 60 * 86_400_000, received_ms=minute_ago)
    world.take(signup("d", "paid", yesterday), low_ms=yesterday)
    world.settle()
    world.take(signup("a", "paid", minute_ago), signup("b", "paid", minute_ago), late, low_ms=minute_ago)
    flagged = event("flagged", violations=FLAGGED, occurred_ms=minute_ago, received_ms=minute_ago)
    world.take(signup("c", "organic", minute_ago), signup("a", "paid", minute_ago), flagged, low_ms=NOW_MS)
    world.settle(
        {"signups": {TODAY: 3, YESTERDAY: 1}, "funnel:onboarding:1": {TODAY: 8}, "funnel:onboarding:2": {TODAY: 2}}
    )
    world.stores.reports.completeness()
    yield world
    world.close()


@pytest.fixture
def numbers(world: World) -> NumbersAtOnce:
    return world.numbers()


def quality(
    numbers: NumbersAtOnce, number: Gauge | DayCount, count: int = 1, now_ms: int = NOW_MS
) -> list[float | None]:
    return [point.value for point in numbers.series(QualitySubject(number), "running", count, now_ms)]


def test_streamed_metrics_and_funnels_are_the_published_counters(numbers: NumbersAtOnce) -> None:
    """Yesterday is complete, as everything received before its end is counted and loaded."""
    signups = MetricSubject("signups")
    assert numbers.series(signups, "running", 2, NOW_MS) == [Point(YESTERDAY, 1.0, 1.0), Point(TODAY, 3.0, 3.0)]
    assert numbers.series(signups, "complete", 1, NOW_MS) == [Point(YESTERDAY, 1.0, 1.0)]
    rate = FunnelSubject("onboarding", 2, "rate")
    assert numbers.series(rate, "running", 1, NOW_MS) == [Point(TODAY, 0.25, 8.0)]


def test_a_metric_is_told_as_it_was_published(world: World, numbers: NumbersAtOnce) -> None:
    """With the buckets that it has no value for."""
    rows = {
        "metric_versions": {"metric": "usage_interval", "version": 1, "definition": "x", "since": "1970-01-01"},
        "metric_point_rows": {"metric": "usage_interval", "version": 1, "grain": "day", "bucket": TODAY.isoformat()}
        | {"value": "2.5"},
    }
    for table, row in rows.items():
        world.engine.insert_lines(table, list(row), msgspec.json.encode(row), {})
    found = numbers.series(MetricSubject("usage_interval"), "running", 2, NOW_MS)
    assert found == [Point(YESTERDAY, None), Point(TODAY, 2.5)]


def test_a_segment_is_measured_without_publishing(world: World, numbers: NumbersAtOnce) -> None:
    """The role that alerts in a cluster asks, and writes nothing."""
    paid = MetricSubject("signups", (Segment("channel", "paid"),))
    values = [point.value for point in numbers.series(paid, "running", 2, NOW_MS)]
    assert values == [1.0, 2.0]
    with pytest.raises(NotLookedUp, match="weather"):
        numbers.series(MetricSubject("signups", (Segment("weather", "fine"),)), "running", 1, NOW_MS)
    noted = world.engine.rows("SELECT count() FROM northstream.metric_versions WHERE metric = 'signups'")
    assert noted == [(0,)]


def test_days_of_receipt_have_a_history(numbers: NumbersAtOnce) -> None:
    """Copies count once; what is late came long after it happened."""
    assert quality(numbers, "received", 2) == [1.0, 5.0]
    assert quality(numbers, "flagged") == [1.0]
    assert quality(numbers, "late") == [1.0]
    assert quality(numbers, "received", 60)[-3:] == [0.0, 1.0, 5.0]


def test_copies_are_told_by_the_day_from_the_first_look(world: World, numbers: NumbersAtOnce) -> None:
    """Nothing else tells when a copy came: of days before nobody knows."""
    assert quality(numbers, "duplicates", 2) == [None, 0.0]
    world.take(signup("a", "paid", NOW_MS - 60_000), low_ms=NOW_MS)
    world.settle()
    assert quality(numbers, "duplicates", 2) == [None, 1.0]


def test_a_subject_was_seen_when_its_latest_message_was_received(numbers: NumbersAtOnce) -> None:
    """Whatever the message is called by the metric; what never came was never seen."""
    for subject in (MetricSubject("signups"), MetricSubject("dau"), FunnelSubject("onboarding", 2)):
        assert numbers.last_seen_ms(subject, NOW_MS) == NOW_MS - 60_000
    assert numbers.last_seen_ms(FunnelSubject("onboarding", 4), NOW_MS) is None
    assert numbers.last_seen_ms(QualitySubject("received"), NOW_MS) == NOW_MS - 60_000
    for unseen in (QualitySubject("late"), MetricSubject("signups", (Segment("channel", "paid"),))):
        with pytest.raises(NotLookedUp):
            numbers.last_seen_ms(unseen, NOW_MS)


def test_gauges_grow_while_something_is_not_loaded(world: World, numbers: NumbersAtOnce) -> None:
    """They are 0 when all is settled, and say nothing of what nobody can know."""
    assert quality(numbers, "lag_seconds") == quality(numbers, "incomplete_seconds") == [0.0]
    assert quality(numbers, "silent_seconds") == [60.0]
    assert quality(numbers, "watch_seconds") == [None]
    world.appended_ms = NOW_MS - 50_000
    world.events.append([quarantined(0, "q1", "q2")])
    assert quality(numbers, "lag_seconds", now_ms=NOW_MS + 5_000) == [5.0]
    later_ms = NOW_MS + 50_000
    (lag,) = quality(numbers, "lag_seconds", now_ms=later_ms)
    assert lag is not None
    assert lag >= 50.0
    assert quality(numbers, "incomplete_seconds", now_ms=later_ms) == [50.0]
    with pytest.raises(ReadingUnavailable, match="not loaded yet"):
        quality(numbers, "silent_seconds", now_ms=later_ms)
    world.settle()
    assert quality(numbers, "lag_seconds", now_ms=later_ms) == [0.0]
