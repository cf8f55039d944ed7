"""Whatever happens to alerting, each incident is told once, and its end: a machine of random lives.

Restarts, changes of owner, edited rules, bad data, clocks that step: with a real store and the real takeover; the
warehouse's log is a list, and receivers take what the outbox has.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerting.judge import Judge
from alerting.log_rows import delivery_rows
from alerting.numbers import NotLookedUp, Point
from alerting.states import State
from alerting.store import AlertStore
from alerting.takeover import take_over
from alerting.teller import Teller
from alerting.transition_rows import key_of
from schemas.alerts import AlertRule, Bucket, MetricSubject, QualitySubject, Subject
from schemas.reading import ReadingUnavailable

URL = "http://127.0.0.1:8000"
KPI = AlertRule("SignupsHigh", "product", MetricSubject("signups"), "running", ">", 20.0, ("ops",), for_seconds=2.0)
DATA = AlertRule(
    "DataLate",
    "data",
    QualitySubject("lag_seconds"),
    "running",
    ">",
    60.0,
    ("ops",),
    for_seconds=3.0,
    keep_firing_for_seconds=2.0,
    interval_seconds=0.001,
    inhibits=True,
    waits_for_data=False,
)
READINGS = st.sampled_from([99.0, 5.0, 25.0, None, ReadingUnavailable("away")])
LAGS = st.sampled_from([1.0, 1.0, 1.0, 99.0, None])
STEPS = st.lists(st.sampled_from([2_500, 500, 1, -1_500, -3_600_000]), min_size=1, max_size=3)
"""Milliseconds between looks; clocks step back."""


class World:
    """Numbers that the machine sets, and the warehouse's log."""

    def __init__(self) -> None:
        self.values: dict[str, float | Exception | None] = {"signups": 5.0, "quality:lag_seconds": 1.0}
        self.log: list[dict[str, Any]] = []

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        value = self.values[str(subject)]
        if isinstance(value, Exception):
            raise value
        return [Point(date(2026, 3, 1), value)] * count

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))

    def last_transitions(self) -> Sequence[dict[str, Any]]:
        rows = sorted((row for row in self.log if row["kind"] == "transition"), key=lambda row: row["order"])
        return list({key_of(row): row for row in rows}.values())

    def told(self, from_ms: int, alert_ids: Sequence[str]) -> Sequence[dict[str, Any]]:
        wanted = [row for row in self.log if row["at_ms"] >= from_ms or row["alert_id"] in alert_ids]
        said = [row for row in wanted if row["kind"] != "transition" or row["message"]]
        return sorted(said, key=lambda row: (row["kind"] != "transition", row["at_ms"]))


