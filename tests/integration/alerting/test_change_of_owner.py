"""Alerters of several machines over one warehouse: one judges, another goes on, nothing is repeated or forgotten.

An end without a word (as by a kill) leaves the lease to run out and the file behind as it stands.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alerting.alerter import Alerter
from alerting.numbers import NotLookedUp, Numbers, Point
from alerting.retries import RetryPolicy
from alerting.surroundings import Surroundings
from schemas.alerts import AlertDefinitions, AlertRule, Bucket, MetricSubject, Subject, WebhookReceiver
from schemas.topics import Topic
from warehouse.alert_predecessors import AlertPredecessors
from warehouse.client import Warehouse
from warehouse.lease import Lease, Pace
from warehouse.migrate import migrate
from warehouse.reports import WarehouseReports

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Pace(look=0.1, confirm=0.15, renew=0.2, expire=0.6)
RULE = AlertRule("SignupsHigh", "product", MetricSubject("signups"), "running", ">", 20.0, ("ops",))


class NoLog:
    """A log with nothing in it."""

    partitions = 1

    def end_offsets(self, *_topics: Topic) -> dict[int, int]:
        return {}


class World:
    """What all alerters see."""

    def __init__(self, engine: Warehouse, url: str) -> None:
        self.value = 30.0
        self.engine = engine
        self.receiver = WebhookReceiver("ops", url, SECRET, allow_private=True)

    def series(self, _subject: Subject, _bucket: Bucket, count: int, _now_ms: int) -> Sequence[Point]:
        return [Point(date(2026, 3, 1), self.value)] * count

    def last_seen_ms(self, subject: Subject, _now_ms: int) -> int | None:
        raise NotLookedUp(str(subject))

    def alerter(self, folder: Path, name: str, leaves_word: bool = False, numbers: Numbers | None = None) -> Alerter:
        reports = WarehouseReports(self.engine, NoLog(), NoLog(), clock)
        lease = Lease(self.engine, "alerters", name, QUICK)
        surroundings = Surroundings(
            numbers or self,
            reports.write_alert_log,
            lambda: False,
            clock,
            "http://127.0.0.1:8000",
            RetryPolicy(timeout_seconds=1.0, first_seconds=0.02, longest_seconds=0.05),
            turns=lease,
            predecessors=AlertPredecessors(self.engine),
        )
        if leaves_word:
            surroundings = replace(surroundings, end_turn=lease.release)
        return Alerter(AlertDefinitions((RULE,), (self.receiver,)), folder / f"{name}.db", surroundings)


class HeldUp:
    """Numbers of the world to an alerter that is held up (a frozen process, a busy machine) just after it read them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_held = threading.Event()

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        found = self._world.series(subject, bucket, count, now_ms)
        if not self.may_go_on.is_set() and found[-1].value == 30.0:
            self.is_held.set()
            self.may_go_on.wait()
        return found

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        return self._world.last_seen_ms(subject, now_ms)


def clock() -> int:
    return int(time.time() * 1000)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    opened = Warehouse.embedded(tmp_path_factory.mktemp("engine"))
    migrate(opened)
    yield opened
    opened.close()


@contextmanager
def running(alerter: Alerter) -> Iterator[None]:
    thread = threading.Thread(target=alerter.run)
    thread.start()
    try:
        yield
    finally:
        alerter.stop()
        thread.join()


def heard(ops: Any) -> list[tuple[str, str]]:
    """Type and incident of each message, copies left out."""
    ids = {arrival.headers["webhook-id"]: json.loads(arrival.body) for arrival in ops.arrivals}
    return [(body["type"], body["data"]["alert_id"]) for body in ids.values()]


def delivered(engine: Warehouse) -> int:
    """How many messages the warehouse knows to be delivered."""
    [(count,)] = engine.rows("SELECT count() FROM northstream.alert_log WHERE status = 'delivered'")
    return int(count)


def is_judging(alerter: Alerter) -> bool:
    return alerter.shown()["judged_at"] is not None


def test_an_incident_goes_on_with_another_owner(
    engine: Warehouse, answering: Any, until: Callable[..., None], tmp_path: Path
) -> None:
    """Started by one, ended by the next with an empty folder, and known to the first when it comes back."""
    ops = answering()
    world = World(engine, ops.url)
    first, second = world.alerter(tmp_path, "first"), world.alerter(tmp_path, "second", leaves_word=True)
    with running(first):
        until(lambda: is_judging(first) and delivered(engine) == 1)
        with running(second):
            first.stop()
            until(lambda: is_judging(second))
            assert not is_judging(first)
            assert [row["state"] for row in second.shown()["alerts"]] == ["firing"]
            world.value = 3.0
            until(lambda: delivered(engine) == 2)
    (start, one), (end, same) = heard(ops)
    assert (start, end, one) == ("alert.firing", "alert.resolved", same)
    world.value = 30.0
    again = world.alerter(tmp_path, "first")
    with running(again):
        until(lambda: len(heard(ops)) == 3)
        assert [row["state"] for row in again.shown()["alerts"]] == ["firing"]
    assert heard(ops)[2][0] == "alert.firing"
    assert heard(ops)[2][1] != one
    assert len(ops.arrivals) == 3


def test_what_the_first_owed_the_second_sends_under_the_same_id(
    engine: Warehouse, answering: Any, until: Callable[..., None], tmp_path: Path
) -> None:
    """A receiver that refused the first alerter's message gets it from the second, which was never told of it."""
    engine.command("TRUNCATE TABLE northstream.alert_log_rows")
    engine.command("TRUNCATE TABLE northstream.alerters")
    ops = answering((500, {}))
    world = World(engine, ops.url)
    first, second = world.alerter(tmp_path, "first"), world.alerter(tmp_path, "second")
    with running(first):
        until(lambda: len(ops.arrivals) >= 2)
    ops.script[:] = [(200, {})]
    before = len(ops.arrivals)
    with running(second):
        until(lambda: len(ops.arrivals) > before)
    assert [kind for kind, _ in heard(ops)] == ["alert.firing"]


def test_who_was_held_up_in_the_midst_of_a_look_starts_nothing_beside_its_successor(
    engine: Warehouse, answering: Any, until: Callable[..., None], tmp_path: Path
) -> None:
    """It saw the breach first, and wakes up when another has told it: one start, one end, one incident in the log."""
    engine.command("TRUNCATE TABLE northstream.alert_log_rows")
    engine.command("TRUNCATE TABLE northstream.alerters")
    ops = answering()
    world = World(engine, ops.url)
    world.value = 3.0
    held = HeldUp(world)
    slow, next_one = world.alerter(tmp_path, "slow", numbers=held), world.alerter(tmp_path, "next")
    with running(slow):
        until(lambda: is_judging(slow))
        held.may_go_on.clear()
        world.value = 30.0
        until(held.is_held.is_set)
        with running(next_one):
            until(lambda: delivered(engine) == 1)
            held.may_go_on.set()
            until(lambda: not is_judging(slow))
            world.value = 3.0
            until(lambda: delivered(engine) == 2)
    (start, one), (end, same) = heard(ops)
    assert (start, end, one) == ("alert.firing", "alert.resolved", same)
    begun = "SELECT uniqExact(alert_id) FROM northstream.alert_log WHERE kind = 'transition' AND to_state = 'firing'"
    assert engine.rows(begun) == [(1,)]
