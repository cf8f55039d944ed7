"""Which value of a metric an alert rule is told: of which bucket, and how often it is looked up."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from northstream.alert_values import LOOK_AGAIN_MS, AlertNumbers, AlertValues
from schemas.alerts import MetricSubject
from schemas.calendar import Calendar
from schemas.catalogue import MetricDefinition
from schemas.computes import AtRisk

NOON = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)


class Counters:
    """Reports with a number for each day."""

    def daily(self, counters, first, last):
        return {name: {first: first.day} for name in counters}


class Published:
    def __init__(self):
        self.asked = []

    def value(self, metric, grain, bucket):
        self.asked.append((grain, bucket))
        return Decimal("0.1") if metric == "rate" else None


@pytest.fixture
def published():
    return Published()


@pytest.fixture
def value(published):
    def metric(name, per=""):
        return MetricDefinition(name, {"en": name}, {"en": ""}, "ratio", "growth", AtRisk(), per=per)

    metrics = [metric("rate"), metric("weekly", "week"), metric("monthly", "month")]
    numbers = AlertNumbers(AlertValues(Counters(), published, {item.id: item for item in metrics}, Calendar()))
    return lambda name, bucket, now_ms: numbers.series(MetricSubject(name), bucket, 1, now_ms)[-1].value


@pytest.mark.parametrize(
    ("metric", "bucket", "asked"),
    [
        ("rate", "running", ("day", date(2026, 11, 22))),
        ("rate", "complete", ("day", date(2026, 11, 21))),
        ("weekly", "running", ("week", date(2026, 11, 16))),
        ("weekly", "complete", ("week", date(2026, 11, 9))),
        ("monthly", "running", ("month", date(2026, 11, 1))),
        ("monthly", "complete", ("month", date(2026, 10, 1))),
    ],
)
def test_a_bucket_is_the_span_of_the_metrics_thresholds(metric, bucket, asked, value, published):
    """A day, unless they are written for a week or a month."""
    value(metric, bucket, NOON)
    assert published.asked == [asked]


def test_values_are_told_as_published(value):
    """None where nothing is; an unknown metric is said."""
    assert value("rate", "running", NOON) == 0.1
    assert value("weekly", "running", NOON) is None
    with pytest.raises(LookupError):
        value("rates", "running", NOON)


def test_streamed_metrics_come_from_the_counters(value, published):
    """As fresh as the counters are."""
    assert value("signups", "running", NOON) == 22.0
    assert value("signups", "complete", NOON) == 21.0
    assert value("stickiness", "running", NOON) == 1.0
    assert published.asked == []


def test_a_value_is_looked_up_again_when_it_may_have_changed(value, published):
    """Rules are judged several times a second; published values do not move so often."""
    for after in (0, 500, LOOK_AGAIN_MS - 1):
        assert value("rate", "running", NOON + after) == 0.1
    assert len(published.asked) == 1
    value("rate", "running", NOON + LOOK_AGAIN_MS)
    assert len(published.asked) == 2
