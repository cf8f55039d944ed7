"""The ritual of a week: which numbers it shows, what it calls a gap, what it says of the week before."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from contract.notes.remembered_notes import RememberedNotes

from dashboard.digest import compose
from dashboard.digest_markup import as_html
from dashboard.digest_plain import as_markdown, as_text
from dashboard.digest_words import Writer
from dashboard.texts import texts_of
from dashboard.written_numbers import Spelling
from schemas.catalogue import BoardDefinition, BoardSection, Card, Catalogue, MetricDefinition, Target, TreeNode
from schemas.computes import Count, Counter, EventSet
from schemas.measuring import Explanation, MeasuredSeries, NotComputable, Share, Value
from schemas.notes import Action, Decision, Stamp

MONDAY = date(2026, 11, 16)
SUNDAY = date(2026, 11, 22)
WEEK = timedelta(days=7)
END_MS = 1_795_392_000_000
HOSTILE = '<script>alert("x")</script> | **bold** [a](b)\nline'
LEVEL, FLOW = Counter("mrr", None, "last_day"), Count(EventSet(("Lead Created",)))


def metric(identifier, compute=LEVEL, **fields):
    usual = {"label": {"en": identifier.upper()}, "definition": {"en": "d"}, "unit": "count", "owner": "growth"}
    return MetricDefinition(id=identifier, compute=compute, **(usual | fields))


def aimed(identifier, compute=LEVEL, **fields):
    return metric(identifier, compute, **({"target": Target(Decimal(100)), "orange": 90, "red": 50} | fields))


class Numbers:
    """`values[metric][days back]`, 0 being the newest range; what matures says so."""

    def __init__(self, metrics, values, tree=None, boards=(), maturing=(), shares=()):
        cards = tuple(Card("number", (name,)) for name in boards)
        board = BoardDefinition("exec", {"en": "Exec"}, "ceo", (BoardSection({"en": "x"}, cards),), kind="exec")
        node = TreeNode(tree) if tree else None
        self._catalogue = Catalogue({each.id: each for each in metrics}, node, {"exec": board})
        self._values, self._maturing, self._shares = values, maturing, shares
        self.asked, self.through_ms = {}, END_MS

    def catalogue(self):
        return self._catalogue

    def complete_through_ms(self, name):
        return self.through_ms

    def one_moment(self):
        return nullcontext()

    def over(self, name, ranges, filters=(), split="", top=8):
        if self._values.get(name) is None:
            raise NotComputable("no such event")
        self.asked[name] = list(ranges)
        given = self._values[name]
        points = [given[back] if back < len(given) else None for back in range(len(ranges))]
        young = self._maturing.count(name) and 2
        return MeasuredSeries(
            [
                Value(first, None, None, None if point is None else Decimal(str(point)), back < young)
                for back, ((first, _), point) in enumerate(zip(ranges, points, strict=True))
            ]
        )

    def explain(self, name, before, after):
        return Explanation(name, None, None, self._shares, {})


def composed(numbers, notes, today=SUNDAY + WEEK):
    return compose(numbers, notes, MONDAY, today, END_MS)


@pytest.fixture
def notes():
    return RememberedNotes()


def test_numbers_come_in_the_order_of_the_ritual():
    """The north star first, then what the exec board shows, without what nobody has aimed at."""
    metrics = [metric("idle"), aimed("mrr"), metric("star"), aimed("churn"), aimed("hidden")]
    numbers = Numbers(metrics, {each.id: [95, 80] for each in metrics}, tree="star", boards=("churn", "idle", "mrr"))
    digest = composed(numbers, RememberedNotes())
    assert [kpi.metric.id for kpi in digest.kpis] == ["star", "churn", "mrr"]


def test_gaps_are_the_red_and_orange_ones_that_the_company_is_steered_by(notes):
    """Red before orange, a condition that was to be met by now among them; what waits in the library is not."""
    late = Target(condition="3 design partners", by=SUNDAY)
    metrics = [aimed("fine"), aimed("warm"), aimed("hot"), metric("partners", target=late)]
    values = {"fine": [100], "warm": [80], "hot": [10], "partners": [1], "library": [0]}
    numbers = Numbers([*metrics, aimed("library")], values, boards=("warm", "fine", "hot", "partners"))
    digest = composed(numbers, notes)
    assert [kpi.metric.id for kpi in digest.gaps] == ["hot", "partners", "warm"]


def test_a_months_threshold_is_held_against_four_weeks_and_a_week_against_a_week(notes):
    """A count of seven days below the target of a month is no gap."""
    numbers = Numbers(
        [aimed("month", FLOW), aimed("week", FLOW, per="week"), aimed("level")],
        {name: [60, 60] for name in ("month", "week", "level")},
        boards=("month", "week", "level"),
    )
    digest = composed(numbers, notes)
    assert numbers.asked["month"] == [(SUNDAY - 27 * WEEK / 7, SUNDAY), (SUNDAY - 55 * WEEK / 7, SUNDAY - 4 * WEEK)]
    assert numbers.asked["week"] == numbers.asked["level"] == [(MONDAY, SUNDAY), (MONDAY - WEEK, SUNDAY - WEEK)]
    assert {kpi.metric.id: kpi.colour for kpi in digest.gaps} == {
        "month": "orange",
        "week": "orange",
        "level": "orange",
    }


def test_a_week_that_runs_is_compared_with_as_many_days_and_not_judged_by_a_whole_ones_threshold(notes):
    """On Wednesday a week's sum is low for no reason but the day."""
    numbers = Numbers(
        [aimed("week", FLOW, per="week"), aimed("level")],
        {"week": [10, 60], "level": [10, 60]},
        boards=("week", "level"),
    )
    digest = composed(numbers, notes, date(2026, 11, 18))
    assert numbers.asked["week"] == [(MONDAY, date(2026, 11, 18)), (MONDAY - WEEK, date(2026, 11, 11))]
    assert [kpi.metric.id for kpi in digest.gaps] == ["level"]
    assert digest.is_running


