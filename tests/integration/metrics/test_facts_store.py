"""Facts in a real engine: versions, what counts, what buckets make of them, to the digit."""

from datetime import date
from decimal import Decimal

import pytest

from metrics.asking import WHOLE, Ask, Bucket, Pair
from metrics.facts import FactComputer, FactStore
from schemas.computes import Fact
from schemas.measuring import FactRow, Segment, UnknownDimension
from warehouse.client import Warehouse

OCTOBER = Bucket(date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = Bucket(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Bucket(date(2026, 12, 1), date(2026, 12, 31))
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def spend(day: date, value: str, channel: str = "", category: str = "marketing", fact: str = "spend") -> FactRow:
    return FactRow(fact, day, Decimal(value), category, channel, "test")


@pytest.fixture
def store(engine: Warehouse) -> FactStore:
    engine.command("TRUNCATE TABLE northstream.facts")
    return FactStore(engine)


def pairs(store: FactStore, fact: Fact, split: str = "", *filters: Segment) -> dict[str | None, dict[int, Pair]]:
    answer = FactComputer(store).compute(fact, Ask([OCTOBER, NOVEMBER, DECEMBER], filters, split))
    return {key: {first.month: pair for first, pair in found.items()} for key, found in answer.items()}


def test_the_highest_version_of_a_fact_counts_and_all_stay_readable(store: FactStore) -> None:
    """A correction changes the number and leaves what was said before; the same again changes nothing."""
    day = NOVEMBER.first
    assert store.write([spend(day, "10.01"), spend(day, "5", "ads")]) == 2
    assert store.write([spend(day, "10.02"), spend(day, "5.00", "ads")]) == 1
    assert store.write([spend(day, "10.02")]) == 0
    assert [row.value for row in store.read("spend", *YEAR)] == [Decimal("10.02"), 5]
    told = [(one.version, one.row.channel, one.row.value) for one in store.versions("spend", *YEAR)]
    assert told == [(1, "", Decimal("10.01")), (2, "", Decimal("10.02")), (1, "ads", 5)]
    assert store.names() == ["spend"]


def test_no_digit_is_lost_on_the_way_through_the_warehouse(store: FactStore) -> None:
    """Money is Decimal end to end: 18 digits before the point and 10 after it come back as they went."""
    value = "-123456789012345678.0123456789"
    store.write([spend(NOVEMBER.first, value)])
    assert pairs(store, Fact("spend")) == {WHOLE: {11: Pair(Decimal(value))}}


def test_a_sum_takes_the_days_of_its_bucket_and_the_categories_and_channels_asked_for(store: FactStore) -> None:
    """A bucket that nobody said anything about has no value: it is not known that nothing was spent."""
    store.write(
        [
            spend(OCTOBER.last, "0.1"),
            spend(NOVEMBER.first, "0.2"),
            spend(NOVEMBER.last, "0.1", "ads"),
            spend(NOVEMBER.last, "7", "ads", "sales"),
            spend(NOVEMBER.last, "99", fact="cash"),
        ]
    )
    assert pairs(store, Fact("spend")) == {WHOLE: {10: Pair(Decimal("0.1")), 11: Pair(Decimal("7.3"))}}
    assert pairs(store, Fact("spend", categories=("marketing",))) == {
        WHOLE: {10: Pair(Decimal("0.1")), 11: Pair(Decimal("0.3"))}
    }
    assert pairs(store, Fact("spend", channels=("ads",))) == {WHOLE: {11: Pair(Decimal("7.1"))}}
    assert pairs(store, Fact("spend"), "channel") == {
        None: {10: Pair(Decimal("0.1")), 11: Pair(Decimal("0.2"))},
        "ads": {11: Pair(Decimal("7.1"))},
    }
    assert pairs(store, Fact("spend"), "", Segment("channel", None)) == {
        WHOLE: {10: Pair(Decimal("0.1")), 11: Pair(Decimal("0.2"))}
    }


def test_the_last_is_that_of_each_category_and_channel_on_or_before_the_end(store: FactStore) -> None:
    """A balance holds until another one is told: of each bank account the latest, added up."""
    store.write(
        [
            spend(OCTOBER.first, "100", category="bank a", fact="cash"),
            spend(NOVEMBER.first, "40", category="bank a", fact="cash"),
            spend(NOVEMBER.last, "7", category="bank b", fact="cash"),
        ]
    )
    assert pairs(store, Fact("cash", "last")) == {
        WHOLE: {10: Pair(Decimal(100)), 11: Pair(Decimal(47)), 12: Pair(Decimal(47))}
    }
    assert pairs(store, Fact("cash", "mean")) == {
        WHOLE: {10: Pair(Decimal(100), Decimal(1)), 11: Pair(Decimal(47), Decimal(2))}
    }


def test_a_fact_has_no_plan_or_country(store: FactStore) -> None:
    """Splitting it by what nobody said would be a guess; the message says by what it can."""
    with pytest.raises(UnknownDimension, match="category, channel, source"):
        pairs(store, Fact("spend"), "plan")
