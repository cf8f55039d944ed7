"""Up to which moment everything is counted and loaded, from readings alone."""

from collections.abc import Mapping

from schemas.checkpoints import Owner, Positions
from schemas.topics import LogEnd, Topic
from warehouse.completeness import REQUEST_AGE_MS, CompletionTracker, OwnedPositions, Standing, lag_of
from warehouse.ledger import Place

OWNER = Owner(1, 1)
NOW = 1_000_000


def reading(
    end: int,
    counted: int,
    loaded: int | None = None,
    handoffs: tuple[int, int] = (0, 0),
    low: Mapping[str, int] | None = None,
    owner: Owner = OWNER,
) -> Standing:
    """One partition: the log's end, what is counted, what is loaded; `handoffs` are (end, applied)."""
    head = OwnedPositions(OWNER, Positions(counted, handoffs[1]))
    places: dict[Place, int] = {(Topic.EVENTS, 0): counted if loaded is None else loaded}
    return Standing(
        heads={0: head},
        headers={0: head},
        loaded=places,
        claims={0: owner},
        low_watermarks={"c": NOW} if low is None else low,
        ends={
            Topic.EVENTS: {0: LogEnd(end, end)},
            Topic.QUARANTINE: {0: LogEnd(0, 0)},
            Topic.HANDOFFS: {0: LogEnd(handoffs[0], handoffs[0])},
        },
    )


def test_an_idle_installation_is_complete_up_to_its_low_watermark() -> None:
    """A living collector may still append what it received since its low watermark."""
    tracker = CompletionTracker()
    assert tracker.observe(reading(5, 5, low={"a": NOW - 7, "b": NOW}), NOW, None) == NOW - 7


def test_without_a_known_collector_requests_may_be_under_way() -> None:
    """A collector that has not said anything yet may hold messages for as long as a request lives."""
    tracker = CompletionTracker()
    assert tracker.observe(reading(5, 5, low={}), NOW, None) == NOW - REQUEST_AGE_MS


def test_a_log_that_ends_before_the_positions_is_never_complete() -> None:
    """It has lost records, or another log is configured: what comes next is passed over, so nothing is settled."""
    tracker = CompletionTracker()
    shorter = reading(990, 1000, low={"c": 500_000})
    assert tracker.observe(shorter, NOW, None) is None
    lines = {(topic, 0): {1000: 990, 0: 0} for topic in Topic}
    assert lag_of(shorter, lines) == 1
    assert lag_of(reading(1000, 1000), {place: {1000: 1000, 0: 0} for place in lines}) == 0


def test_under_steady_traffic_it_follows_the_positions() -> None:
    """What lay before the ends of an earlier reading is complete once the positions have passed them."""
    tracker = CompletionTracker()
    assert tracker.observe(reading(10, 5, low={"c": 100}), NOW, NOW) == 100
    tracker = CompletionTracker()
    tracker.observe(reading(10, 5, low={"c": 500_000}), NOW, 500_000)
    assert tracker.observe(reading(20, 9, low={"c": 600_000}), NOW + 1_000, 550_000) == 490_000
    assert tracker.observe(reading(30, 10, low={"c": 700_000}), NOW + 2_000, 550_001) == 500_000


def test_what_is_not_loaded_is_not_complete() -> None:
    """Counted is not enough: queries must find the events too."""
    tracker = CompletionTracker()
    tracker.observe(reading(10, 10, 3, low={"c": 500_000}), NOW, 400_000)
    assert tracker.through_ms == 400_000 - REQUEST_AGE_MS
    assert tracker.observe(reading(10, 10, 10, low={"c": 600_000}), NOW, None) == 600_000


def test_hand_offs_hold_it_back() -> None:
    """A message is counted when the hand-offs that it caused are applied, not when its own partition has read it."""
    tracker = CompletionTracker()
    assert tracker.observe(reading(10, 10, handoffs=(1, 0)), NOW, None) is None
    assert tracker.observe(reading(10, 10, handoffs=(1, 1)), NOW, None) == NOW


def test_steady_hand_offs_do_not_hold_it_for_ever() -> None:
    """Under load some hand-off is always under way; caught up with several times over is enough."""
    tracker = CompletionTracker()
    answers = [
        tracker.observe(reading(n, n, handoffs=(n + 1, n), low={"c": n}), NOW + 1000 * n, None) for n in range(10)
    ]
    assert answers[0] is None
    assert answers[-1] is not None
    assert answers[-1] < 9


def test_a_frozen_partition_of_hand_offs_stops_it() -> None:
    """However often it is read, a hand-off that is not applied is waited for."""
    tracker = CompletionTracker()
    assert {tracker.observe(reading(n, n, handoffs=(n + 1, 0)), NOW + 1000 * n, None) for n in range(100)} == {None}


def test_a_partition_without_its_owner_stops_it_and_it_never_goes_back() -> None:
    """A new claim says nothing new until its owner has published; what was complete stays complete."""
    tracker = CompletionTracker()
    assert tracker.observe(reading(5, 5, low={"c": 100}), NOW, None) == 100
    newer = Owner(2, 9)
    assert tracker.observe(reading(6, 6, low={"c": 900}, owner=newer), NOW + 1_000, None) == 100
    assert tracker.observe(reading(7, 6, low={"c": 950}), NOW + 2_000, 1) == 900
