"""When a rule's subject was seen last: how far back is looked, and when nobody can say."""

from datetime import UTC, date, datetime

import pytest

from alerting.numbers import NotLookedUp
from northstream.numbers.sightings import Sightings
from schemas.alerts import MetricSubject, QualitySubject
from schemas.catalogue import MetricDefinition
from schemas.computes import AtRisk, Fact
from schemas.definitions import StreamDefinitions
from schemas.reading import ReadingUnavailable

NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
HOUR, DAY = 3_600_000, 86_400_000
STREAM = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track",)),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(),
)
METRICS = {
    name: MetricDefinition(name, {"en": name}, {"en": ""}, "count", "team", compute)
    for name, compute in {"at_risk": AtRisk(), "spend": Fact("spend")}.items()
}
SIGNUPS = MetricSubject("signups")


class World:
    """Messages by the time of receipt, and up to when all is complete."""

    def __init__(self):
        self.received, self.since, self.through, self.fact = [], [], NOW, date(2026, 11, 20)
        self.sightings = Sightings(self, self, lambda: METRICS, STREAM, lambda: self.through)

    def message_ms(self, sources, since_ms):
        self.since.append(since_ms)
        return max((at for at in self.received if at >= since_ms), default=None)

    def fact_day(self, facts):
        return self.fact

    def latest_received_ms(self, now_ms):
        return now_ms - 1

    def latest_quarantined_ms(self, now_ms):
        return None

    def seen(self, subject=SIGNUPS, now_ms=NOW):
        return self.sightings.last_seen_ms(subject, now_ms)


@pytest.fixture
def world():
    return World()


def test_what_came_long_ago_is_found_once(world):
    """The first look goes back 90 days at most, the later ones to where all was complete at the look before."""
    world.received = [NOW - 2 * DAY]
    assert world.seen() == NOW - 2 * DAY
    assert world.since == [NOW - HOUR, NOW - DAY, NOW - 90 * DAY]
    world.through = NOW + 500
    assert world.seen() == NOW - 2 * DAY
    assert world.since[3:] == [NOW - 1000]


def test_what_is_loaded_late_is_found_all_the_same(world):
    """It was received before the look before, but all was not complete then."""
    world.through = NOW - 60_000
    assert world.seen() is None
    world.received = [NOW - 50_000]
    world.through = NOW + 5_000
    assert world.seen(now_ms=NOW + 5_000) == NOW - 50_000


def test_nobody_knows_what_has_not_come_while_data_is_incomplete(world):
    """It may only not be loaded yet; before the first message of all nothing was ever seen."""
    world.through = NOW - 121_000
    with pytest.raises(ReadingUnavailable, match="not complete yet"):
        world.seen()
    world.through = None
    assert world.seen() is None


def test_facts_are_seen_by_their_latest_day(world):
    """At its end, or now while it is not over."""
    end = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
    assert world.seen(MetricSubject("spend")) == end
    world.fact = date(2026, 11, 22)
    assert world.seen(MetricSubject("spend")) == NOW
    world.fact = None
    assert world.seen(MetricSubject("spend")) is None


def test_of_the_data_messages_are_seen(world):
    """All of them, or those that were refused; what counts no messages is said."""
    assert world.seen(QualitySubject("received")) == NOW - 1
    assert world.seen(QualitySubject("quarantined")) is None
    for unseen in (QualitySubject("lag_seconds"), MetricSubject("at_risk")):
        with pytest.raises(NotLookedUp):
            world.seen(unseen)