def test_a_cohort_that_matures_gives_way_to_the_latest_that_does_not(notes):
    """Its value is low for no reason but its age; the page says of which days it is."""
    numbers = Numbers(
        [aimed("retention")], {"retention": [1, 2, 70, 60]}, boards=("retention",), maturing=("retention",)
    )
    kpi = composed(numbers, notes).kpis[0]
    assert (kpi.value, kpi.previous, kpi.first, kpi.colour) == (70, 60, MONDAY - 2 * WEEK, "orange")


def test_a_week_that_is_over_is_settled_once_everything_of_it_is_counted(notes):
    """Until then the page says so; a week that runs is not settled either."""
    numbers = Numbers([aimed("mrr")], {"mrr": [100]}, boards=("mrr",))
    assert composed(numbers, notes).is_settled
    numbers.through_ms = END_MS - 1
    early = composed(numbers, notes)
    assert not early.is_settled
    assert not composed(numbers, notes, SUNDAY).is_settled
    spelling = Spelling("en", "EUR", texts_of("en"))
    assert (
        Writer(spelling, numbers.catalogue(), "x")
        .write(early, "", "")
        .subtitle.endswith("not everything is counted yet")
    )


def test_a_metric_that_cannot_be_computed_does_not_take_the_others_with_it(notes):
    """Its owner reads why."""
    numbers = Numbers([aimed("broken"), aimed("mrr")], {"mrr": [10]}, boards=("broken", "mrr"))
    digest = composed(numbers, notes)
    assert [kpi.metric.id for kpi in digest.gaps] == ["mrr"]
    assert digest.not_computable == ["broken: no such event"]


