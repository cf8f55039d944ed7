"""Two alerters that both judged for a moment: what one of them knows alone is ended, and the other's goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from alerting.judge import Judge
from alerting.log_rows import delivery_rows
from alerting.numbers import NotLookedUp, Point
from alerting.states import State
from alerting.store import AlertStore
from alerting.takeover import take_over
from alerting.teller import Teller
from alerting.transition_rows import key_of
from schemas.alerts import AlertRule, Bucket, MetricSubject, Subject

URL = "http://127.0.0.1:8000"
RULE = AlertRule("SignupsHigh", "product", MetricSubject("signups"), "running", ">", 20.0, ("ops",))


@dataclass
class World:
    """Thirty signups, and the warehouse's log."""

    log: list[dict[str, Any]] = field(default_factory=list)

    def series(self, _subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        return [Point(date(2026, 3, 1), 30.0)] * count

    def last_seen_ms(self, subject: Subject, _now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))

    def last_transitions(self) -> Sequence[dict[str, Any]]:
        rows = sorted((row for row in self.log if row["kind"] == "transition"), key=lambda row: row["order"])
        return list({key_of(row): row for row in rows}.values())

    def told(self, _from_ms: int, _alert_ids: Sequence[str]) -> Sequence[dict[str, Any]]:
        return [row for row in self.log if row["kind"] != "transition" or row["message"]]

    def hand_on(self, store: AlertStore) -> None:
        rows = store.log.rows()
        self.log += [row for _, row in rows]
        if rows:
            store.log.drop(rows[-1][0])


def judged(store: AlertStore, world: World, now_ms: int, has_turn: bool = True) -> str:
    """The incident that is open after a look."""
    judge = Judge([RULE], store, world, lambda: False, URL, is_our_turn=lambda: has_turn)
    judge.replace([RULE], now_ms)
    judge.judge(now_ms)
    return open_incident(store)


def open_incident(store: AlertStore) -> str:
    known = store.rules.all()
    return known[RULE.key].state.alert_id if RULE.key in known else ""


def test_an_incident_that_was_left_ends_and_the_other_alerters_goes_on_for_both() -> None:
    """Its end is no news of where the rule stands, however late it is written: nobody starts a third incident."""
    world, one, other = World(), AlertStore(Path(":memory:")), AlertStore(Path(":memory:"))
    left, going_on = judged(one, world, 1_000), judged(other, world, 5_000)
    assert left != going_on
    world.hand_on(other)
    for now_ms, store in ((9_000, one), (12_000, other), (15_000, one)):
        take_over(store, world, URL, now_ms)
        Teller(store).tell(now_ms)
        assert open_incident(store) == going_on
        assert judged(store, world, now_ms + 1) == going_on
        world.hand_on(store)
    ends = [row["alert_id"] for row in world.log if row.get("to_state") == State.INACTIVE]
    assert ends == [left]
    told = {(each["alert_id"], each["type"]) for store in (one, other) for each in store.outbox.messages()}
    assert told == {(going_on, "alert.firing")}


def given_up(store: AlertStore, world: World, now_ms: int) -> None:
    """The message that is due is refused for good."""
    message = store.outbox.next_for("ops")
    assert message is not None
    store.outbox.dead(message, "HTTP 410", now_ms, delivery_rows(message, "dead", "HTTP 410", now_ms))
    world.hand_on(store)


def statuses(store: AlertStore) -> list[tuple[str, str]]:
    return [(each["type"], each["status"]) for each in store.outbox.messages()]


def test_a_dead_letter_is_one_for_the_next_alerter_too_and_can_be_sent_again() -> None:
    """Nobody has got it: it is not shown as delivered, and what is sent again waits through another takeover."""
    world, one, other = World(), AlertStore(Path(":memory:")), AlertStore(Path(":memory:"))
    incident = judged(one, world, 1_000)
    Teller(one).tell(1_000)
    given_up(one, world, 2_000)
    take_over(other, world, URL, 9_000)
    Teller(other).tell(9_000)
    assert statuses(other) == [("alert.firing", "dead")]
    assert other.outbox.resend(f"msg_{incident}_firing", "ops", 10_000)
    take_over(other, world, URL, 11_000)
    assert statuses(other) == [("alert.firing", "pending")]
    message = other.outbox.next_for("ops")
    assert message is not None
    other.outbox.delivered(message, 12_000, delivery_rows(message, "delivered", "", 12_000))
    world.hand_on(other)
    take_over(one, world, URL, 13_000)
    assert statuses(one) == [("alert.firing", "delivered")]


def test_what_another_alerter_gave_up_is_not_tried_again_by_itself() -> None:
    """The file of the first has it as waiting."""
    world, one, other = World(), AlertStore(Path(":memory:")), AlertStore(Path(":memory:"))
    judged(one, world, 1_000)
    world.hand_on(one)
    Teller(one).tell(1_000)
    take_over(other, world, URL, 9_000)
    Teller(other).tell(9_000)
    given_up(other, world, 10_000)
    take_over(one, world, URL, 13_000)
    assert statuses(one) == [("alert.firing", "dead")]


def test_nothing_is_recorded_while_another_judges() -> None:
    """Numbers that were read before the turn was lost are old."""
    world, store = World(), AlertStore(Path(":memory:"))
    assert judged(store, world, 1_000, has_turn=False) == ""
    assert store.log.rows() == []
    assert judged(store, world, 2_000) != ""