class Lives(RuleBasedStateMachine):
    """One look at a time; between looks anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.now_ms = 1_000_000_000
        self.times: set[int] = set()
        self.heard: dict[str, dict[str, Any]] = {}
        self.rules = [KPI, DATA]
        self.stores = [AlertStore(Path(":memory:"))]

    @initialize(for_seconds=st.sampled_from([0.0, 2.0]), keep_seconds=st.sampled_from([0.0, 2.0]))
    def begin(self, for_seconds: float, keep_seconds: float) -> None:
        kpi = replace(KPI, for_seconds=for_seconds, keep_firing_for_seconds=keep_seconds)
        self.rules = [kpi, DATA]
        self.start()

    def start(self) -> None:
        """As a session begins."""
        take_over(self.stores[-1], self.world, URL, self.tick(0))
        self.teller = Teller(self.stores[-1])
        self.teller.tell(self.now_ms)
        self.judge = Judge(self.rules, self.stores[-1], self.world, lambda: False, URL)
        self.judge.replace(self.rules, self.now_ms)

    def tick(self, elapsed_ms: int) -> int:
        """No moment comes twice, so that no two incidents have one id."""
        self.now_ms += elapsed_ms
        while self.now_ms in self.times:
            self.now_ms += 1
        self.times.add(self.now_ms)
        return self.now_ms

    @rule(value=READINGS, lag=LAGS, steps=STEPS, is_taken=st.sampled_from([True, True, False]))
    def look(self, value: float | Exception | None, lag: float | None, steps: list[int], is_taken: bool) -> None:
        """Some looks at the same numbers; the receiver takes what is told, or is away."""
        self.world.values = {"signups": value, "quality:lag_seconds": lag}
        for elapsed_ms in steps:
            now_ms = self.tick(elapsed_ms)
            self.judge.judge(now_ms)
            self.hand_on_log()
            self.teller.tell(now_ms)
        if is_taken:
            self.receiver_takes(is_noted=True)

    def hand_on_log(self) -> None:
        store = self.stores[-1]
        rows = store.log.rows()
        if rows:
            self.world.log.extend(json.loads(json.dumps([row for _, row in rows])))
            store.log.drop(rows[-1][0])

    @rule(is_noted=st.booleans())
    def receiver_takes(self, is_noted: bool) -> None:
        """Everything that waits; a kill may come before the last one is noted."""
        outbox = self.stores[-1].outbox
        while (message := outbox.next_for("ops")) is not None:
            body = json.loads(message.body)
            self.heard.setdefault(message.webhook_id, body)
            if not is_noted:
                return
            outbox.delivered(message, self.now_ms, delivery_rows(message, "delivered", "", self.now_ms))

    @rule()
    def restart(self) -> None:
        self.start()

    @rule()
    def another_machine_takes_over(self) -> None:
        self.stores.append(AlertStore(Path(":memory:")))
        self.start()

    @precondition(lambda self: len(self.stores) > 1)
    @rule()
    def an_earlier_machine_takes_over(self) -> None:
        self.stores.append(self.stores.pop(0))
        self.start()

    @rule(threshold=st.sampled_from([20.0, 50.0]))
    def limit_is_edited(self, threshold: float) -> None:
        self.edit([replace(self.rules[0], threshold=threshold), DATA])

    @rule()
    def rule_is_removed_and_put_back(self) -> None:
        kept = self.rules
        self.edit([DATA])
        self.edit(kept)

    def edit(self, rules: list[AlertRule]) -> None:
        self.rules = rules
        self.judge.replace(rules, self.tick(1))
        self.hand_on_log()
        self.teller.tell(self.now_ms)

    @invariant()
    def starts_and_ends_alternate_and_share_an_id(self) -> None:
        """Of each rule, whoever judged it: in the order of its states, not of clocks."""
        open_ids: dict[str, str] = {}
        rows = [row for row in self.world.log if row["kind"] == "transition" and row["message"]]
        for row in sorted(rows, key=lambda row: row["order"]):
            if row["to_state"] == State.FIRING:
                assert key_of(row) not in open_ids
                open_ids[key_of(row)] = row["alert_id"]
            else:
                assert open_ids.pop(key_of(row)) == row["alert_id"]

    @invariant()
    def a_receiver_hears_of_an_end_only_after_its_start(self) -> None:
        """Copies are known by their id; of two incidents a retry may change the order."""
        started = set()
        for body in self.heard.values():
            if body["type"] == "alert.firing":
                started.add(body["data"]["alert_id"])
            else:
                assert body["data"]["alert_id"] in started

    @invariant()
    def nothing_of_the_product_starts_while_the_data_is_bad(self) -> None:
        """The data's own rule is judged first, so its log rows come before those of the same look."""
        bad = False
        rows = [row for row in self.world.log if row["kind"] == "transition"]
        for row in rows:
            if row["alert"] == "DataLate":
                has_incident = row["alert_id"] != "" and row["to_state"] != State.INACTIVE
                bad = row["to_state"] == State.PENDING or has_incident
            elif row["to_state"] == State.FIRING and row["message"]:
                assert not bad

    @invariant()
    def every_change_has_a_cause(self) -> None:
        assert all(row["detail"] for row in self.world.log if row["kind"] == "transition")

    def teardown(self) -> None:
        """In the end the receiver knows of exactly the incidents that are open, whoever judged when."""
        self.hand_on_log()
        self.receiver_takes(is_noted=True)
        self.a_receiver_hears_of_an_end_only_after_its_start()
        told = [body["data"] for body in self.heard.values() if body["type"] == "alert.firing"]
        ended = {body["data"]["alert_id"] for body in self.heard.values() if body["type"] == "alert.resolved"}
        shown = {row["alert_id"] for row in self.judge.report()} - {None}
        assert {data["alert_id"] for data in told} - ended == shown
        for store in self.stores:
            store.close()


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
