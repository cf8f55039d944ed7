"""Subscriptions in a real engine: from events as a collector writes them to the parts of the balance."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from metrics.account_dimensions import AccountDimensions
from metrics.asking import WHOLE, Ask, Bucket
from metrics.dimensions import Dimensions
from metrics.subscription_events import SubscriptionEvents
from metrics.subscriptions import BalanceComputer
from schemas.computes import Balance, Compute, Concentration
from schemas.measuring import CohortQuestion, Segment, UnknownDimension
from warehouse.client import Warehouse

OCTOBER = Bucket(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = Bucket(date(2026, 11, 1), date(2026, 11, 30))
COLUMNS = ("message_id", "type", "event", "user_id", "group_id", "occurred_ms", "received_ms", "properties", "traits")

Send = Callable[..., None]
Computer = Callable[[], BalanceComputer]


@pytest.fixture
def send(warehouse: Warehouse) -> Send:
    """Sends one message: event or type, moment of UTC, the group it names, properties or traits."""
    sent = 0

    def send(event: str, at: str, account: str = "", /, user: str = "u1", id: str = "", **properties: Any) -> None:
        nonlocal sent
        sent += 1
        moment = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
        row = {
            "message_id": id or f"m{sent}",
            "type": event if event in ("group", "identify") else "track",
            "event": "" if event in ("group", "identify") else event,
            "user_id": user,
            "group_id": account,
            "occurred_ms": moment,
            "received_ms": moment,
            "properties": msgspec.json.encode(properties).decode(),
            "traits": msgspec.json.encode(properties).decode(),
        }
        warehouse.insert_lines("events", COLUMNS, msgspec.json.encode(row), {})

    return send


@pytest.fixture
def computer(warehouse: Warehouse) -> BalanceComputer:
    dimensions = AccountDimensions(SubscriptionEvents(warehouse, "Europe/Paris"), Dimensions((), ("industry",)))
    return BalanceComputer(warehouse, "Europe/Paris", dimensions)


def number(computer: BalanceComputer, compute: Compute, bucket: Bucket = NOVEMBER, *filters: Segment) -> Decimal | None:
    pair = computer.compute(compute, Ask([bucket], filters))[WHOLE][bucket.first]
    return pair.numerator if not pair.denominator else (pair.numerator or Decimal(0)) / pair.denominator


def test_events_become_the_parts_of_a_balance(send: Send, computer: BalanceComputer) -> None:
    """Amounts of months and years, upgrades, a cancellation: to the digit, and each change is seen at once."""
    send("Subscription Started", "2026-10-05T10:00", "acme", plan="team", mrr=0.1)
    send("Subscription Started", "2026-10-06T10:00", "globex", plan="pro", amount=100, interval="year")
    assert number(computer, Balance("end"), OCTOBER) == Decimal("8.433333333333333")
    send("Subscription Upgraded", "2026-11-02T10:00", "acme", plan="pro", mrr=0.3)
    send("Subscription Renewed", "2026-11-03T10:00", "acme", plan="pro", amount=4.8, interval="year", cause="usage")
    send("Subscription Canceled", "2026-11-04T10:00", "globex", plan="pro", mrr=8)
    parts = {part: number(computer, Balance(part)) for part in ("start", "expansion", "churn", "retained", "end")}  # type: ignore[arg-type]
    assert parts == {
        "start": Decimal("8.433333333333333"),
        "expansion": Decimal("0.3"),
        "churn": Decimal("8.333333333333333"),
        "retained": Decimal("0.4"),
        "end": Decimal("0.4"),
    }
    assert number(computer, Balance("expansion", "upgrade")) == Decimal("0.2")
    assert number(computer, Balance("expansion", "usage")) == Decimal("0.1")
    assert (computer.current_mrr("acme"), computer.current_mrr("globex")) == (Decimal("0.4"), 0)
    assert computer.left(NOVEMBER.first, NOVEMBER.last) == {"globex": date(2026, 11, 4)}


def test_days_are_those_of_the_workspace(send: Send, computer: BalanceComputer) -> None:
    """23:30 UTC on the last of October is November in Paris (winter time began on the 25th)."""
    send("Subscription Started", "2026-10-31T23:30", "acme", plan="team", mrr=10)
    assert (number(computer, Balance("end"), OCTOBER), number(computer, Balance("new"))) == (0, 10)


def test_at_one_instant_the_message_id_decides(send: Send, computer: BalanceComputer) -> None:
    """Whichever came first: the same two events in the other order of ids would leave 10."""
    send("Subscription Upgraded", "2026-11-02T10:00", "acme", id="b", plan="team", mrr=20)
    send("Subscription Started", "2026-11-02T10:00", "acme", id="a", plan="team", mrr=10)
    assert (number(computer, Balance("end")), number(computer, Balance("new"))) == (20, 10)


def test_an_account_is_the_group_of_the_event_or_of_the_persons_latest_group_call(
    send: Send, warehouse: Warehouse, computer: BalanceComputer
) -> None:
    """Else the person itself; all as known now, so that what is learnt later moves what came before."""
    send("Subscription Started", "2026-10-05T10:00", user="u1", plan="team", mrr=10)
    send("Subscription Started", "2026-10-06T10:00", user="u2", plan="team", mrr=10)
    assert sorted(computer.standing(NOVEMBER.last)) == ["u:u1", "u:u2"]
    send("group", "2026-11-06T10:00", "old", user="u1")
    send("group", "2026-11-07T10:00", "acme", user="u1")
    assert computer.standing(NOVEMBER.last) == {"acme": 10, "u:u2": 10}
    warehouse.command("INSERT INTO northstream.overrides (person_id, united_into) VALUES ('u:u2', 'u:u1')")
    assert computer.standing(NOVEMBER.last) == {"acme": 10}
    assert number(computer, Balance("customers_end")) == 1


def test_copies_of_a_message_count_once(send: Send, computer: BalanceComputer) -> None:
    """A resent payment is one payment; what a customer who left had paid is the sum of what it paid."""
    send("Subscription Started", "2026-10-05T10:00", "acme", plan="team", mrr=10)
    for _ in range(2):
        send("Payment Received", "2026-10-06T10:00", "acme", id="p1", amount=10)
    send("Payment Received", "2026-11-06T10:00", "acme", id="p2", amount=2.5)
    send("Subscription Canceled", "2026-11-07T10:00", "acme", plan="team", mrr=0)
    send("Payment Received", "2026-12-06T10:00", "acme", id="p3", amount=99)
    assert number(computer, Balance("realised_value")) == Decimal("12.5")
    ask = Ask([NOVEMBER])
    assert [(one.id, one.contribution) for one in computer.members(Balance("realised_value"), ask, 9)] == [
        ("acme", Decimal("12.5"))
    ]


def test_what_says_no_amount_changes_nothing(send: Send, computer: BalanceComputer) -> None:
    """Neither a text nor a negative amount is money; nobody is guessed to be a customer."""
    send("Subscription Started", "2026-11-02T10:00", "acme", plan="team", mrr="10")
    send("Subscription Started", "2026-11-03T10:00", "globex", plan="team", amount=-5, interval="month")
    assert number(computer, Balance("customers_end")) == 0


def test_segments_filters_and_members_are_of_accounts(send: Send, computer: BalanceComputer) -> None:
    """Segments add up to the whole; of whom nothing is said is a segment, too; members add up to the number."""
    send("group", "2026-11-01T10:00", "acme", industry="retail")
    send("Pricing Viewed", "2026-11-01T10:00", user="u2", channel="email")
    send("Pricing Viewed", "2026-11-01T11:00", user="u2", channel="ads")
    send("Subscription Started", "2026-11-02T10:00", "acme", plan="team", mrr=30)
    send("Subscription Started", "2026-11-03T10:00", "globex", user="u2", plan="team", mrr=60)
    send("Subscription Renewed", "2026-11-03T11:00", "globex", user="u3", plan="pro", mrr=60)
    send("Subscription Started", "2026-11-04T10:00", user="u4", plan="pro", mrr=10, channel="direct")

    def split(dimension: str) -> dict[str | None, Decimal | None]:
        answer = computer.compute(Balance("new"), Ask([NOVEMBER], split=dimension))
        return {segment: found[NOVEMBER.first].numerator for segment, found in answer.items()}

    assert split("industry") == {"retail": 30, None: 70}
    send("group", "2026-11-05T10:00", "globex", industry="media")
    assert split("industry") == {"retail": 30, "media": 60, None: 10}
    assert split("plan") == {"team": 30, "pro": 70}
    assert split("channel") == {"direct": 40, "email": 60}
    assert split("account") == {"acme": 30, "globex": 60, None: 10}
    assert number(computer, Balance("new"), NOVEMBER, Segment("industry", None)) == 10
    assert number(computer, Balance("new"), NOVEMBER, Segment("industry", "media"), Segment("channel", "email")) == 60
    with pytest.raises(UnknownDimension):
        split("property.plan")
    assert number(computer, Concentration(20)) == Decimal("0.6")
    ask = Ask([NOVEMBER])
    assert [(one.id, one.contribution) for one in computer.members(Balance("end"), ask, 2)] == [
        ("globex", 60),
        ("acme", 30),
    ]
    assert [one.id for one in computer.members(Balance("customers_new"), ask, 9, 1)] == ["acme", "u:u4"]
    (globex,) = computer.members(Concentration(20), ask, 9)
    assert (globex.id, globex.attributes) == (
        "globex",
        {"mrr": 60.0, "channel": "email", "plan": "pro", "country": None, "industry": "media"},
    )


def test_parts_of_calendar_months_end_with_the_bucket(send: Send, computer: BalanceComputer) -> None:
    """Churn of a month is the same figure on a day's, a week's and a month's last day."""
    send("Subscription Started", "2026-09-05T10:00", "acme", plan="team", mrr=30)
    send("Subscription Started", "2026-10-05T10:00", "globex", plan="team", mrr=10)
    send("Subscription Canceled", "2026-11-09T10:00", "acme", plan="team", mrr=0)
    day = Bucket(date(2026, 11, 30), date(2026, 11, 30))
    assert number(computer, Balance("customers_lost"), day) == 0
    assert number(computer, Balance("customers_lost", months=1), day) == 1
    assert number(computer, Balance("start", months=1), day) == 40
    assert number(computer, Balance("start", months=2), day) == 30
    assert number(computer, Balance("start", months=12), day) == 0


