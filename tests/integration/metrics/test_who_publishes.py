"""Published values over a real engine when versions change, processes end at the wrong moment, or there are several."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from integration.metrics.measuring_rig import Rig, count_of, metric
from integration.warehouse.emptying import empty_tables

from metrics.published import PublishedPoints
from schemas.measuring import SeriesQuestion
from warehouse.client import Warehouse
from warehouse.lease import PUBLISHING, Lease

ORDERS = metric("orders", count_of("Order Completed"))


@pytest.fixture
def rig(engine: Warehouse) -> Rig:
    empty_tables(engine)
    made = Rig(engine)
    made.define(ORDERS)
    return made


def said(rig: Rig, days: int) -> list[tuple[int, int]]:
    """Value and version of each day."""
    series = rig.measures.series(SeriesQuestion("orders", rig.days_ago(days - 1), rig.today))
    return [(int(value.value or 0), value.version) for value in series.values]


def test_a_new_version_speaks_of_days_whose_end_the_old_one_never_saw(rig: Rig) -> None:
    """Half a day that was published last on Friday noon is no number of that day, nor are the days without it."""
    rig.happen("thursday", rig.days_ago(1))
    rig.happen("friday", rig.today)
    rig.refresher.round()
    rig.happen("friday later", rig.today)
    rig.today += timedelta(days=3)
    rig.define(metric("orders", count_of("Order Completed"), version=2))
    rig.refresher.round()
    assert said(rig, 6) == [(0, 1), (1, 1), (2, 2), (0, 2), (0, 2), (0, 2)]


def test_a_process_that_ends_between_ledger_and_value_says_a_change_once(rig: Rig, engine: Warehouse) -> None:
    """The ledger is written first, so that no change is left unsaid; the next process finds that it is said."""
    rig.happen("o", rig.days_ago(1))
    rig.refresher.round()
    rig.happen("late", rig.days_ago(1))
    with patch.object(PublishedPoints, "write_points", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        rig.refresher.round()
    again = Rig(engine)
    again.define(ORDERS)
    again.refresher.round()
    again.happen("later", rig.days_ago(1))
    again.refresher.round()
    changes = [(before, after) for _, before, after, _, _ in again.restatements("orders")]
    assert changes == [(1, 2), (2, 3)]
    assert again.published("orders")[rig.days_ago(1)] == 3


def test_the_ledger_closes_when_another_process_takes_over(rig: Rig, engine: Warehouse) -> None:
    """Who publishes begins with what was published last, whoever did it."""
    other = Rig(engine)
    other.define(ORDERS)
    other.publishes = False
    rig.happen("o", rig.days_ago(1))
    rig.refresher.round()
    other.refresher.round()
    for number in range(2):
        rig.happen(f"late {number}", rig.days_ago(1))
        rig.refresher.round()
        other.refresher.round()
    rig.publishes, other.publishes = False, True
    other.happen("last", rig.days_ago(1))
    rig.refresher.round()
    other.refresher.round()
    changes = [(before, after) for _, before, after, _, _ in other.restatements("orders")]
    assert changes == [(1, 2), (2, 3), (3, 4)]


def test_one_of_several_processes_publishes_at_a_time(engine: Warehouse) -> None:
    """Nobody at first, then whoever said so last; another one only when that has been silent for long."""
    empty_tables(engine)
    now = 1000.0
    one, two = (Lease(engine, "publishers", name, PUBLISHING, lambda: now) for name in ("one", "two"))
    assert (one(), two()) == (False, False)
    now += max(PUBLISHING.look, PUBLISHING.confirm) + 0.1
    assert (one(), two()) == (True, False)
    now += PUBLISHING.look
    assert (one(), two()) == (True, False)
    silent = f"SELECT 'one', now64(3) - INTERVAL {int(PUBLISHING.expire) + 1} SECOND"
    engine.command("TRUNCATE TABLE northstream.publishers")
    engine.command(f"INSERT INTO northstream.publishers (holder, at) {silent}")
    now += PUBLISHING.look
    assert (two(), one()) == (False, False)
    now += PUBLISHING.confirm + 0.1
    assert (two(), one()) == (True, False)
