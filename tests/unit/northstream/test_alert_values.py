"""Which numbers an alert rule is told: of which buckets, from where, how old, and what is said when there are none."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerting.numbers import NotLookedUp, NotYetKnown, Point
from northstream.alert_values import AlertNumbers, NumberParts, NumbersAtOnce
from northstream.numbers.counters import CounterPoints
from northstream.numbers.lookups import Lookups
from northstream.numbers.published import PublishedPoints
from northstream.numbers.quality import QualityPoints
from northstream.numbers.segments import SegmentPoints
from northstream.numbers.sightings import Sightings
from schemas.alerts import FunnelSubject, MetricSubject, QualitySubject
from schemas.calendar import Calendar
from schemas.catalogue import Catalogue, MetricDefinition
from schemas.computes import AtRisk, Count, Counter, EventSet
from schemas.definitions import FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.measuring import MeasuredSeries, Segment, UnknownDimension, Value
from schemas.reading import Completeness, ReadingUnavailable
from schemas.topics import Topic
from warehouse.published_values import PublishedValue
from warehouse.quality_numbers import DayIntake
from warehouse.reader_lag import ReaderLag

TODAY = date(2026, 11, 22)
NOON = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
MIDNIGHT = NOON - 12 * 3_600_000
STEPS = tuple(FunnelStep(event, {"en": event}) for event in ("Pricing Viewed", "Account Created"))
STREAM = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track",)),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(("Task Completed",)),
    funnels=(FunnelDefinition("onboarding", {"en": "Onboarding"}, 604_800, STEPS),),
)
DAY, WEEK, MONTH = ("rate", ""), ("weekly", "week"), ("monthly", "month")


def metric(name, per="", unit="ratio", compute=None):
    return MetricDefinition(name, {"en": name}, {"en": ""}, unit, "growth", compute or AtRisk(), per=per)


class Reports:
    """Counters whose number is that of the day, and a log that is settled unless a test says otherwise."""

    def __init__(self):
        self.asked = []
        self.now_complete = Completeness(0, NOON)
        self.lags = []

    def daily(self, counters, first, last):
        self.asked.append((tuple(counters), first, last))
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        return {name: {day: day.day * (2 if name == "mau" else 1) for day in days} for name in counters}

    def completeness(self):
        return self.now_complete

    def reader_lags(self):
        return self.lags


class Published:
    """Every bucket published when it was over, but the running one, with 0.1 over 40."""

    def __init__(self):
        self.asked = []
        self.values_by_day = {}

    def values(self, name, grain, first, last):
        self.asked.append((grain, first, last))
        value = PublishedValue(Decimal(40), Decimal("0.1"), False, last < TODAY)
        return {last: value} | self.values_by_day


class Measures:
    """Values of segments; the channel `nobody` is none that anything is split by."""

    def __init__(self, catalogue):
        self._catalogue = catalogue

    def catalogue(self):
        return self._catalogue

    def complete_through_ms(self, name):
        return NOON

    def series(self, question):
        if question.filters[0].dimension == "nobody":
            raise UnknownDimension("signups cannot be split by nobody")
        days = [question.first + timedelta(days=n) for n in range((question.last - question.first).days + 1)]
        return MeasuredSeries([Value(day, Decimal(day.day), None, Decimal(day.day)) for day in days])


class Intake:
    """What came in."""

    def latest_received_ms(self, since_ms):
        return NOON - 90_000 if since_ms <= NOON - 90_000 else None

    def intake_since(self, since_ms):
        return 75, 25

    def rows_by_day(self, first):
        return {first + timedelta(days=n): 100 * n for n in range(9)}

    def days(self, first, last, over_before):
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return {day: DayIntake(stored=day.day, flagged=1, quarantined=2) for day in days}


class World:
    """The numbers of one moment, that a test may move."""

    def __init__(self):
        self.now_ms = NOON
        self.seconds = 0.0
        self.reports, self.published = Reports(), Published()
        metrics = [metric(*DAY), metric(*WEEK), metric(*MONTH), metric("signups", "month", "count", Counter("signups"))]
        metrics.append(metric("wau", compute=Count(EventSet(events=("Visit",)))))
        self.catalogue = Catalogue({one.id: one for one in metrics})
        calendar = Calendar()

        def defined():
            return self.catalogue.metrics

        quality = QualityPoints(
            self.reports, Intake(), calendar, lambda now_ms: 12.0, lambda days, today: [None] * len(days)
        )
        self.parts = NumberParts(
            counters=CounterPoints(self.reports, calendar),
            published=PublishedPoints(self.published, defined, calendar),
            segments=SegmentPoints(Measures(self.catalogue), calendar),
            quality=quality,
            sightings=Sightings(None, quality, defined, STREAM, lambda: NOON),
            metrics=defined,
            funnels=STREAM.funnels,
            calendar=calendar,
        )
        self.at_once = NumbersAtOnce(self.parts)
        self.quick, self.slow = Lookups(lambda: self.seconds), Lookups(lambda: self.seconds)
        self.numbers = AlertNumbers(self.parts, self.quick, self.slow, lambda: self.now_ms)

    def series(self, subject, bucket="running", count=1):
        subject = MetricSubject(subject) if isinstance(subject, str) else subject
        return self.at_once.series(subject, bucket, count, self.now_ms)

    def values(self, *question):
        return [point.value for point in self.series(*question)]

    def pass_on(self, seconds):
        self.seconds += seconds
        self.now_ms += int(seconds * 1000)


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize(
    ("name", "bucket", "asked"),
    [
        ("rate", "running", ("day", date(2026, 11, 22), date(2026, 11, 22))),
        ("rate", "complete", ("day", date(2026, 11, 20), date(2026, 11, 21))),
        ("weekly", "running", ("week", date(2026, 11, 16), date(2026, 11, 16))),
        ("weekly", "complete", ("week", date(2026, 11, 2), date(2026, 11, 9))),
        ("monthly", "running", ("month", date(2026, 11, 1), date(2026, 11, 1))),
        ("monthly", "complete", ("month", date(2026, 9, 1), date(2026, 10, 1))),
    ],
)
def test_a_bucket_is_the_span_of_the_metrics_thresholds(name, bucket, asked, world):
    """A day, unless they are written for a week or a month; one look gets all buckets."""
    world.series(name, bucket)
    assert world.published.asked == [asked]


def test_what_is_not_published_has_no_value(world):
    """A running bucket just after midnight; an unknown metric is said."""
    assert world.series("rate", "running", 2) == [Point(date(2026, 11, 21), None), Point(TODAY, 0.1, 40.0)]
    with pytest.raises(NotLookedUp, match="unknown metric rates"):
        world.series("rates")


def test_streamed_metrics_come_from_the_counters_by_the_day(world):
    """As fresh as the counters are, whatever their thresholds are written for; a rate rests on its denominator."""
    assert world.series("signups") == [Point(TODAY, 22.0, 22.0)]
    assert world.values("signups", "complete", 3) == [19.0, 20.0, 21.0]
    assert world.series("stickiness", "complete") == [Point(date(2026, 11, 21), 0.5, 42.0)]
    assert world.published.asked == []


def test_a_metric_that_takes_the_name_of_a_counter_is_what_the_catalogue_says(world):
    """A workspace may mean something else by `wau`."""
    assert world.values("wau") == [0.1]


def test_a_metric_that_was_just_added_is_known(world):
    """The catalogue is read anew while the product runs."""
    world.catalogue.metrics["fresh"] = metric("fresh")
    assert world.values("fresh") == [0.1]


def test_funnel_steps_are_counted_by_entry_day(world):
    """Entries that reached the step, or their share of all entries, which the rate rests on."""
    assert world.series(FunnelSubject("onboarding", 2)) == [Point(TODAY, 22.0, 22.0)]
    assert world.series(FunnelSubject("onboarding", 2, "rate")) == [Point(TODAY, 1.0, 22.0)]
    for unknown in (FunnelSubject("else", 1), FunnelSubject("onboarding", 3)):
        with pytest.raises(NotLookedUp):
            world.series(unknown)


def test_rules_that_are_judged_together_are_read_together(world):
    """One query for what is near, another for longer histories, however many rules there are."""
    for name in ("signups", "dau", "mau", "signups"):
        world.series(name)
    asked = len(world.reports.asked)
    world.now_ms += 500
    for name in ("signups", "dau", "mau"):
        world.series(name)
        world.series(name, "complete", 8)
    assert len(world.reports.asked) == asked + 1
    assert world.reports.asked[-1] == (("dau", "mau", "signups"), date(2026, 11, 13), TODAY)


@pytest.mark.parametrize("name", ["signups", "rate"])
def test_a_bucket_that_is_not_complete_yet_is_waited_for_an_hour(name, world):
    """Until then the one before it is the last complete one; then nobody knows the number."""
    yesterday, before = date(2026, 11, 21), date(2026, 11, 20)
    world.reports.now_complete = Completeness(5, MIDNIGHT - 1)
    world.published.values_by_day = {day: PublishedValue(None, Decimal(1), False, True) for day in (before, yesterday)}
    world.now_ms = MIDNIGHT + 3_599_999
    assert world.series(name, "complete")[-1].first == before
    world.now_ms += 1
    assert world.series(name, "complete") == [Point(yesterday, None)]
    world.reports.now_complete = Completeness(5, MIDNIGHT)
    assert world.series(name, "complete")[-1].first == yesterday
    assert world.values(name, "complete") != [None]


def test_what_was_published_while_its_day_ran_is_not_its_number_yet(world):
    """It lacks the last minute; two refreshes later it is judged as it is, though late events or cohorts move it."""
    running = PublishedValue(None, Decimal(1), False, False)
    world.published.values_by_day = {date(2026, 11, 21): running, date(2026, 11, 20): running._replace(was_over=True)}
    world.now_ms = MIDNIGHT + 100_000
    assert world.series("rate", "complete")[0].first == date(2026, 11, 20)
    world.now_ms = MIDNIGHT + 240_000
    assert world.series("rate", "complete")[0].first == date(2026, 11, 21)
    world.catalogue.metrics["rate"] = replace(metric("rate"), refresh_seconds=86_400)
    assert world.series("rate", "complete")[0].first == date(2026, 11, 20)
    world.now_ms = MIDNIGHT + 3_600_000
    assert world.series("rate", "complete") == [Point(date(2026, 11, 21), 1.0)]


def test_samples_of_an_amount_are_itself_and_of_a_score_unknown(world):
    """Nobody can say what a median rests on."""
    world.catalogue.metrics.update(orders=metric("orders", unit="count"), nps=metric("nps", unit="score"))
    world.published.values_by_day = {TODAY: PublishedValue(None, Decimal(7), False, False)}
    assert world.series("orders") == [Point(TODAY, 7.0, 7.0)]
    assert world.series("nps") == [Point(TODAY, 7.0, None)]


def test_segments_are_measured(world):
    """What a metric cannot be split by is said."""
    paid = MetricSubject("signups", (Segment("channel", "paid"),))
    assert world.values(paid, "complete", 2) == [20.0, 21.0]
    assert world.series(paid)[-1] == Point(TODAY, 22.0, 22.0)
    with pytest.raises(NotLookedUp, match="cannot be split"):
        world.series(MetricSubject("signups", (Segment("nobody", "x"),)))


def lag(reader, seconds):
    return ReaderLag(reader, Topic.EVENTS, 0, 1, 3, seconds)


def test_lateness_grows_with_what_is_not_counted_or_not_loaded(world):
    """And is 0 when all is settled, however long ago the last message came; a checkpoint alone holds up no number."""
    late, incomplete = QualitySubject("lag_seconds"), QualitySubject("incomplete_seconds")
    world.reports.now_complete = Completeness(0, NOON - 3_600_000)
    assert world.values(late) == world.values(incomplete) == [0.0]
    world.reports.now_complete = Completeness(9, NOON - 1_500)
    assert world.values(late) == world.values(incomplete) == [1.5]
    world.reports.now_complete = Completeness(9, NOON - 45_000)
    world.reports.lags = [lag("counters", 2.0), lag("loader", 31.0), lag("checkpoint", 99.0)]
    assert (world.values(late), world.values(incomplete)) == ([31.0], [45.0])
    world.reports.now_complete = Completeness(9, None)
    assert world.values(incomplete) == [31.0]
    with pytest.raises(NotLookedUp, match="no history"):
        world.series(late, "running", 2)


def test_silence_is_the_time_since_the_last_message_of_an_app(world):
    """Held against a usual day; while the loader is behind nobody knows what came since."""
    silent = QualitySubject("silent_seconds")
    assert world.series(silent) == [Point(TODAY, 90.0, 300.0)]
    world.pass_on(30)
    assert world.values(silent) == [120.0]
    world.reports.now_complete, world.reports.lags = Completeness(9, None), [lag("loader", 31.0)]
    with pytest.raises(ReadingUnavailable, match="not loaded yet"):
        world.series(silent)


def test_other_gauges_and_day_counts(world):
    """The share is in per cent of the last ten minutes' messages; days have a history."""
    assert world.series(QualitySubject("quarantine_share")) == [Point(TODAY, 25.0, 100.0)]
    assert world.values(QualitySubject("watch_seconds")) == [12.0]
    assert world.values(QualitySubject("received"), "complete", 2) == [22.0, 23.0]
    assert world.values(QualitySubject("flagged")) == [1.0]


