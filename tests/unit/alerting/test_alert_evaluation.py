"""One look at one rule, and the judge's bookkeeping over many.

Does not deliver: messages are read back from the store.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

import pytest

from alerting.evaluate import evaluate
from alerting.judge import Judge
from alerting.numbers import NotLookedUp, Point
from alerting.states import Verdict
from alerting.store import AlertStore
from alerting.teller import Teller
from schemas.alerts import AlertRule, Bucket, Subject
from schemas.reading import ReadingUnavailable


class Numbers:
    """A metric whose value the test sets; counts how often it was read."""

    def __init__(self, value: float | None = 0.0) -> None:
        self.value = value
        self.reads = 0
        self.failure: Exception | None = None

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return [Point(date(2026, 3, 1), self.value)] * count

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))


def judge_of(store: AlertStore, numbers: Numbers, *rules: AlertRule, pending: list[bool] | None = None) -> Judge:
    flag = pending or [False]
    return Judge(rules, store, numbers, lambda: flag[0], "http://127.0.0.1:8000")


def told(store: AlertStore) -> dict[str, int]:
    """The outbox by status, after all that is owed has been told."""
    Teller(store).tell(100_000)
    return store.outbox.counts()


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


def test_the_interval_is_kept_unless_counters_changed(rule: AlertRule, store: AlertStore) -> None:
    """A rule is judged when its interval is over; a change of the counters brings the next look forward."""
    numbers = Numbers()
    judge = judge_of(store, numbers, replace(rule, interval_seconds=10.0))
    judge.judge(0, counters_changed=False)
    judge.judge(9_999, counters_changed=False)
    assert numbers.reads == 1
    judge.judge(10_000, counters_changed=False)
    judge.judge(10_001, counters_changed=True)
    assert numbers.reads == 3


def test_rules_of_one_metric_see_one_number_per_pass(rule: AlertRule, store: AlertStore) -> None:
    """Two rules on the same metric and bucket cause one read."""
    numbers = Numbers()
    judge_of(store, numbers, rule, replace(rule, alert="SignupsVeryHigh", threshold=90.0)).judge(0, True)
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
        judge.judge(now_ms, counters_changed=True)
        assert [row["state"] for row in judge.report()] == ["inactive", "inactive"]
    judge.judge(5_000, counters_changed=True)
    assert [row["state"] for row in judge.report()] == ["firing", "inactive"]


def test_the_wait_for_handoffs_starts_anew_each_time(rule: AlertRule, store: AlertStore) -> None:
    """Only one unbroken time of pending hand-offs counts towards the five seconds."""
    pending = [True]
    judge = judge_of(store, Numbers(30.0), replace(rule, operator="<"), pending=pending)
    judge.judge(0, True)
    pending[0] = False
    judge.judge(3_000, True)
    pending[0] = True
    judge.judge(4_000, True)
    judge.judge(8_000, True)
    assert judge.report()[0]["state"] == "inactive"


def test_a_start_and_an_end_are_one_message_each(rule: AlertRule, store: AlertStore) -> None:
    """However often a breach is seen, the outbox holds one start and one end, with one alert id."""
    numbers = Numbers(30.0)
    judge = judge_of(store, numbers, rule)
    for now_ms in range(0, 3_000, 500):
        judge.judge(now_ms, True)
    numbers.value = 3.0
    for now_ms in range(3_000, 6_000, 500):
        judge.judge(now_ms, True)
    assert told(store) == {"pending": 2}
    first = store.outbox.next_for("ops")
    assert first is not None
    store.outbox.delivered(first, 3_000, [])
    second = store.outbox.next_for("ops")
    assert second is not None
    messages = [json.loads(message.body) for message in (first, second)]
    assert [message["type"] for message in messages] == ["alert.firing", "alert.resolved"]
    assert len({message["data"]["alert_id"] for message in messages}) == 1


def test_the_log_tells_every_transition_with_its_cause(rule: AlertRule, store: AlertStore) -> None:
    """Each change of state leaves one row with both states, the value and the cause."""
    numbers = Numbers(30.0)
    judge = judge_of(store, numbers, rule)
    judge.judge(0, True)
    numbers.value = 3.0
    judge.judge(1_000, True)
    rows = [row for _, row in store.log.rows()]
    assert [(row["at_ms"], row["from_state"], row["to_state"], row["value"], row["detail"]) for row in rows] == [
        (0, "inactive", "firing", 30.0, "breached: 30 > 20"),
        (1_000, "firing", "inactive", 3.0, "clear: 3, not > 20"),
    ]


def test_two_rules_that_change_together_are_two_log_rows(rule: AlertRule, store: AlertStore) -> None:
    """Their group and name tell them apart; a change that nobody is told of has no message."""
    others = (replace(rule, alert="SignupsVeryHigh"), replace(rule, group="other"))
    judge_of(store, Numbers(None), rule, *others).judge(0, True)
    rows = [row for _, row in store.log.rows()]
    assert len({(row["rule_group"], row["alert"]) for row in rows}) == 3
    assert [row["message"] for row in rows] == ["", "", ""]


def test_a_rule_without_receiver_is_logged_and_tells_nobody(rule: AlertRule, store: AlertStore) -> None:
    """Its transitions are in the log; the outbox stays empty."""
    judge_of(store, Numbers(30.0), replace(rule, receivers=())).judge(0, True)
    assert told(store) == {}
    assert len(store.log.rows()) == 1


def test_a_restart_goes_on_with_the_open_incident(rule: AlertRule, store: AlertStore) -> None:
    """A second judge on the same store repeats no message, and ends the incident with its first id."""
    judge_of(store, Numbers(30.0), rule).judge(0, True)
    again = judge_of(store, Numbers(30.0), rule)
    again.judge(60_000, True)
    assert told(store) == {"pending": 1}
    judge_of(store, Numbers(3.0), rule).judge(90_000, True)
    assert told(store) == {"pending": 2}


def test_a_removed_rule_is_resolved_once_and_forgotten(rule: AlertRule, store: AlertStore) -> None:
    """A rule that fired and is gone from the workspace still owes its end."""
    judge_of(store, Numbers(30.0), rule).judge(0, True)
    for _ in range(2):
        judge_of(store, Numbers(30.0)).retire_removed(1_000)
    assert told(store) == {"pending": 2}
    assert store.rules.all() == {}
