"""Experiments, and what the best customers do, in a real engine: from events to what became of people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from metrics.asked_rows import Asked
from metrics.asking import Ask, Bucket
from metrics.best_and_churned import best_and_churned
from metrics.dimensions import Dimensions
from metrics.experiments import outcomes
from metrics.funnel_reach import funnel_reach
from schemas.calendar import day_number
from schemas.definitions import StreamDefinitions
from schemas.measuring import ActionContrast, FunnelReach, Segment, VariantOutcome
from warehouse.client import Warehouse

NOVEMBER = Bucket(date(2026, 11, 1), date(2026, 11, 30))
NOW_MS = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
COLUMNS = ("message_id", "type", "event", "user_id", "group_id", "occurred_ms", "received_ms", "properties")
STREAM = StreamDefinitions("UTC", frozenset(("track",)), frozenset(), "Account Created", frozenset())

Send = Callable[..., None]


@dataclass
class Paying:
    """Who pays what, by the day since which it holds; who left when."""

    since: dict[date, dict[str, Decimal]] = field(default_factory=dict)
    gone: dict[str, date] = field(default_factory=dict)

    def standing(self, day: date) -> Mapping[str, Decimal]:
        return next((self.since[start] for start in sorted(self.since, reverse=True) if start <= day), {})

    def left(self, first: date, last: date) -> Mapping[str, date]:
        return {account: day for account, day in self.gone.items() if first <= day <= last}


@pytest.fixture
def send(warehouse: Warehouse) -> Send:
    """Sends one track call: event, moment of UTC, who, of which group."""
    sent = 0

    def send(event: str, at: str, user: str, account: str = "", /, id: str = "", **properties: Any) -> None:
        nonlocal sent
        sent += 1
        moment = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
        row = {
            "message_id": id or f"m{sent}",
            "type": "track",
            "event": event,
            "user_id": user,
            "group_id": account,
            "occurred_ms": moment,
            "received_ms": moment,
            "properties": msgspec.json.encode(properties).decode(),
        }
        warehouse.insert_lines("events", COLUMNS, msgspec.json.encode(row), {})

    return send


def asked() -> Asked:
    return Asked(Ask([NOVEMBER]), STREAM, Dimensions(), NOW_MS)


def test_only_conversions_after_the_first_exposure_count(send: Send, warehouse: Warehouse) -> None:
    """Whoever converted before, or was first exposed before the range, does not; the first variant seen counts."""
    view = {"experiment": "checkout"}
    send("Experiment Viewed", "2026-11-03T10:00", "ana", **view, variant="b")
    send("Experiment Viewed", "2026-11-05T10:00", "ana", **view, variant="a")
    send("Trial Started", "2026-11-04T10:00", "ana")
    send("Experiment Viewed", "2026-11-03T10:00", "ben", **view, variant="a")
    send("Trial Started", "2026-11-02T10:00", "ben")
    send("Experiment Viewed", "2026-11-03T10:00", "cleo", **view, variant="a")
    send("Trial Started", "2026-11-03T10:00", "cleo")
    send("Experiment Viewed", "2026-10-30T10:00", "dan", **view, variant="a")
    send("Experiment Viewed", "2026-11-06T10:00", "dan", **view, variant="a")
    send("Experiment Viewed", "2026-11-06T10:00", "eve", **view)
    send("Experiment Viewed", "2026-11-06T10:00", "fay", experiment="other", variant="a")
    found = outcomes(warehouse, asked(), Paying(), "checkout", "Trial Started")
    assert found == [VariantOutcome("a", 2, 1), VariantOutcome("b", 1, 1)]


def test_revenue_is_that_of_the_accounts_that_were_exposed(send: Send, warehouse: Warehouse) -> None:
    """An account counts once, for its person that was exposed first; those that paid before may churn."""
    view = {"experiment": "checkout"}
    send("Experiment Viewed", "2026-11-03T10:00", "ana", "acme", **view, variant="b")
    send("Experiment Viewed", "2026-11-04T10:00", "ben", "acme", **view, variant="a")
    send("Experiment Viewed", "2026-11-05T10:00", "cleo", "globex", **view, variant="b")
    send("Experiment Viewed", "2026-11-06T10:00", "dan", "initech", **view, variant="a")
    paying = Paying(
        {
            date(2026, 10, 1): {"acme": Decimal(10), "globex": Decimal(5)},
            date(2026, 11, 20): {"acme": Decimal("12.5"), "initech": Decimal(7)},
        }
    )
    found = outcomes(warehouse, asked(), paying, "checkout", "Trial Started")
    assert found == [
        VariantOutcome("a", 2, 0, customers=1, mrr=Decimal(7)),
        VariantOutcome("b", 2, 0, customers=1, mrr=Decimal("12.5"), customers_before=2, churned=1),
    ]


def test_merged_people_are_one_exposed_person(send: Send, warehouse: Warehouse) -> None:
    """Also when the exposure was on the one device and the conversion on the other."""
    send("Experiment Viewed", "2026-11-03T10:00", "ana", experiment="x", variant="a")
    send("Trial Started", "2026-11-04T10:00", "ann")
    warehouse.command("INSERT INTO northstream.overrides (person_id, united_into) VALUES ('u:ann', 'u:ana')")
    assert outcomes(warehouse, asked(), Paying(), "x", "Trial Started") == [VariantOutcome("a", 1, 1)]


def test_the_best_customers_are_held_against_those_who_left(send: Send, warehouse: Warehouse) -> None:
    """The top fifth by MRR, rounded up, in the last 90 days; those who left in the 90 days before they did."""
    accounts = {f"c{n}": Decimal(n) for n in range(1, 7)}
    paying = Paying({date(2026, 1, 1): accounts}, {"gone": date(2026, 11, 10), "earlier": date(2026, 10, 10)})
    send("Report Shared", "2026-11-03T10:00", "a", "c6")
    send("Report Shared", "2026-10-03T10:00", "b", "c5")
    send("Report Shared", "2026-11-03T10:00", "c", "c4")
    send("Task Completed", "2026-09-01T10:00", "a", "c6")
    send("Task Completed", "2026-08-11T10:00", "d", "gone")
    send("Subscription Canceled", "2026-11-10T10:00", "d", "gone")
    send("Ticket Opened", "2026-11-09T10:00", "d", "gone")
    send("Ticket Opened", "2026-11-10T10:00", "d", "gone", id="too late, and only once anyway")
    send("Ticket Opened", "2026-10-09T10:00", "e", "earlier")
    found = best_and_churned(warehouse, asked(), paying)
    assert (found.best, found.churned) == (2, 1)
    assert found.actions == [ActionContrast("Report Shared", 2, 0), ActionContrast("Ticket Opened", 0, 1)]


def test_without_customers_there_is_nothing_to_compare(warehouse: Warehouse) -> None:
    """No division by nothing, no statement at all."""
    found = best_and_churned(warehouse, asked(), Paying())
    assert (found.best, found.churned, found.actions) == (0, 0, [])
    assert outcomes(warehouse, asked(), Paying(), "x", "Trial Started") == []


def test_a_funnel_of_a_segment_counts_the_entries_of_its_persons(send: Send, warehouse: Warehouse) -> None:
    """By entry day and step; a person counts once over the range, by the furthest step of any entry."""
    send("Pricing Viewed", "2026-11-01T10:00", "ana", channel="ads")
    send("Pricing Viewed", "2026-11-01T10:00", "ben", channel="search")
    day = day_number(date(2026, 11, 3))
    warehouse.command(
        "INSERT INTO northstream.checkpoint_headers (partition, epoch, nonce, version, lineage) "
        "VALUES (0, 1, 1, 9, [(1, 1, 9)])"
    )
    for number, (person, entered, times) in enumerate(
        [("u:ana", day, "[1000, 4000]"), ("u:ana", day + 1, "[1000]"), ("u:ben", day, "[1000, 2000, 3000]")], start=1
    ):
        warehouse.command(
            "INSERT INTO northstream.funnel_entries (partition, person_id, funnel, day, tag, times_ms) "
            f"VALUES (0, '{person}', 'onboarding', {entered}, (1, 1, {number}), {times})"
        )
    ads = Asked(Ask([NOVEMBER], (Segment("channel", "ads"),)), STREAM, Dimensions(), NOW_MS)
    found = funnel_reach(warehouse, ads, "onboarding", 4)
    assert found == FunnelReach(
        {date(2026, 11, 3): [1, 1, 0, 0], date(2026, 11, 4): [1, 0, 0, 0]}, [1, 1, 0, 0], [None, 3.0, None, None]
    )
    nobody = Asked(Ask([NOVEMBER], (Segment("channel", "none"),)), STREAM, Dimensions(), NOW_MS)
    assert funnel_reach(warehouse, nobody, "onboarding", 4) == FunnelReach({}, [0] * 4, [None] * 4)
