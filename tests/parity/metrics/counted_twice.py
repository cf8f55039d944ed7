"""A small company in the warehouse and in memory, the kinds of metrics, and random questions about them.

Does not compare.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from parity.metrics.counting_by_hand import ByHand, Numbers
from parity.metrics.small_company import NOW_MS, TIMEZONE, Company

from metrics.asking import Answer, Ask, Bucket
from metrics.dimensions import Dimensions
from metrics.events import EventComputer
from metrics.periods import buckets_of
from schemas.checkpoints import OverrideRow
from schemas.computes import (
    Actives,
    Compute,
    Condition,
    Conversion,
    Count,
    Distinct,
    EventSet,
    Mean,
    Retention,
    Sessions,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import StreamDefinitions
from schemas.measuring import Segment
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.people_store import PeopleStore

TODAY = date(2025, 11, 20)
PERSON_TRAITS, GROUP_TRAITS = ("role", "plan", "country"), ("industry", "size", "country")
COLUMNS = (
    *("message_id", "type", "event", "user_id", "anonymous_id", "group_id", "occurred_ms", "received_ms"),
    *("properties", "traits", "context"),
)
STREAM = StreamDefinitions(
    timezone=TIMEZONE,
    active_types=frozenset(("track", "page", "screen")),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(("Project Created", "Task Completed")),
    core_actions_needed=2,
)


def named(*events: str, **where: Any) -> EventSet:
    conditions = tuple(Condition(name, *said) for name, said in where.items())
    return EventSet(events=events, where=conditions)


TASK, SIGNUP, SURVEY = named("Task Completed"), named("Account Created"), named("Survey Answered")
ANYTHING = EventSet(types=("track", "page", "screen"))
ACTIVE = EventSet(active=True)

COMPUTES: Sequence[Compute] = (
    Count(TASK),
    Count(named("Survey Answered", score=(">=", (9.0,)))),
    Count(named("Feature Used", feature=("in", ("board", "export")), score=("!=", (3.0,)))),
    Count(named("Feature Used", feature=("not in", ("board",)), amount=("<", (50.0,)))),
    Count(named("Feature Used", amount=("=", (True,)))),
    Count(named("Ticket Opened", ticket=("=", ("6",)))),
    Count(named("Ticket Opened", ticket=(">", ("t2",)))),
    Count(EventSet(types=("page",))),
    Distinct(TASK),
    Distinct(ACTIVE, "account"),
    Distinct(SIGNUP, first=True),
    Distinct(ANYTHING, first=True),
    Distinct(named("Subscription Started"), "account", first=True),
    Sum(named("Feature Used", "Task Completed"), "amount"),
    Mean(SURVEY, "score"),
    Actives(TASK, 7),
    Actives(ACTIVE, 3, "account"),
    Actives(ANYTHING, 30),
    Conversion(SIGNUP, named("Subscription Started"), within_seconds=14 * 86_400),
    Conversion(SIGNUP, TASK, "account"),
    Conversion(TASK, TASK, within_seconds=86_400),
    TimeBetween(SIGNUP, TASK),
    TimeBetween(SIGNUP, TASK, "account", "mean"),
    TimeBetween(named("Ticket Opened"), named("Ticket Resolved"), pair_by="ticket"),
    Retention(7),
    Retention(1, "day", "on_or_after", cohort=ANYTHING),
    Retention(1, "week"),
    Retention(1, "month", "on_or_after", activity=TASK),
    Sessions("count"),
    Sessions("per_person"),
    Sessions("duration"),
    Sessions("bounces"),
    UsageInterval(),
)
DIMENSIONS = ("channel", "plan", "country", "account", "role", "industry", "property.feature", "property.score")
OF_PEOPLE = (Sessions, UsageInterval)


@dataclass(frozen=True)
class Queried:
    """The warehouse as the package `metrics` reads it."""

    warehouse: Warehouse

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return self.warehouse.rows(sql, parameters)


@dataclass(frozen=True)
class Both:
    """A company in the warehouse and in memory."""

    sql: EventComputer
    hand: ByHand
    warehouse: Warehouse


def loaded(path: Path, company: Company) -> Iterator[Both]:
    warehouse = Warehouse.embedded(path, size=2)
    migrate(warehouse)
    third = len(company.messages) // 3 + 1
    for first in range(0, len(company.messages), third):
        lines = "".join(one.line + "\n" for one in company.messages[first : first + third])
        warehouse.insert_lines("events", COLUMNS, lines.encode(), {})
    PeopleStore(warehouse).write_overrides([OverrideRow(own, target) for own, target in company.united.items()])
    sql = EventComputer(Queried(warehouse), STREAM, Dimensions(PERSON_TRAITS, GROUP_TRAITS), lambda: NOW_MS)
    yield Both(sql, ByHand(company, STREAM, PERSON_TRAITS, GROUP_TRAITS), warehouse)
    warehouse.close()


def numbers_of(answer: Answer) -> Numbers:
    return {
        segment: {first: (pair.numerator, pair.denominator) for first, pair in buckets.items() if says_something(pair)}
        for segment, buckets in answer.items()
        if any(says_something(pair) for pair in buckets.values())
    }


def says_something(pair: Any) -> bool:
    """A level of 0 is as good as no level."""
    return pair.denominator is not None or bool(pair.numerator)


def whole(numbers: Numbers) -> Numbers:
    kept = {
        segment: {first: pair for first, pair in buckets.items() if pair[1] is not None or pair[0]}
        for segment, buckets in numbers.items()
    }
    return {segment: buckets for segment, buckets in kept.items() if buckets}


def question(random: Random, compute: Compute) -> Ask:
    """Days, weeks, months or odd stretches; whole, split, filtered, or both."""
    first = TODAY - timedelta(days=random.choice((12, 40, 70)))
    grain = random.choice(("day", "week", "month", "odd"))
    if grain == "odd":
        buckets = [Bucket(first, first + timedelta(days=4)), Bucket(first + timedelta(days=8), TODAY)]
    else:
        buckets = buckets_of(first, TODAY, grain, TODAY)  # type: ignore[arg-type]
    filters, split = segments(random, compute)
    told = (*random.sample(("organic", "pro", "FR", "acme1", "acme2", "board", "9"), 3), *random.sample((None, "x"), 1))
    return Ask(buckets, filters, split, told if split and random.random() < 0.4 else None)


def segments(random: Random, compute: Compute) -> tuple[tuple[Segment, ...], str]:
    known = [one for one in DIMENSIONS if not (isinstance(compute, OF_PEOPLE) and one.startswith("property."))]
    split = random.choice(known) if random.random() < 0.5 else ""
    values = {"channel": "organic", "plan": "pro", "country": "FR", "account": "acme1", "role": "owner"}
    narrowed = random.choice(known)
    filters = (Segment(narrowed, random.choice((None, values.get(narrowed, "board")))),)
    return filters if random.random() < 0.4 else (), split
