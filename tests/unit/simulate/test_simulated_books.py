"""The simulated company's books: every fact that the default metrics ask for, closed to the day, and reproducible.

Does not send them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from schemas.compute_walk import parts_of
from schemas.computes import Fact
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace
from simulate.books import BookedFact
from simulate.company import Company

Messages = Sequence[dict[str, Any]]


@pytest.fixture(scope="module")
def facts(company: Company, history: Messages) -> Sequence[BookedFact]:
    assert history
    return list(company.books.facts)


def test_no_metric_of_the_default_workspace_waits_for_a_fact_in_vain(facts: Sequence[BookedFact]) -> None:
    """Each fact, category and channel that a metric names is in the books of each of the last months."""
    parts = [part for metric in load_workspace(DEFAULT_WORKSPACE).metrics for part in parts_of(metric.compute)]
    wanted = {part for part in parts if isinstance(part, Fact)}
    assert len(wanted) > 15
    july = {(fact.fact, fact.category) for fact in facts if fact.day.startswith("2026-07")}
    for fact in wanted:
        for category in fact.categories or {found for name, found in july if name == fact.fact}:
            assert (fact.fact, category) in july, (fact.fact, category)
    assert {fact.fact for fact in facts} == {fact.fact for fact in wanted}


def test_every_day_is_booked_once(facts: Sequence[BookedFact]) -> None:
    """One row for each fact, category and channel of a day; no day is left out."""
    assert len({(fact.fact, fact.day, fact.category, fact.channel) for fact in facts}) == len(facts)
    days = sorted({fact.day for fact in facts})
    first = date(2026, 3, 2)
    assert days == [(first + timedelta(days=number)).isoformat() for number in range(len(days))]
    assert days[-1] == "2026-08-31"


def test_cash_moves_by_what_comes_in_and_goes_out(facts: Sequence[BookedFact]) -> None:
    """The balance of a day is that of the day before, plus cash in, minus cash out, to the cent."""
    by_day: dict[str, dict[str, float]] = defaultdict(dict)
    for fact in facts:
        by_day[fact.day][fact.fact] = fact.value
    days = sorted(by_day)
    for before, today in pairwise(days):
        moved = by_day[today]["cash_in"] - by_day[today]["cash_out"]
        assert by_day[today]["cash"] - by_day[before]["cash"] == pytest.approx(moved, abs=0.03)


def test_the_same_seed_gives_the_same_books_and_days_to_come_can_be_booked() -> None:
    """Books depend on seed and history alone; a company that only has live traffic is booked day by day."""
    end_ms = int(datetime(2026, 4, 10, 12, tzinfo=UTC).timestamp() * 1000)
    one, other = (Company(3, date(2026, 3, 2), end_ms, 100) for _ in range(2))
    for company in (one, other):
        assert list(company.messages())
    assert one.books.facts == other.books.facts
    known = len(one.books.facts)
    one.close_books(end_ms)
    assert len(one.books.facts) == known
    one.close_books(end_ms + 2 * 86_400_000)
    assert {fact.day for fact in one.books.facts[known:]} == {"2026-04-11", "2026-04-12"}
