"""What is asked beyond values over time: who is behind a number, cohorts, funnels, experiments, dimensions, facts.

Passes each question on to who knows; computes nothing.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from metrics.asking import Ask, Bucket, Query
from metrics.best_and_churned import best_and_churned
from metrics.dimensions import Dimensions
from metrics.events import EventComputer
from metrics.experiments import outcomes
from metrics.facts import FactStore
from metrics.formula import Arithmetic, Division, Formula, Leaf
from metrics.funnel_reach import funnel_reach
from metrics.keeper import PointKeeper
from metrics.subscriptions import BalanceComputer
from schemas.computes import Balance, Compute, Concentration
from schemas.definitions import StreamDefinitions
from schemas.measuring import (
    BestAndChurned,
    CohortQuestion,
    CohortTable,
    FactRow,
    FunnelReach,
    Member,
    NotComputable,
    Segment,
    SeriesQuestion,
    VariantOutcome,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Drill:
    """Implements `metrics.measures.Drilling`. Answers are kept until something changes, dear ones a while longer."""

    query: Query
    definitions: StreamDefinitions
    known_by: Dimensions
    events: EventComputer
    balances: BalanceComputer
    store: FactStore
    keeper: PointKeeper

    def cohorts(self, question: CohortQuestion, today: date) -> CohortTable:
        if question.subject == "customer":
            return self._kept(("cohorts", question, today), lambda: self.balances.cohorts(question, today))
        return self._kept(("cohorts", question, today), lambda: self.events.cohorts(question))

    def members(self, formula: Formula, question: SeriesQuestion, limit: int, offset: int) -> Sequence[Member]:
        """Of a metric made of others: of the first that has members, numerators before denominators."""
        compute = first_leaf(formula).compute
        ask = Ask([Bucket(question.first, question.last)], question.filters)
        asked = ("members", repr(compute), question.first, question.last, question.filters, limit, offset)
        return self._kept(asked, lambda: self._members(compute, ask, limit, offset))

    def funnel(self, funnel: str, first: date, last: date, filters: tuple[Segment, ...]) -> FunnelReach:
        steps = {one.id: len(one.steps) for one in self.definitions.funnels}[funnel]
        asked = self.events.asked(Ask([Bucket(first, last)], filters))
        return self._kept(
            ("funnel", funnel, first, last, filters), lambda: funnel_reach(self.query, asked, funnel, steps)
        )

    def experiment(self, experiment: str, conversion: str, first: date, last: date) -> Sequence[VariantOutcome]:
        asked = self.events.asked(Ask([Bucket(first, last)]))
        return self._kept(
            ("experiment", experiment, conversion, first, last),
            lambda: outcomes(self.query, asked, self.balances, experiment, conversion),
        )

    def best_and_churned(self, first: date, last: date) -> BestAndChurned:
        asked = self.events.asked(Ask([Bucket(first, last)]))
        return self._kept(("best", first, last), lambda: best_and_churned(self.query, asked, self.balances))

    def dimensions(self) -> Sequence[str]:
        return self.known_by.names()

    def segment_values(self, dimension: str, limit: int) -> Sequence[str | None]:
        return self._kept(("values", dimension, limit), lambda: self.events.segment_values(dimension, limit))

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        return self.store.write(rows)

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]:
        return self.store.read(fact, first, last)

    def _members(self, compute: Compute, ask: Ask, limit: int, offset: int) -> Sequence[Member]:
        if isinstance(compute, Balance | Concentration):
            return self.balances.members(compute, ask, limit, offset)
        return self.events.members(compute, ask, limit, offset)

    def _kept(self, question: Hashable, ask: Callable[[], T]) -> T:
        found: Any = self.keeper.keep(question, ask)
        return found  # type: ignore[no-any-return]


def first_leaf(formula: Formula) -> Leaf:
    """The first computation of a formula; a numerator comes before its denominator."""
    match formula:
        case Leaf():
            return formula
        case Division(numerator=numerator):
            return first_leaf(numerator)
        case Arithmetic(parts=parts):
            if not parts:
                raise NotComputable("it is made of numbers alone")
            return first_leaf(next(iter(parts.values())))