def test_cohorts_of_customers_are_read_by_calendar_months(send: Send, computer: BalanceComputer) -> None:
    """Two came in October, one left in November; December has not begun."""
    for account in ("acme", "globex"):
        send("Subscription Started", "2026-10-05T10:00", account, plan="team", mrr=30)
    send("Subscription Canceled", "2026-11-09T10:00", "acme", plan="team", mrr=0)
    question = CohortQuestion(OCTOBER.first, NOVEMBER.last, periods=2, subject="customer")
    table = computer.cohorts(question, date(2026, 11, 20))
    assert [(row.cohort, row.size, row.cells, row.is_running) for row in table.rows] == [
        (OCTOBER.first, 2, [2, 1, None], [False, True, False]),
        (NOVEMBER.first, 0, [0, None, None], [True, False, False]),
    ]
    assert table.average == [1.0, None, None]


def test_the_channel_of_an_account_is_its_buyers_first_touch(
    send: Send, warehouse: Warehouse, computer: BalanceComputer
) -> None:
    """Of whatever the buyer was before it was known who it is; not that of colleagues who came later to pay."""
    send("Pricing Viewed", "2026-10-01T10:00", user="visitor", channel="social")
    send("Pricing Viewed", "2026-10-02T10:00", user="buyer", channel="email")
    send("Pricing Viewed", "2026-09-01T10:00", user="colleague", channel="ads")
    send("Subscription Started", "2026-10-05T10:00", "acme", user="buyer", plan="team", mrr=10)
    send("Payment Received", "2026-10-06T10:00", "acme", user="colleague", amount=10)
    warehouse.command("INSERT INTO northstream.overrides (person_id, united_into) VALUES ('u:visitor', 'u:buyer')")
    assert set(computer.compute(Balance("end"), Ask([NOVEMBER], split="channel"))) == {"social"}
