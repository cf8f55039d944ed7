"""One look at one rule, and the judge's bookkeeping over many.

Does not deliver: messages are read back from the store.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

import pytest

from alerting.evaluate import evaluate
from alerting.judge import Judge
from alerting.numbers import NotLookedUp, NotYetKnown, Point
from alerting.states import Verdict
from alerting.store import AlertStore
from schemas.alerts import AlertRule, Bucket, MetricSubject, QualitySubject, Subject
from schemas.reading import ReadingUnavailable


class Numbers:
    """A metric whose value the test sets; counts how often it was read."""

    def __init__(self, value: float | None = 0.0) -> None:
        self.value = value
        self.reads = 0
        self.failure: Exception | None = None
        self.failures: dict[str, Exception] = {}

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        self.reads += 1
        failure = self.failures.get(str(subject), self.failure)
        if failure is not None:
            raise failure
        return [Point(date(2026, 3, 1), self.value)] * count

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))


def judge_of(store: AlertStore, numbers: Numbers, *rules: AlertRule, pending: list[bool] | None = None) -> Judge:
    flag = pending or [False]
    return Judge(rules, store, numbers, lambda: flag[0], "http://127.0.0.1:8000")


def told(store: AlertStore) -> list[str]:
    """What is owed to receivers, oldest first."""
    return [notice.kind for notice in store.notices.open()]


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_each_operator_compares_value_with_threshold(
    rule: AlertRule, operator: Literal[">", ">=", "<", "<=", "==", "!="], below: bool, equal: bool, above: bool
) -> None:
    """`condition` reads: value, operator, threshold."""
    judged = replace(rule, operator=operator)
    for value, breached in ((19.0, below), (20.0, equal), (21.0, above)):
        verdict = evaluate(judged, Numbers(value), 0).verdict
        assert verdict is (Verdict.BREACHED if breached else Verdict.CLEAR)


def test_no_value_and_no_reading_are_verdicts_of_their_own(rule: AlertRule) -> None:
    """A rate over nothing is no data; an unreadable or unknown metric is an error; neither is a breach or a clear."""
    numbers = Numbers(None)
    assert evaluate(rule, numbers, 0).verdict is Verdict.NO_DATA
    numbers.value = float("nan")
    assert evaluate(rule, numbers, 0).verdict is Verdict.NO_DATA
    for failure in (ReadingUnavailable("starting"), KeyError("signups")):
        numbers.failure = failure
        assert evaluate(rule, numbers, 0).verdict is Verdict.ERROR


def test_streamed_counters_are_judged_at_every_look_and_others_at_their_interval(
    rule: AlertRule, store: AlertStore
) -> None:
    """A look costs nothing while no counter moved; other numbers, and when something was seen last, are asked for."""
    rules = [
        replace(rule, interval_seconds=10.0),
        replace(rule, alert="Other", subject=MetricSubject("orders"), interval_seconds=10.0),
    ]
    numbers = Numbers()
    judge = judge_of(store, numbers, *rules)
    reads = []
    for now_ms in (0, 9_999, 10_000, 10_001):
        judge.judge(now_ms)
        reads.append(numbers.reads)
    assert reads == [2, 3, 5, 6]


def test_a_number_that_is_being_looked_up_leaves_its_rule_as_it_is(rule: AlertRule, store: AlertStore) -> None:
    """Nothing is said about it, and it is asked for again at the next look, whatever the interval."""
    numbers = Numbers(30.0)
    judge = judge_of(store, numbers, replace(rule, subject=MetricSubject("orders"), interval_seconds=60.0))
    numbers.failure = NotYetKnown("orders")
    judge.judge(0)
    assert store.log.rows() == []
    numbers.failure = None
    judge.judge(500)
    assert judge.report()[0]["state"] == "firing"


def test_rules_wait_from_the_look_in_which_the_data_is_found_to_be_bad(rule: AlertRule, store: AlertStore) -> None:
    """The data's rule is judged first, wherever it stands, and is only pending: nobody hears of the product's rule."""
    late = replace(
        rule,
        alert="DataLate",
        subject=QualitySubject("lag_seconds"),
        for_seconds=60.0,
        inhibits=True,
        waits_for_data=False,
    )
    judge = judge_of(store, Numbers(30.0), rule, late)
    judge.judge(0)
    assert [row["state"] for row in judge.report()] == ["waiting", "pending"]
    assert judge.report()[0]["cause"] == "the data is bad: product/DataLate"
    assert judge.bad_data() == ["product/DataLate"]
    assert told(store) == []
    judge.judge(60_000)
    assert [row["state"] for row in judge.report()] == ["waiting", "firing"]
    assert [notice.rule for notice in store.notices.open()] == ["product/DataLate"]


def test_a_mistake_about_one_rule_is_its_error_and_stops_no_other(rule: AlertRule, store: AlertStore) -> None:
    """What nobody expected of a number is told with the rule; the others are judged."""
    numbers = Numbers(30.0)
    numbers.failures["orders"] = ZeroDivisionError("a mistake")
    judge = judge_of(store, numbers, replace(rule, alert="Broken", subject=MetricSubject("orders")), rule)
    judge.judge(0)
    assert [(row["state"], row["cause"]) for row in judge.report()] == [
        ("error", "internal error: ZeroDivisionError"),
        ("firing", "breached: 30 > 20"),
    ]


def test_rules_of_one_metric_see_one_number_per_pass(rule: AlertRule, store: AlertStore) -> None:
    """Two rules on the same metric and bucket cause one read."""
    numbers = Numbers()
    judge_of(store, numbers, rule, replace(rule, alert="SignupsVeryHigh", threshold=90.0)).judge(0)
    assert numbers.reads == 1


@pytest.mark.parametrize(("operator", "threshold"), [("<", 4.0), ("<=", 3.0), ("==", 3.0), ("!=", 4.0)])
def test_a_rule_that_a_low_number_fires_waits_for_handoffs_up_to_five_seconds(
    rule: AlertRule, store: AlertStore, operator: str, threshold: float
) -> None:
    """A person between two partitions is counted nowhere: no rule may fire on that, nor wait for ever."""
    pending = [True]
    low = replace(rule, alert="SignupsLow", operator=operator, threshold=threshold)
    judge = judge_of(store, Numbers(3.0), low, rule, pending=pending)
    for now_ms in (0, 4_999):
        judge.judge(now_ms)
        assert [row["state"] for row in judge.report()] == ["inactive", "inactive"]
    judge.judge(5_000)
    assert [row["state"] for row in judge.report()] == ["firing", "inactive"]


def test_the_wait_for_handoffs_starts_anew_each_time(rule: AlertRule, store: AlertStore) -> None:
    """Only one unbroken time of pending hand-offs counts towards the five seconds."""
    pending = [True]
    judge = judge_of(store, Numbers(30.0), replace(rule, operator="<"), pending=pending)
    judge.judge(0)
    pending[0] = False
    judge.judge(3_000)
    pending[0] = True
    judge.judge(4_000)
    judge.judge(8_000)
    assert judge.report()[0]["state"] == "inactive"


def test_a_start_and_an_end_are_one_message_each(rule: AlertRule, store: AlertStore) -> None:
    """However often a breach is seen, the outbox holds one start and one end, with one alert id."""
    numbers = Numbers(30.0)
    judge = judge_of(store, numbers, rule)
    for now_ms in range(0, 3_000, 500):
        judge.judge(now_ms)
    numbers.value = 3.0
    for now_ms in range(3_000, 6_000, 500):
        judge.judge(now_ms)
    assert told(store) == ["firing", "resolved"]
    start, end = store.notices.open()
    assert start.alert_id == end.alert_id


def test_the_log_tells_every_transition_with_its_cause(rule: AlertRule, store: AlertStore) -> None:
    """Each change of state leaves one row with both states, the value and the cause."""
    numbers = Numbers(30.0)
    judge = judge_of(store, numbers, rule)
    judge.judge(0)
    numbers.value = 3.0
    judge.judge(1_000)
    rows = [row for _, row in store.log.rows()]
    assert [(row["at_ms"], row["from_state"], row["to_state"], row["value"], row["detail"]) for row in rows] == [
        (0, "inactive", "firing", 30.0, "breached: 30 > 20"),
        (1_000, "firing", "inactive", 3.0, "clear: 3, not > 20"),
    ]


def test_two_rules_that_change_together_are_two_log_rows(rule: AlertRule, store: AlertStore) -> None:
    """Their group and name tell them apart; a change that nobody is told of has no message."""
    others = (replace(rule, alert="SignupsVeryHigh"), replace(rule, group="other"))
    judge_of(store, Numbers(None), rule, *others).judge(0)
    rows = [row for _, row in store.log.rows()]
    assert len({(row["rule_group"], row["alert"]) for row in rows}) == 3
    assert [row["message"] for row in rows] == ["", "", ""]


def test_a_rule_without_receiver_is_logged_and_tells_nobody(rule: AlertRule, store: AlertStore) -> None:
    """Its transitions are in the log; the outbox stays empty."""
    judge_of(store, Numbers(30.0), replace(rule, receivers=())).judge(0)
    assert told(store) == []
    assert len(store.log.rows()) == 1


def test_a_restart_goes_on_with_the_open_incident(rule: AlertRule, store: AlertStore) -> None:
    """A second judge on the same store repeats no message, and ends the incident with its first id."""
    judge_of(store, Numbers(30.0), rule).judge(0)
    again = judge_of(store, Numbers(30.0), rule)
    again.judge(60_000)
    assert told(store) == ["firing"]
    judge_of(store, Numbers(3.0), rule).judge(90_000)
    assert told(store) == ["firing", "resolved"]


def test_a_removed_rule_is_resolved_once(rule: AlertRule, store: AlertStore) -> None:
    """A rule that fired and is gone from the workspace still owes its end."""
    judge_of(store, Numbers(30.0), rule).judge(0)
    assert told(store) == ["firing"]
    for _ in range(2):
        judge_of(store, Numbers(30.0)).replace([], 1_000)
    assert told(store) == ["firing", "resolved"]
    assert [stored.state.state for stored in store.rules.all().values()] == ["inactive"]


def test_rules_are_replaced_between_looks(rule: AlertRule, store: AlertStore) -> None:
    """One that is gone ends, one that is new begins, and one that only has another limit goes on as it stands."""
    judge = judge_of(store, Numbers(30.0), rule, replace(rule, alert="Gone"))
    judge.judge(0)
    before = {row["alert"]: row["alert_id"] for row in judge.report()}
    judge.replace([replace(rule, threshold=25.0), replace(rule, alert="New")], 1_000)
    judge.judge(1_000)
    after = {row["alert"]: row["alert_id"] for row in judge.report()}
    assert after["SignupsHigh"] == before["SignupsHigh"]
    assert after.keys() == {"SignupsHigh", "New"}
    ends = [row for _, row in store.log.rows() if row["to_state"] == "inactive"]
    assert [(row["alert"], row["detail"]) for row in ends] == [("Gone", "the rule was removed")]


def test_a_rule_that_looks_at_another_number_ends_its_incident(rule: AlertRule, store: AlertStore) -> None:
    """Under the same name it is about something else: the old incident ends, and waits begin anew."""
    judge = judge_of(store, Numbers(30.0), rule)
    judge.judge(0)
    judge.replace([replace(rule, subject=MetricSubject("dau"), for_seconds=5.0)], 1_000)
    judge.judge(1_000)
    rows = [(row["metric"], row["to_state"], row["detail"]) for _, row in store.log.rows()]
    assert rows == [
        ("signups", "firing", "breached: 30 > 20"),
        ("signups", "inactive", "the rule looks at dau now"),
        ("dau", "pending", "breached: 30 > 20"),
    ]


def test_an_end_says_what_was_known_at_the_start_also_after_a_restart(rule: AlertRule, store: AlertStore) -> None:
    """Duration and first value come from the file; the comparison is that of the end."""
    judge_of(store, Numbers(30.0), rule).judge(0)
    judge_of(store, Numbers(3.0), rule).judge(90_000)
    end = next(notice for notice in store.notices.open() if notice.kind == "resolved").told
    assert (end["duration_seconds"], end["start_value"], end["value"]) == (90.0, 30.0, 3.0)
    assert end["comparison"] == {"kind": "threshold"}