def test_what_was_noted_last_week_is_found_again(notes):
    """Last week's decisions; actions that were open or ended since; not what ended long ago."""

    def act(name, week, closed_on=None):
        notes.append(Action(Stamp(name), week, name, closed_on=closed_on, status="done" if closed_on else "open"))

    act("own", MONDAY)
    act("open for long", MONDAY - 9 * WEEK)
    act("ended last week", MONDAY - 3 * WEEK, MONDAY - timedelta(days=2))
    act("ended long ago", MONDAY - 9 * WEEK, MONDAY - 3 * WEEK)
    act("to come", MONDAY + WEEK)
    for name, week in (("before", MONDAY - WEEK), ("now", MONDAY), ("long ago", MONDAY - 2 * WEEK)):
        notes.append(Decision(Stamp(name), week, "start", name))
    digest = composed(Numbers([], {}), notes)
    assert [each.text for each in digest.actions] == ["own"]
    assert [each.text for each in digest.earlier_actions] == ["ended last week", "open for long"]
    assert [each.text for each in digest.earlier_decisions] == ["before"]
    assert [each.text for each in digest.decisions] == ["now"]


@pytest.fixture
def written(notes):
    """Words people wrote, of the worst kind, in French."""
    shares = [Share("leads", "whole", None, None, Decimal("-0.02"), "late data"), Share("x", "rest", None, None, 1)]
    churn = aimed("churn", unit="ratio", direction="down", decision={"en": HOSTILE}, orange="0.03", red="0.05")
    churn = replace(
        churn, target=Target(Decimal("0.03"), by=date(2026, 12, 31)), orange=Decimal("0.03"), red=Decimal(1)
    )
    numbers = Numbers([churn, metric("leads")], {"churn": ["0.032", "0.041"]}, boards=("churn",), shares=shares)
    notes.append(Decision(Stamp("d1"), MONDAY, "kill", HOSTILE, owner=HOSTILE))
    notes.append(Action(Stamp("a1"), MONDAY, "Call", budget=Decimal("1200.50"), due=date(2026, 12, 1)))
    digest = composed(numbers, notes)
    return Writer(Spelling("fr", "EUR", texts_of("fr")), numbers.catalogue(), "Northwind").write(digest, "w", "w")


def test_numbers_are_written_as_the_reader_reads_them(written):
    """3.2 % against 4.1 % is 0.9 points less, which is better where down is good."""
    line = written.kpis[0]
    assert (line.value, line.change, line.is_better) == ("3,2\u202f%", "−0,9\u00a0pts", True)
    assert line.target == "3,0\u202f%, d'ici le 31 déc. 2026"
    assert written.stories[0].reasons == ["LEADS: −2,0\u00a0pts — données douteuses: late data"]
    assert "Budget: 1\u202f200,50\u00a0€" in written.actions[0].facts


def test_a_change_too_small_to_be_written_is_neither_better_nor_worse(notes):
    """33.91 % after 33.90 % reads 0.0 points."""
    numbers = Numbers([aimed("use", unit="ratio")], {"use": ["0.3391", "0.3390"]}, boards=("use",))
    spelling = Spelling("en", "EUR", texts_of("en"))
    line = Writer(spelling, numbers.catalogue(), "x").write(composed(numbers, notes), "", "").kpis[0]
    assert (line.change, line.is_better) == ("0.0\u00a0pts", None)


def test_what_people_wrote_stays_text_in_every_format(written):
    """No markup of theirs survives."""
    texts = texts_of("fr")
    html = as_html(written, texts, lambda name: f"/metrics/{name}", is_page=True)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    assert 'data-note="decisions/d1"' in html
    markdown = as_markdown(written, texts, "http://x/digest")
    assert "\\<script\\>" in markdown
    assert "\\*\\*bold\\*\\* \\[a\\]" in markdown
    assert f"[Arrêter] {' '.join(HOSTILE.split())}" in as_text(written, texts, "http://x/digest")