def test_the_judge_waits_for_counters_alone(world):
    """Everything else is looked up beside it: first it is not known yet, then told as it was found."""
    signups, rate = MetricSubject("signups"), MetricSubject("rate")
    assert world.numbers.series(signups, "running", 1, world.now_ms)[0].value == 22.0
    with pytest.raises(NotYetKnown):
        world.numbers.series(rate, "running", 1, world.now_ms)
    world.quick.round()
    assert world.numbers.series(rate, "running", 1, world.now_ms)[0].value == 0.1


def test_a_number_is_looked_up_again_when_it_may_have_changed(world):
    """Rules are judged several times a second; published values do not move so often."""
    rate = MetricSubject("rate")
    with pytest.raises(NotYetKnown):
        world.numbers.series(rate, "running", 1, world.now_ms)
    for seconds, times in ((0, 1), (0.5, 1), (1.4, 1), (0.2, 2)):
        world.pass_on(seconds)
        world.quick.round()
        world.numbers.series(rate, "running", 1, world.now_ms)
        assert len(world.published.asked) == times


def test_another_day_or_definition_is_another_question(world):
    """Nobody is told yesterday's number as today's."""
    rate = MetricSubject("rate")
    for change in (lambda: world.pass_on(43_200), lambda: world.catalogue.metrics.update(rate=metric("rate", "week"))):
        with pytest.raises(NotYetKnown):
            world.numbers.series(rate, "running", 1, world.now_ms)
        world.quick.round()
        world.numbers.series(rate, "running", 1, world.now_ms)
        change()


def test_completeness_is_looked_up_until_a_day_is_complete(world):
    """Then streamed counters of yesterday are judged without it."""
    signups = MetricSubject("signups")
    with pytest.raises(NotYetKnown):
        world.numbers.series(signups, "complete", 1, world.now_ms)
    world.quick.round()
    assert world.numbers.series(signups, "complete", 1, world.now_ms)[0].value == 21.0
    world.pass_on(3600)
    assert world.numbers.series(signups, "complete", 1, world.now_ms)[0].value == 21.0


def test_counters_that_cannot_be_read_at_a_moment_are_asked_for_once(world, monkeypatch):
    """A warehouse that hangs would hold each of hundreds of rules up for as long as it may."""
    asked = []

    def away(*question):
        asked.append(question)
        raise ReadingUnavailable("no answer within 30 s")

    monkeypatch.setattr(world.reports, "daily", away)
    for name, count in (("signups", 1), ("dau", 2), ("mau", 57), ("stickiness", 1)):
        with pytest.raises(ReadingUnavailable, match="no answer within 30 s"):
            world.series(name, "running", count)
    assert len(asked) == 1
    world.pass_on(0.5)
    with pytest.raises(ReadingUnavailable):
        world.series("signups")
    assert len(asked) == 2
