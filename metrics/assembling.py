"""Puts the parts of this package together.

Does not open anything: warehouse, clock and catalogue are handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from metrics.account_dimensions import AccountDimensions
from metrics.asking import Computer, Query
from metrics.changes import Cause, ChangeFinder
from metrics.counted import CounterComputer
from metrics.dimensions import Dimensions
from metrics.dispatch import Dispatcher
from metrics.doubts import IntakeReader
from metrics.drilling import Drill
from metrics.events import EventComputer
from metrics.facts import FactComputer, FactStore
from metrics.keeper import PointKeeper
from metrics.measures import CatalogueMeasures, MeasuringParts
from metrics.moment import Moment
from metrics.published import PublishedPoints
from metrics.publishing import Publisher
from metrics.refresher import REST, Refresh, Refresher
from metrics.shelf import Shelf
from metrics.subscription_events import SubscriptionEvents
from metrics.subscriptions import BalanceComputer
from schemas.calendar import Calendar, day_date
from schemas.catalogue import Catalogue
from schemas.computes import Balance, Concentration, Counter, Fact
from schemas.definitions import StreamDefinitions
from schemas.reading import Completeness, Reports


class Warehouse(Protocol):
    """As `warehouse.client.Warehouse`, as far as metrics need it."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from. `clock` gives Unix ms. `findings`: what is wrong with the catalogue's files.

    `dimensions`: by what people and accounts are split. `expert`: runs queries of the kind `sql`, None: there are none.
    While `may_publish` says no, another process publishes the values.
    """

    warehouse: Warehouse
    reports: Reports
    definitions: StreamDefinitions
    dimensions: Dimensions
    catalogue: Callable[[], Catalogue]
    findings: Callable[[], Sequence[str]]
    clock: Callable[[], int]
    completeness: Callable[[], Completeness]
    expert: Query | None = None
    may_publish: Callable[[], bool] = lambda: True


class Assembled:
    """The service over its sources."""

    def __init__(self, sources: Sources) -> None:
        definitions = sources.definitions
        self._sources = sources
        self._calendar = Calendar(definitions.timezone)
        self._accounts = AccountDimensions(
            SubscriptionEvents(sources.warehouse, definitions.timezone), sources.dimensions
        )
        self._balances = BalanceComputer(sources.warehouse, definitions.timezone, self._accounts)
        self._facts = FactStore(sources.warehouse)
        finder = ChangeFinder(sources.warehouse, definitions.timezone)
        self._moment = Moment()
        self.keeper = PointKeeper(finder, definitions, self._today, sources.completeness, self._moment)
        self._publisher = Publisher(
            PublishedPoints(sources.warehouse),
            self.keeper,
            self._calendar,
            CauseNames(sources.warehouse),
            sources.may_publish,
        )
        self._shelf = Shelf(sources.catalogue, self._publisher, self._today)
        self.computer = self.computer_over(sources.warehouse)
        drilling = Drill(
            sources.warehouse,
            definitions,
            sources.dimensions,
            self._events_over(sources.warehouse),
            self._balances,
            self._facts,
            self.keeper,
        )
        intake = IntakeReader(sources.warehouse, self._calendar, definitions)
        parts = MeasuringParts(
            self._shelf, sources.findings, self.keeper, self._publisher, self.computer, drilling, intake
        )
        self.measures = CatalogueMeasures(parts)

    def computer_over(self, warehouse: Warehouse) -> Computer:
        """All kinds, with events read over this connection."""
        sources, definitions = self._sources, self._sources.definitions
        counters = CounterComputer(
            sources.reports, sources.clock, self._calendar, definitions.activation_window_seconds, self._moment
        )
        return Dispatcher(
            {
                Counter: counters,
                Balance: self._balances,
                Concentration: self._balances,
                Fact: FactComputer(self._facts),
            },
            self._events_over(warehouse),
        )

    def _events_over(self, warehouse: Warehouse) -> EventComputer:
        sources = self._sources
        return EventComputer(
            warehouse,
            sources.definitions,
            sources.dimensions,
            sources.clock,
            sources.expert,
            self._balances.standing,
            self._accounts,
        )

    def refresher(
        self, computer: Computer, on_refresh: Callable[[Refresh], None] = lambda _: None, rest: float = REST
    ) -> Refresher:
        """Keeps the points fresh with a computer of its own."""
        return Refresher(self._shelf, self.keeper, self._publisher, computer, on_refresh, rest)

    def _today(self) -> date:
        return day_date(self._calendar.day_of(self._sources.clock()))


_MESSAGE = """
SELECT message_id FROM northstream.events
WHERE loaded_at >= now64(3) - INTERVAL 1 DAY AND sipHash64(message_id) = {message:UInt64} LIMIT 1
SETTINGS max_threads = 1
"""


@dataclass(frozen=True, slots=True)
class CauseNames:
    """What caused a change, as restatements name it: a message or a person."""

    warehouse: Warehouse

    def __call__(self, cause: Cause) -> str:
        if not cause.message:
            return cause.person
        found = self.warehouse.rows(_MESSAGE, {"message": cause.message})
        return str(found[0][0]) if found else ""
