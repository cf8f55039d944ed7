"""The past of a rule as looks, the rule by its name, and a backtest as text and as a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from alerting.numbers import NotLookedUp, Point
from dashboard.backtest_answers import backtest_answer
from dashboard.backtest_picture import draw_backtest
from dashboard.texts import texts_of
from dashboard.written_numbers import Spelling
from northstream.alert_backtest import AlertBacktests, find_rule, with_condition
from northstream.alert_past import PastReader
from northstream.backtest_command import in_text
from schemas.alerts import Absence, AlertDefinitions, AlertRule, Anomaly, Bucket, Change, MetricSubject, Subject
from schemas.backtests import Backtest, NoBacktest
from schemas.calendar import HOUR_MS, Calendar, day_number
from schemas.courses import CoursePoint, Silence
from schemas.measuring import Grain

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 28, 15, 30, tzinfo=PARIS)
NOW_MS = round(NOW.timestamp() * 1000)
TODAY = NOW.date()
CALENDAR = Calendar("Europe/Paris")

RULE = AlertRule("Trop d'inscriptions <&> 🚀", "été", MetricSubject("signups"), "running", ">", 20.0)
EN = Spelling("en", "EUR", texts_of("en"))


def at(day: date, hour: float) -> int:
    return CALENDAR.start_of(day_number(day)) + round(hour * HOUR_MS)


@dataclass
class Known:
    """`Numbers` and `Courses` of one subject: the value of each whole day, and how days came about."""

    values: Mapping[date, float | None] = field(default_factory=dict)
    days: Mapping[date, Sequence[tuple[float, float]]] | None = None
    quiet: Sequence[Silence] | None = None

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        if subject == MetricSubject("nobody"):
            raise NotLookedUp("unknown metric nobody")
        last = TODAY - timedelta(days=bucket == "complete")
        days = [last - timedelta(days=count - 1 - number) for number in range(count)]
        return [Point(day, self.values.get(day, 0.0), self.values.get(day, 0.0)) for day in days]

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp("never asked")

    def course(
        self, subject: Subject, first: date, last: date, grain: Grain
    ) -> Mapping[date, Sequence[CoursePoint]] | None:
        if self.days is None:
            return None
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return {day: [CoursePoint(at(day, hour), value, value) for hour, value in self._course(day)] for day in days}

    def _course(self, day: date) -> list[tuple[float, float]]:
        assert self.days is not None
        return [(0, 0), *self.days.get(day, ())]

    def silences(self, subject: Subject, from_ms: int, to_ms: int) -> Sequence[Silence] | None:
        return self.quiet


def reader(known: Known, began: date | None = date(2026, 1, 1)) -> PastReader:
    return PastReader(known, CALENDAR, lambda: NOW_MS, lambda: began, known)


def run(known: Known, rule: AlertRule = RULE, days: int = 5, began: date | None = date(2026, 1, 1)) -> Backtest:
    backtests = AlertBacktests(lambda: AlertDefinitions((rule,)), reader(known, began), "Europe/Paris")
    return backtests.run(rule.key, days)


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_a_running_bucket_is_looked_at_every_hour_today_included() -> None:
    """It fires at the end of the hour in which it was reached, and ends with its day, which may have 25 hours."""
    known = Known({back(3): 30.0}, days={back(3): [(10.2, 25), (13, 30)], TODAY: [(14.5, 21)]})
    found = run(known)
    assert found.steps == "hour"
    assert [(each.started_ms, each.ended_ms) for each in found.incidents] == [
        (at(back(3), 11), at(back(2), 0)),
        (at(TODAY, 15), None),
    ]
    assert back(3) == date(2026, 10, 25)


def test_what_has_just_happened_is_seen() -> None:
    """Values are known to quarters of an hour, and stamped with their end: that of now is not over."""
    found = run(Known({}, days={TODAY: [((NOW_MS - at(TODAY, 0)) / 3_600_000 + 0.2, 21)]}))
    assert [(each.started_ms, each.ended_ms) for each in found.incidents] == [(NOW_MS - 1, None)]


def test_a_complete_bucket_is_looked_at_when_it_is_over() -> None:
    """Its value holds until the next one is over; what grew after its end is seen then."""
    rule = replace(RULE, bucket="complete")
    days = {back(3): [(10, 30.0)], back(2): [(20, 5.0), (31, 40.0)]}
    found = run(Known({back(3): 30.0, back(2): 40.0}, days=days), rule)
    assert [(each.started_ms, each.ended_ms) for each in found.incidents] == [
        (at(back(2), 0), at(back(1), 0)),
        (at(back(1), 7), at(TODAY, 0)),
    ]
    assert found.steps == "hour"
    assert run(Known({back(3): 30.0}, days={back(3): [(10, 30.0)]}), rule).steps == "day"


def test_without_hours_the_end_of_each_bucket_stands_for_it() -> None:
    """And the answer says so."""
    found = run(Known({back(3): 30.0}))
    assert found.steps == "day"
    assert "whole_buckets" in found.limits
    assert [(each.started_ms, each.ended_ms) for each in found.incidents] == [(at(back(2), 0), at(back(1), 0))]


def test_days_before_the_first_data_are_not_judged() -> None:
    """Nothing is not a drop to 0; what a change has nothing to be compared with is said."""
    low = replace(RULE, operator="<", bucket="complete")
    values = {back(number): 30.0 for number in range(1, 4)}
    assert run(Known(values), low, days=30, began=back(3)).incidents == ()
    assert len(run(Known(values), low, days=30).incidents) == 1
    drop = replace(low, comparison=Change("last_week"), threshold=-30.0)
    assert "short_history" in run(Known(values), drop, began=back(3)).limits
    assert "short_history" not in run(Known(values), drop).limits


def test_what_an_anomaly_looks_back_on_is_gathered_before_the_period() -> None:
    """The first judged day has its whole history."""
    odd = replace(RULE, bucket="complete", comparison=Anomaly(buckets=21, is_weekly=False), threshold=3.5)
    values = {back(number): 10.0 + number % 3 for number in range(1, 60)} | {back(5): 90.0}
    found = run(Known(values), odd)
    assert [each.value for each in found.incidents] == [90.0]
    assert found.buckets_without_data == 0


def test_absences_come_from_silences() -> None:
    """Whatever hour it is; a silence that began before the period counts from its beginning."""
    quiet = replace(RULE, comparison=Absence(7_200), operator=">=", threshold=7_200.0, min_samples=5.0)
    known = Known(quiet=[Silence(at(back(6), 23), at(back(5), 4)), Silence(at(back(5), 4), NOW_MS)])
    found = run(known, quiet)
    assert found.steps == "silence"
    assert [(each.started_ms, each.ended_ms) for each in found.incidents] == [
        (at(back(5), 1), at(back(5), 4)),
        (at(back(5), 6), None),
    ]


@pytest.mark.parametrize(
    ("rule", "known", "began", "words"),
    [
        (replace(RULE, subject=MetricSubject("nobody")), Known(), back(9), "has no past"),
        (RULE, Known(), None, "no data yet"),
        (RULE, Known(), TODAY, "is over yet"),
        (replace(RULE, comparison=Absence(60)), Known(), back(9), "nobody knows when"),
        (replace(RULE, comparison=Absence(60)), Known(quiet=[]), back(9), "was seen since"),
    ],
)
def test_what_has_no_past_is_said(rule: AlertRule, known: Known, began: date | None, words: str) -> None:
    """As a sentence for people."""
    with pytest.raises(NoBacktest, match=words):
        run(known, rule, began=began)


def test_a_rule_is_found_by_its_key_or_its_name_alone() -> None:
    """One letter off is guessed, two of a name must be told apart."""
    rules = (RULE, replace(RULE, alert="SignupsHigh", group="a"), replace(RULE, alert="SignupsHigh", group="b"))
    assert find_rule(rules, "a/SignupsHigh") is rules[1]
    assert find_rule(rules, RULE.alert) is RULE
    with pytest.raises(NoBacktest, match='"a/SignupsHigh" or "b/SignupsHigh"') as ambiguous:
        find_rule(rules, "SignupsHigh")
    assert not ambiguous.value.is_unknown
    with pytest.raises(NoBacktest, match=r'did you mean "[ab]/SignupsHigh"') as unknown:
        find_rule(rules, "SignupHigh")
    assert unknown.value.is_unknown
    with pytest.raises(NoBacktest, match="there are none"):
        find_rule((), "x")


def test_another_condition_can_be_tried() -> None:
    assert with_condition(RULE, " <= 7.5 ").condition == "<= 7.5"
    assert with_condition(RULE, "") is RULE
    absent = replace(RULE, comparison=Absence(60))
    assert with_condition(absent, "absent for 3h").comparison == Absence(10_800)
    for rule, text in ((RULE, "a lot"), (RULE, "3h"), (absent, "> 3")):
        with pytest.raises(NoBacktest, match="is no condition"):
            with_condition(rule, text)


def test_the_picture_has_a_band_for_each_incident_and_escapes_every_name() -> None:
    """It can be read as XML, without a script, with its summary as text; in French too."""
    found = run(Known({back(3): 30.0}, days={back(3): [(10.2, 25), (13, 30)], TODAY: [(14.5, 21)]}))
    for spelling in (EN, Spelling("fr", "EUR", texts_of("fr"))):
        picture = ElementTree.fromstring(draw_backtest(found, spelling))
        space = {"svg": "http://www.w3.org/2000/svg"}
        assert len(picture.findall("svg:rect[@class='incident']", space)) == 2
        assert "Trop d'inscriptions <&> 🚀" in (picture.findtext("svg:title", "", space))
        assert "2 incidents" in picture.findtext("svg:desc", "", space)
        assert picture.find(".//svg:script", space) is None


def test_a_picture_can_be_drawn_of_nothing_but_one_value() -> None:
    """No range to scale by, no incident, no data: still a picture."""
    for values in ({back(n): 7.0 for n in range(1, 9)}, {back(n): None for n in range(1, 9)}):
        found = run(Known(values), replace(RULE, threshold=7.0))
        ElementTree.fromstring(draw_backtest(found, EN))
        assert "never fired" in in_text(backtest_answer(found, EN))


def test_the_text_marks_incidents_below_the_line() -> None:
    """In the columns of their time; suggestions and limits in words."""
    known = Known({back(3): 30.0}, days={back(3): [(10.2, 25), (13, 30)], TODAY: [(14.5, 21)]})
    text = in_text(backtest_answer(run(known), EN))
    assert "été/Trop d'inscriptions <&> 🚀: signups (running bucket) > 20" in text
    line = next(line for line in text.splitlines() if "▔" in line)
    assert 6 < line.count("▔") < 10
    assert "2026-10-25 10:00         14h          25          30" in text
    assert "> 30" in text
    assert "Looked at once an hour" in text
