"""Customers at risk and funnels by segment, over a real engine."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from integration.warehouse.published import OWNER, header, publish

from metrics.asking import WHOLE, Ask, Bucket, Pair
from metrics.dimensions import Dimensions
from metrics.events import EventComputer
from metrics.periods import buckets_of
from schemas.calendar import day_number
from schemas.checkpoints import FunnelRow, OverrideRow, Tag
from schemas.computes import AtRisk, FunnelConversion
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.measuring import Segment, UnknownDimension
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
STEPS = tuple(FunnelStep(name, {"en": name}) for name in ("Pricing Viewed", "Account Created", "Project Created"))
STREAM = StreamDefinitions(
    "UTC",
    frozenset(("track",)),
    frozenset(),
    "Account Created",
    frozenset(),
    funnels=(FunnelDefinition("onboarding", {"en": "Onboarding"}, 7 * 86_400, STEPS),),
)
MRR = {
    name: Decimal(10 * place) for place, name in enumerate(("busy", "idle", "halved", "sad", "new", "gone"), start=1)
}


def message(number: int, account: str, days_ago: int, **fields: Any) -> dict[str, Any]:
    at = round(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp() * 1000) - days_ago * 86_400_000
    given = {"type": "track", "event": "Task Completed", "user_id": f"of-{account}", "group_id": account} | fields
    return {"message_id": f"m{number}", "occurred_ms": at, "received_ms": at} | given


def survey(number: int, account: str, days_ago: int, score: int, kind: str = "nps") -> dict[str, Any]:
    return message(
        number, account, days_ago, event="Survey Answered", properties={"kind": kind, "score": score}, group_id=""
    )


def history() -> list[dict[str, Any]]:
    used = [("busy", 1), ("busy", 40), ("busy", 41), ("busy", 2), ("new", 3), ("idle", 30), ("idle", 31), ("sad", 5)]
    used += [("halved", 10), ("halved", 35), ("halved", 59), ("busy", 0)]
    messages = [message(number, account, days) for number, (account, days) in enumerate(used)]
    messages += [
        message(100 + number, account, 90, type="group", event="", traits={"industry": "media", "owner": "ann"})
        for number, account in enumerate(MRR)
    ]
    answers = [
        ("sad", 20, 9, "nps"),
        ("sad", 4, 6, "nps"),
        ("busy", 20, 2, "nps"),
        ("busy", 4, 7, "nps"),
        ("new", 1, 1, "csat"),
    ]
    return messages + [survey(200 + number, *answer) for number, answer in enumerate(answers)]


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventComputer]:
    warehouse = Warehouse.embedded(tmp_path_factory.mktemp("risks"), size=1)
    migrate(warehouse)
    rows = history() + visits()
    for row in rows:
        lines = (json.dumps(row) + "\n").encode()
        warehouse.insert_lines("events", list(row), lines, {})
    publish_funnel(PeopleStore(warehouse))
    now = round(datetime(2026, 11, 20, 18, tzinfo=UTC).timestamp() * 1000)
    dimensions = Dimensions(("role",), ("industry",))
    size = {"gone": "small", "sad": "large", "busy": "large"}
    yield EventComputer(warehouse, STREAM, dimensions, lambda: now, None, lambda day: MRR, lambda dimension: size)
    warehouse.close()


def visits() -> list[dict[str, Any]]:
    """Two visitors by e-mail, one of whom is known by now, and one who came directly."""
    mail = {"campaign": {"medium": "email"}}
    by = {"type": "page", "event": "", "group_id": "", "user_id": ""}
    return [
        message(300, "", 200, **by, anonymous_id="d1", context=mail),
        message(301, "", 200, **by, anonymous_id="d2", context=mail),
        message(302, "", 200, **by, anonymous_id="d3", context={}),
    ]


def publish_funnel(store: PeopleStore) -> None:
    store.write_overrides([OverrideRow("d:d1", "u:eve")])
    entered = [
        ("u:eve", TODAY - 9 * DAY, 3),
        ("u:eve", TODAY - DAY, 1),
        ("d:d2", TODAY - 9 * DAY, 2),
        ("d:d3", TODAY, 2),
    ]
    tag = Tag(*OWNER, 1)
    store.write_funnels(
        [FunnelRow(0, who, "onboarding", day_number(day), tag, list(range(steps))) for who, day, steps in entered]
    )
    store.write_headers([header(0, OWNER, 1)])
    counted: dict[str, dict[date, int]] = {}
    for _, day, steps in entered:
        for step in range(1, steps + 1):
            days = counted.setdefault(f"funnel:onboarding:{step}", {})
            days[day] = days.get(day, 0) + 1
    publish(store, counted)


def test_a_customer_is_at_risk_for_named_reasons(computer: EventComputer) -> None:
    """Idle for 30 days, half the messages of the 30 days before, or a detractor by the latest answer."""
    members = computer.members(AtRisk(30), Ask([Bucket(TODAY, TODAY)]), 10)
    told = {one.id: (one.contribution, one.attributes["reasons"], one.attributes["last_active"]) for one in members}
    assert told == {
        "gone": (Decimal(60), ["idle"], None),
        "sad": (Decimal(40), ["detractor"], "2026-11-16"),
        "halved": (Decimal(30), ["halved"], "2026-11-10"),
        "idle": (Decimal(20), ["idle", "halved"], "2026-10-21"),
    }
    assert [one.id for one in members] == ["gone", "sad", "halved", "idle"]
    assert members[1].attributes["owner"] == "ann"
    assert computer.members(AtRisk(30), Ask([Bucket(TODAY, TODAY)]), 1, 1) == members[1:2]


def test_their_number_is_known_for_every_day(computer: EventComputer) -> None:
    """As of the end of each day, from one look at the past."""
    days = [TODAY - 5 * DAY, TODAY - 4 * DAY, TODAY - DAY, TODAY]
    found = computer.compute(AtRisk(30), Ask([Bucket(day, day) for day in days]))[WHOLE]
    for day in days:
        members = computer.members(AtRisk(30), Ask([Bucket(day, day)]), 10)
        assert found[day] == Pair(Decimal(len(members)))
    assert [int(pair.numerator or 0) for pair in found.values()] == [4, 4, 3, 4]


def test_customers_at_risk_are_split_by_what_is_known_of_accounts(computer: EventComputer) -> None:
    """The same that customers and MRR are split by; a segment without anybody at risk says 0."""
    today = [Bucket(TODAY, TODAY)]
    found = computer.compute(AtRisk(30), Ask(today, (), "industry"))
    assert {segment: int(pairs[TODAY].numerator or 0) for segment, pairs in found.items()} == {
        "small": 1,
        "large": 1,
        None: 2,
    }
    large = Ask(today, (Segment("industry", "large"),))
    assert computer.compute(AtRisk(30), large) == {WHOLE: {TODAY: Pair(Decimal(1))}}
    assert [(one.id, one.attributes["industry"]) for one in computer.members(AtRisk(30), large, 5)] == [
        ("sad", "large")
    ]
    with pytest.raises(UnknownDimension):
        computer.compute(AtRisk(30), Ask(today, (), "property.feature"))


def test_a_funnel_by_segment_counts_the_entries_of_its_people(computer: EventComputer) -> None:
    """Segments add up to the published counters; an open window matures."""
    compute = FunnelConversion("onboarding", 2)
    ask = Ask(buckets_of(TODAY - 10 * DAY, TODAY, "day", TODAY))
    whole = computer.compute(compute, ask)[WHOLE]
    split = computer.compute(compute, Ask(ask.buckets, (), "channel"))
    early, late = TODAY - 9 * DAY, TODAY
    assert whole[early] == Pair(Decimal(2), Decimal(2))
    assert split == {
        "email": {early: Pair(Decimal(2), Decimal(2)), TODAY - DAY: Pair(Decimal(0), Decimal(1), True)},
        "direct": {late: Pair(Decimal(1), Decimal(1), True)},
    }
    members = computer.members(FunnelConversion("onboarding", 3), Ask([Bucket(early, late)]), 5)
    assert [(one.id, one.contribution, one.attributes["channel"]) for one in members] == [("u:eve", 1, "email")]
