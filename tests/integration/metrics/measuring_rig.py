"""A catalogue over a real engine, refreshed when a test says so; days and completeness are the test's.

Does not run threads.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from metrics.asking import Answer, Ask, Computer
from metrics.assembling import Assembled, Sources
from metrics.dimensions import Dimensions
from metrics.measures import CatalogueMeasures
from metrics.refresher import Refresher
from schemas.catalogue import Catalogue, MetricDefinition
from schemas.computes import Compute, Count, EventSet
from schemas.definitions import StreamDefinitions
from schemas.reading import Completeness
from warehouse.client import Warehouse

TODAY = date(2026, 11, 20)

DEFINITIONS = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track",)),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(),
)


def metric(name: str, compute: Compute, **fields: Any) -> MetricDefinition:
    given = {"unit": "count", "owner": "team", "refresh_seconds": 0} | fields
    return MetricDefinition(name, {"en": name}, {"en": ""}, compute=compute, **given)


def count_of(event: str) -> Count:
    return Count(EventSet(events=(event,)))


@dataclass
class Noting:
    """Passes everything on and notes what was asked."""

    computer: Computer
    asks: list[tuple[Compute, Ask]] = field(default_factory=list)

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        self.asks.append((compute, ask))
        return self.computer.compute(compute, ask)


@dataclass
class Rig:
    """The parts; `metrics`, `today` and `publishes` may be changed at will."""

    warehouse: Warehouse
    today: date = TODAY
    lag_events: int = 0
    metrics: dict[str, MetricDefinition] = field(default_factory=dict)
    publishes: bool = True
    _catalogue: Catalogue | None = None

    def __post_init__(self) -> None:
        sources = Sources(
            warehouse=self.warehouse,
            reports=None,  # type: ignore[arg-type]
            definitions=DEFINITIONS,
            dimensions=Dimensions(),
            catalogue=self.catalogue,
            findings=lambda: (),
            clock=self.now_ms,
            completeness=self.completeness,
            may_publish=lambda: self.publishes,
        )
        self.assembled = Assembled(sources)
        self.noting = Noting(self.assembled.computer_over(self.warehouse))
        self.measures: CatalogueMeasures = self.assembled.measures
        self.refresher: Refresher = self.assembled.refresher(self.noting, rest=0)

    def now_ms(self) -> int:
        noon = datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)
        return int(noon.timestamp() * 1000)

    def completeness(self) -> Completeness:
        return Completeness(self.lag_events, self.now_ms())

    def catalogue(self) -> Catalogue:
        if self._catalogue is None or self._catalogue.metrics != self.metrics:
            self._catalogue = Catalogue(dict(self.metrics))
        return self._catalogue

    def define(self, *metrics: MetricDefinition) -> None:
        self.metrics = {one.id: one for one in metrics}

    def days_ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def happen(self, message_id: str, day: date, event: str = "Order Completed", **fields: Any) -> None:
        """An accepted message, as the loader stores it."""
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        row = {
            "message_id": message_id,
            "type": "track",
            "event": event,
            "user_id": "u1",
            "occurred_ms": int(at.timestamp() * 1000),
            "received_ms": self.now_ms(),
        } | fields
        self.warehouse.insert_lines("events", list(row), msgspec.json.encode(row), {})

    def published(self, metric: str) -> dict[date, Any]:
        """What SQL users see."""
        rows = self.warehouse.rows(
            "SELECT day, exact FROM northstream.metric_points WHERE metric = {metric:String} ORDER BY day",
            {"metric": metric},
        )
        return dict(rows)

    def unite(self, user: str, into: str) -> None:
        """Two users are one person from now on."""
        row = {"person_id": f"u:{user}", "united_into": f"u:{into}"}
        self.warehouse.insert_lines("overrides", list(row), msgspec.json.encode(row), {})

    def restatements(self, metric: str) -> list[tuple[Any, ...]]:
        """What SQL users see: day, before, after, reason, cause."""
        return self.warehouse.rows(
            "SELECT day, before, after, reason, cause FROM northstream.restatements WHERE metric = {metric:String}"
            " ORDER BY at, day",
            {"metric": metric},
        )
