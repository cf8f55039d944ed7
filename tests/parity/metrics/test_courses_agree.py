"""How values came about within their buckets, against the values themselves and loops over the same messages."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise

import pytest
from parity.metrics.counted_twice import (
    GROUP_TRAITS,
    PERSON_TRAITS,
    STREAM,
    TODAY,
    Both,
    Queried,
    loaded,
    named,
    numbers_of,
)
from parity.metrics.small_company import NOW_MS, Company, random_company

from metrics.asking import WHOLE, Ask
from metrics.courses import CourseReader
from metrics.dimensions import Dimensions
from metrics.periods import buckets_of
from schemas.alerts import FunnelSubject, MetricSubject, QualitySubject
from schemas.calendar import Calendar, day_number
from schemas.catalogue import MetricDefinition
from schemas.computes import Actives, Compute, Count, Counter, Distinct, EventSet, Mean, Ratio, Sum
from schemas.courses import Silence
from schemas.measuring import Segment

TASK, ACTIVE = named("Task Completed"), EventSet(active=True)
KNOWN: Mapping[str, Compute] = {
    "tasks": Count(TASK),
    "people": Distinct(TASK),
    "accounts": Distinct(ACTIVE, "account"),
    "new": Distinct(named("Account Created"), first=True),
    "amount": Sum(named("Feature Used", "Task Completed"), "amount"),
    "score": Mean(named("Survey Answered"), "score"),
    "active": Counter("dau", None, "last_day"),
    "joined": Counter("signups"),
    "woken": Counter("activated", matures=True),
    "acting": Counter("activations"),
}
ORGANIC = (Segment("channel", "organic"),)
DAYS = 40


@pytest.fixture(scope="module")
def company() -> Company:
    return random_company(11)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, company: Company) -> Iterator[Both]:
    yield from loaded(tmp_path_factory.mktemp("courses"), company)


@pytest.fixture(scope="module")
def courses(both: Both) -> CourseReader:
    computes = {**KNOWN, "per_head": Ratio("tasks", "people"), "rolling": Actives(TASK, 7)}
    metrics = {name: MetricDefinition(name, {}, {}, "count", "", compute) for name, compute in computes.items()}
    dimensions = Dimensions(PERSON_TRAITS, GROUP_TRAITS)
    return CourseReader(Queried(both.warehouse), STREAM, dimensions, lambda: NOW_MS, lambda: metrics)


@pytest.mark.parametrize("name", KNOWN)
def test_a_course_ends_with_the_value(name: str, both: Both, courses: CourseReader) -> None:
    """Of organic visitors, by day: nothing at the beginning, and in the end what the metric says."""
    first, calendar = TODAY - timedelta(days=DAYS), Calendar(STREAM.timezone)
    found = courses.course(MetricSubject(name, ORGANIC), first, TODAY, "day")
    assert found is not None
    asked = Ask(buckets_of(first, TODAY, "day", TODAY), ORGANIC)
    expected = numbers_of(both.sql.compute(KNOWN[name], asked)).get(WHOLE, {})
    assert list(found) == [bucket.first for bucket in asked.buckets]
    for day, points in found.items():
        numerator, denominator = expected.get(day, (0, None))
        value = numerator if denominator is None else numerator / denominator
        times = [point.at_ms for point in points]
        assert times == sorted(times)
        assert times[0] == calendar.start_of(day_number(day))
        assert points[0].value in (0, None)
        assert (points[-1].value or 0) == pytest.approx(float(value or 0)), day
        if name not in ("woken",):
            assert times[-1] < calendar.start_of(day_number(day) + 1)


def test_weeks_hold_each_person_once(both: Both, courses: CourseReader) -> None:
    """A week's course is not that of its days one after the other."""
    first = TODAY - timedelta(days=DAYS)
    found = courses.course(MetricSubject("people"), first, TODAY, "week")
    assert found is not None
    weeks = buckets_of(first, TODAY, "week", TODAY)
    expected = numbers_of(both.sql.compute(KNOWN["people"], Ask(weeks)))[WHOLE]
    assert {week: points[-1].value for week, points in found.items()} == {
        week.first: float(expected.get(week.first, (0, None))[0] or 0) for week in weeks
    }


def test_arithmetic_is_done_at_every_moment(courses: CourseReader) -> None:
    """A ratio's course is the ratio of its parts' courses, with the denominator as samples."""
    whole, tasks, people = (
        courses.course(MetricSubject(name), TODAY, TODAY, "day") for name in ("per_head", "tasks", "people")
    )
    assert whole is not None
    assert tasks is not None
    assert people is not None
    last, above, below = (found[TODAY][-1] for found in (whole, tasks, people))
    assert (last.value, last.samples) == (pytest.approx((above.value or 0) / (below.value or 1)), below.value)


def test_what_does_not_grow_event_by_event_has_no_course(courses: CourseReader) -> None:
    """Rolling windows, unknown metrics, numbers about the data."""
    for subject in (MetricSubject("rolling"), MetricSubject("nobody"), MetricSubject("wau"), QualitySubject("late")):
        assert courses.course(subject, TODAY, TODAY, "day") is None
    assert courses.course(FunnelSubject("onboarding", 2), TODAY, TODAY, "day") is not None


def test_silences_are_the_longest_times_without_a_message(company: Company, courses: CourseReader) -> None:
    """Between the earliest times of its messages, also across the beginning of the period, the last one up to now."""
    earliest: dict[str, int] = {}
    for one in company.messages:
        if one.event == "Task Completed":
            earliest[one.id] = min(earliest.get(one.id, one.at_ms), one.at_ms)
    from_ms = Calendar(STREAM.timezone).start_of(day_number(date(2025, 11, 1)))
    times = sorted(set(earliest.values()))
    assert courses.silences(MetricSubject("tasks"), from_ms, NOW_MS) == [
        Silence(before, after) for before, after in pairwise([*times, NOW_MS]) if after > from_ms and before < NOW_MS
    ]
    assert courses.silences(QualitySubject("late"), from_ms, NOW_MS) is None
