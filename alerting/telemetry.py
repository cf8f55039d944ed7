"""What alerting tells of itself: how long looks and deliveries take, where rules stand, what waits in the outbox.

Does not judge or deliver. Names: `schemas.telemetry`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from alerting.states import State
from alerting.tracing import Causes
from schemas.telemetry import Alerter as Names

DELIVERED, RETRY, DEAD = "delivered", "retry", "dead"
"""Outcomes of an attempt."""


class AlertTelemetry:
    """Counted in the alerter's threads, read in any."""

    def __init__(self) -> None:
        self.causes = Causes()
        own = self._own = CollectorRegistry()
        self.evaluation_duration = Names.EVALUATION_DURATION.histogram(own)
        self._delivery_duration = Names.DELIVERY_DURATION.histogram(own)
        self._delivery_delay = Names.DELIVERY_DELAY.histogram(own)

    def note_attempt(self, receiver: str, outcome: str, seconds: float, age_seconds: float) -> None:
        """A message was taken to its receiver; `age_seconds` is since its creation."""
        self._delivery_duration.labels(receiver, outcome).observe(seconds)
        if outcome == DELIVERED:
            self._delivery_delay.labels(receiver).observe(max(0.0, age_seconds))

    def collect(self) -> Iterable[Metric]:
        """What was counted."""
        return self._own.collect()


def rules_by_state(rules: Iterable[Mapping[str, Any]]) -> Metric:
    """`rules` as `Alerter.shown` tells them."""
    counts: dict[tuple[str, ...], float] = {(state.value,): 0.0 for state in State}
    for rule in rules:
        counts[(str(rule["state"]),)] += 1
    return Names.RULES.told(counts)


def outbox(counts: Mapping[str, int]) -> Metric:
    """`counts` by status. Delivered messages are dropped some time later, so they say nothing."""
    return Names.OUTBOX_MESSAGES.told({(status,): counts.get(status, 0) for status in ("pending", "dead")})


def turn(has_turn: bool) -> Metric:
    """Of several alerters one judges."""
    return Names.JUDGING.told(float(has_turn))
