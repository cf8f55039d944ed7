"""How the judge treats rules about the data: before it knows them, when nothing comes any more, and all in one commit.

Which rules wait for which: see test_one_incident_about_data.py.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from alerting.judge import Judge
from alerting.numbers import NotLookedUp, NotYetKnown, Point
from alerting.states import Observation, RuleState, State, Timing, Verdict, advance
from alerting.store import AlertStore
from schemas.alerts import AlertRule, Bucket, Gauge, QualitySubject, Subject

LATE = "quality:lag_seconds"
SHARE = "quality:quarantine_share"


class Numbers:
    """Values and samples by subject; what is not there is being looked up."""

    def __init__(self, **values: float) -> None:
        self.points: dict[str, tuple[float | None, float | None]] = {
            name: (value, None) for name, value in values.items()
        }

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        if str(subject) not in self.points:
            raise NotYetKnown(str(subject))
        return [Point(date(2026, 3, 1), *self.points[str(subject)])] * count

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))


def about_data(rule: AlertRule, name: str, number: Gauge, min_samples: float = 0.0) -> AlertRule:
    subject = QualitySubject(number)
    return replace(
        rule,
        alert=name,
        group="data",
        subject=subject,
        min_samples=min_samples,
        keep_firing_for_seconds=30.0,
        inhibits=True,
        waits_for_data=False,
    )


def judge_of(store: AlertStore, numbers: Numbers, *rules: AlertRule) -> Judge:
    return Judge(rules, store, numbers, lambda: False, "http://127.0.0.1:8000")


def states(judge: Judge) -> dict[str, State]:
    return {row["alert"]: row["state"] for row in judge.report()}


def test_nothing_of_the_product_is_judged_before_it_is_known_whether_the_data_is_good(
    rule: AlertRule, store: AlertStore
) -> None:
    """After an hour without the engine its counters are an hour old: nobody hears of them before lateness is known."""
    numbers = Numbers(signups=3.0)
    low = replace(rule, alert="SignupsLow", operator="<", threshold=5.0)
    judge = judge_of(store, numbers, low, about_data(rule, "DataLate", "lag_seconds"))
    judge.judge(0)
    assert store.log.rows() == []
    numbers.points[LATE] = (3_600.0, None)
    judge.judge(500)
    assert states(judge) == {"SignupsLow": State.WAITING, "DataLate": State.FIRING}
    assert [notice.rule for notice in store.notices.open()] == ["data/DataLate"]


def test_a_rule_that_never_waits_is_judged_at_once(rule: AlertRule, store: AlertStore) -> None:
    """`waits_for_data: false` says that its number is right whatever the data is like."""
    judge = judge_of(
        store,
        Numbers(signups=30.0),
        replace(rule, waits_for_data=False),
        about_data(rule, "DataLate", "lag_seconds"),
    )
    judge.judge(0)
    assert states(judge)["SignupsHigh"] is State.FIRING


@pytest.mark.parametrize(
    ("afterwards", "ends"),
    [((None, 0.0), True), ((10.0, 12.0), True), ((60.0, 12.0), False), (None, False)],
    ids=["nothing comes", "a little comes and is good", "a little comes and is bad", "nobody knows yet"],
)
def test_an_incident_about_the_data_ends_when_traffic_does(
    rule: AlertRule, store: AlertStore, afterwards: tuple[float | None, float] | None, ends: bool
) -> None:
    """Samples guard its start alone: else it would hold all others back until somebody sends much again."""
    numbers = Numbers(signups=3.0)
    numbers.points[SHARE] = (60.0, 500.0)
    judge = judge_of(store, numbers, rule, about_data(rule, "QuarantineSpike", "quarantine_share", min_samples=50.0))
    judge.judge(0)
    assert states(judge) == {"SignupsHigh": State.WAITING, "QuarantineSpike": State.FIRING}
    numbers.points.pop(SHARE)
    if afterwards is not None:
        numbers.points[SHARE] = afterwards
    for now_ms in range(1_000, 40_000, 1_000):
        judge.judge(now_ms)
    assert bool(judge.bad_data()) is not ends
    assert (states(judge)["SignupsHigh"] is State.INACTIVE) is ends
    told = [(notice.rule, notice.kind) for notice in store.notices.open()]
    assert (("data/QuarantineSpike", "resolved") in told) is ends


def test_few_samples_still_start_nothing_about_the_data(rule: AlertRule, store: AlertStore) -> None:
    """Somebody tries things out."""
    numbers = Numbers(signups=3.0)
    numbers.points[SHARE] = (60.0, 12.0)
    judge = judge_of(store, numbers, rule, about_data(rule, "QuarantineSpike", "quarantine_share", min_samples=50.0))
    judge.judge(0)
    assert states(judge) == {"SignupsHigh": State.INACTIVE, "QuarantineSpike": State.NO_DATA}


def test_a_look_counts_whole_or_not_at_all(rule: AlertRule, store: AlertStore) -> None:
    """All that one look changes is one commit: what the file did not take has not happened, and happens later."""
    judge = judge_of(store, Numbers(signups=30.0), rule, replace(rule, alert="Other"))
    with store.database.transaction() as connection:
        connection.execute(
            "CREATE TRIGGER no_room BEFORE INSERT ON rule_states WHEN NEW.rule = 'product/Other'"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    with pytest.raises(sqlite3.IntegrityError):
        judge.judge(0)
    assert store.rules.all() == {}
    assert store.notices.open() == []
    assert [row["since"] for row in judge.report()] == [None, None]
    with store.database.transaction() as connection:
        connection.execute("DROP TRIGGER no_room")
    judge.judge(500)
    assert sorted(notice.rule for notice in store.notices.open()) == ["product/Other", "product/SignupsHigh"]


def test_two_incidents_at_one_moment_of_a_clock_that_was_set_back_have_two_ids() -> None:
    """The second would not be told, as a copy of the first."""
    state, ids = RuleState(State.INACTIVE, 0), []
    for verdict in (Verdict.BREACHED, Verdict.CLEAR, Verdict.BREACHED):
        state, _ = advance("rule", Timing(0, 0), state, Observation(verdict, 1.0), 1_000)
        ids.append(state.alert_id)
    assert "" not in (ids[0], ids[2])
    assert ids[0] != ids[2]
