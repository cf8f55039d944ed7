"""Every kind of metric in SQL against loops over the same messages: copies, merges, late events, segments."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
from parity.metrics.counted_twice import COMPUTES, STREAM, TODAY, Both, loaded, numbers_of, question, whole
from parity.metrics.counting_by_hand import period as period_of
from parity.metrics.small_company import random_company

from metrics.asking import Ask, Bucket
from metrics.periods import buckets_of
from schemas.computes import Actives, Conversion, Count, Counter, Distinct, Retention, Sessions, Sum
from schemas.measuring import CohortQuestion, Segment
from warehouse.recount import counter_queries, parameters


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    yield from loaded(tmp_path_factory.mktemp("parity"), random_company(6))


@pytest.mark.parametrize("number", range(len(COMPUTES)))
def test_a_kind_counts_what_loops_count(number: int, both: Both) -> None:
    """Whole by days, and as random questions with segments, filters and other buckets."""
    compute, random = COMPUTES[number], Random(number)
    days = Ask(buckets_of(TODAY - timedelta(days=80), TODAY, "day", TODAY))
    for ask in (days, *(question(random, compute) for _ in range(2))):
        assert numbers_of(both.sql.compute(compute, ask)) == whole(both.hand.compute(compute, ask)), ask


def test_rolling_actives_are_those_of_the_stream(both: Both) -> None:
    """The audit's own count, which the counters of the stream must equal, day by day and for every counter."""
    counted: dict[str, dict[date, int]] = {}
    for query in counter_queries(STREAM):
        for metric, bucket, value in both.warehouse.rows(query, parameters(STREAM)):
            counted.setdefault(metric, {})[date(1970, 1, 1) + timedelta(days=bucket)] = value
    days = buckets_of(TODAY - timedelta(days=80), TODAY, "day", TODAY)
    everybody = Ask(days, (Segment("channel", "organic"),)), Ask(days, (), "channel")
    for name in ("dau", "wau", "mau", "signups", "activated", "activations"):
        compute = Counter(name, None, "sum")
        by_channel = numbers_of(both.sql.compute(compute, everybody[1]))
        added: dict[date, int] = {}
        for buckets in by_channel.values():
            for day, (value, _) in buckets.items():
                added[day] = added.get(day, 0) + int(value)
        assert added == {day: value for day, value in counted[name].items() if value and day <= TODAY}, name
        organic = numbers_of(both.sql.compute(compute, everybody[0]))
        assert list(organic.values()) == ([by_channel["organic"]] if "organic" in by_channel else [])


def test_cohorts_are_the_retention_of_each_age(both: Both) -> None:
    """A cell of the table is the numerator of the metric that asks for this age alone."""
    for period, mode, first in (("week", "on", 40), ("month", "on_or_after", 70), ("day", "on", 9)):
        asked = CohortQuestion(TODAY - timedelta(days=first), TODAY, period, 4, mode)  # type: ignore[arg-type]
        table = both.sql.cohorts(asked)
        ask = Ask(buckets_of(asked.first, asked.last, asked.period, date.min))
        for age in range(5):
            by_hand = both.hand.compute(Retention(age, asked.period, asked.mode), ask)
            expected = next(iter(by_hand.values()), {})
            for row in table.rows:
                found, size = expected.get(row.cohort, (0, 0))
                assert row.size == size
                has_begun = period_of(TODAY, period) >= period_of(row.cohort, period) + age
                assert row.cells[age] == (found if has_begun else None)
                assert row.is_running[age] == (period_of(TODAY, period) == period_of(row.cohort, period) + age)


@pytest.mark.parametrize("number", range(len(COMPUTES)))
def test_members_add_up_to_the_number(number: int, both: Both) -> None:
    """Whoever is listed behind a number, with what each contributed, is that number."""
    compute = COMPUTES[number]
    ask = Ask([Bucket(TODAY - timedelta(days=50), TODAY)], (Segment("channel", "organic"),))
    members = both.sql.members(compute, ask, 1000)
    assert len({member.id for member in members}) == len(members)
    (expected,) = [*both.hand.compute(compute, ask).values()] or [{}]
    numerator, denominator = next(iter(expected.values()), (0, 0))
    contributed = sum(member.contribution for member in members)
    if isinstance(compute, Count | Distinct | Sum | Conversion | Retention | Sessions) and denominator is None:
        is_distinct = isinstance(compute, Distinct) and not compute.first
        assert (len(members) if is_distinct else contributed) == numerator
    elif isinstance(compute, Conversion | Retention):
        assert (contributed, len(members)) == (numerator, denominator)
    elif isinstance(compute, Actives):
        assert len(members) == numerator
    assert both.sql.members(compute, ask, 2, 1) == members[1:3]
    assert all(member.attributes["channel"] == "organic" for member in members if member.id[1] == ":")
