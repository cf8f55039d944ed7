"""Computes the kinds that stand on events, counters and funnel entries.

Does not keep anything. Money and sums are Decimal, medians are exact. Bots are flagged, and counted like everybody.
"""

from collections import Counter as Counted
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

from metrics import at_risk, counting, expert, following, streamed, visiting
from metrics.asked_rows import Asked
from metrics.asking import Answer, Ask, Pair, Query
from metrics.dimensions import Dimensions
from metrics.figures import answer_of
from metrics.levels import levels
from metrics.people import Accounts, Customers, People
from metrics.periods import buckets_of
from metrics.statement import Parameters
from schemas.computes import (
    Actives,
    AtRisk,
    Compute,
    Conversion,
    Count,
    Counter,
    Distinct,
    FunnelConversion,
    Mean,
    Retention,
    Sessions,
    Sql,
    Sum,
    TimeBetween,
    UsageInterval,
)
from schemas.definitions import StreamDefinitions
from schemas.measuring import CohortQuestion, CohortTable, Member, UnknownDimension

Statement = Callable[[Any, Asked], str]

_STATEMENTS: dict[type, Statement] = {
    Count: counting.count,
    Distinct: counting.distinct,
    Sum: counting.total,
    Mean: counting.mean,
    Conversion: following.conversion,
    TimeBetween: following.time_between,
    Retention: following.retention,
    Sessions: visiting.sessions,
}
"""Kinds whose statement gives (segment, bucket, numerator, denominator)."""

_OF_PEOPLE = (Counter, FunnelConversion, Sessions, UsageInterval, Sql, AtRisk)
"""Kinds that look at no single event's properties."""


def _has_properties(compute: Compute) -> bool:
    return not isinstance(compute, _OF_PEOPLE)


class EventComputer:
    """Implements `metrics.asking.Computer`. Safe to use from several threads.

    `clock` gives Unix ms. `expert` runs the queries of the kind `sql`: read-only, with limits; without it there are
    none. `customers` gives the accounts that pay at the end of a day, and how much, for the kind `at_risk`;
    `accounts` what is known of them by dimension.
    """

    def __init__(
        self,
        query: Query,
        stream: StreamDefinitions,
        dimensions: Dimensions,
        clock: Callable[[], int],
        expert: Query | None = None,
        customers: Customers | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        self._query = query
        self._stream = stream
        self._dimensions = dimensions
        self._clock = clock
        self._expert = expert
        self._customers = customers
        self._people = People(query, dimensions, customers, accounts)

    def asked(self, ask: Ask) -> Asked:
        """The question with all that its statements need."""
        return Asked(ask, self._stream, self._dimensions, self._clock())

    def compute(self, compute: Compute, ask: Ask) -> Answer:
        """Raises UnknownDimension, ReadingUnavailable; TypeError for a kind that does not stand on events."""
        asked = self.asked(ask)
        asked.check(has_properties=_has_properties(compute))
        if not ask.buckets:
            return {}
        if isinstance(compute, Counter | FunnelConversion):
            return self._counted(compute, asked)
        if isinstance(compute, Actives):
            return self._actives(compute, asked)
        if isinstance(compute, UsageInterval):
            return visiting.intervals(self.rows(visiting.interval_counts(asked), asked.parameters), ask)
        if isinstance(compute, Sql):
            return expert.answer(compute, asked, self._expert)
        if isinstance(compute, AtRisk):
            return self._at_risk(compute, asked)
        statement = _STATEMENTS[type(compute)](compute, asked)
        return answer_of(
            self.rows(statement, asked.parameters), ask, lambda bucket: following.matures(compute, asked, bucket)
        )

    def members(self, compute: Compute, ask: Ask, limit: int, offset: int = 0) -> list[Member]:
        """As `metrics.people.People.members`. Raises NotComputable, UnknownDimension."""
        asked = self.asked(Ask(ask.buckets, ask.filters))
        asked.check(has_properties=_has_properties(compute))
        return self._people.members(compute, asked, limit, offset)

    def cohorts(self, question: CohortQuestion) -> CohortTable:
        """Persons by signup, active later. Raises UnknownDimension."""
        buckets = buckets_of(question.first, question.last, question.period, date.min)
        asked = self.asked(Ask(buckets, question.filters))
        asked.check()
        return self._people.cohorts(question, asked)

    def dimensions(self) -> Sequence[str]:
        return self._dimensions.names()

    def segment_values(self, dimension: str, limit: int = 50) -> Sequence[str | None]:
        """Those of most persons or accounts first, None last. Raises UnknownDimension."""
        self._dimensions.check(dimension)
        return self._people.segment_values(dimension, limit)

    def rows(self, statement: str, parameters: Parameters) -> Sequence[Sequence[Any]]:
        return self._query.rows(statement, parameters.values)

    def _counted(self, compute: Counter | FunnelConversion, asked: Asked) -> Answer:
        if not asked.is_narrowed:
            rows = self._query.rows(streamed.DAILY, streamed.daily_parameters(compute, asked))
            return streamed.counted(compute, asked, streamed.days_of(rows))
        if isinstance(compute, FunnelConversion):
            found = self.rows(streamed.funnel_entries(compute, asked), asked.parameters)
            return answer_of(found, asked.ask, lambda bucket: streamed.matures(compute, asked, bucket))
        above = self._counted_from_events(compute.numerator, asked.ask)
        if compute.denominator is None:
            return _matured(above, compute, asked)
        below = self._counted_from_events(compute.denominator, asked.ask)
        return _matured(_over(above, below), compute, asked)

    def _counted_from_events(self, counter: str, ask: Ask) -> Answer:
        """What a counter would say, had the stream counted the segment alone."""
        same = streamed.counter_as_compute(counter, self._stream.signup_event)
        if same is not None:
            return self.compute(same, ask)
        if counter not in ("activated", "activations"):
            raise UnknownDimension(f"the counter {counter} cannot be split or filtered")
        asked = self.asked(ask)
        return answer_of(self.rows(streamed.activation(counter, asked), asked.parameters), ask)

    def _actives(self, compute: Actives, asked: Asked) -> Answer:
        if not asked.is_narrowed and compute.source.active and compute.of == "person":
            for name, days in streamed.WINDOWS.items():
                if days == compute.window_days:
                    return self._counted(Counter(name, None, "last_day"), asked)
        return levels(self.rows(counting.active_steps(compute, asked), asked.parameters), asked.ask)

    def _at_risk(self, compute: AtRisk, asked: Asked) -> Answer:
        if self._customers is None:
            raise UnknownDimension("nobody knows the customers here")
        paying = {bucket: list(self._customers(bucket.last)) for bucket in asked.ask.buckets}
        risks = at_risk.Risks(self._query, compute, asked, chain.from_iterable(paying.values()))
        segment_of = self._people.segments_of_accounts(asked.ask)
        answer: dict[str | None, dict[date, Pair]] = {}
        for bucket, customers in paying.items():
            known = {account: segment_of(account) for account in customers}
            found = Counted(known[risk.account] for risk in risks.at(bucket.last, customers))
            for segment in {*known.values()} - {at_risk.OUTSIDE}:
                answer.setdefault(segment, {})[bucket.first] = Pair(Decimal(found[segment]))
        return answer


def _over(above: Answer, below: Answer) -> Answer:
    """One counter over another; where there is nothing above, it is 0."""
    nothing = Pair(Decimal(0))
    return {
        segment: {
            first: Pair(above.get(segment, {}).get(first, nothing).numerator, pair.numerator)
            for first, pair in buckets.items()
        }
        for segment, buckets in below.items()
    }


def _matured(answer: Answer, compute: Counter, asked: Asked) -> Answer:
    marks = {bucket.first: streamed.matures(compute, asked, bucket) for bucket in asked.ask.buckets}
    return {
        segment: {first: Pair(pair.numerator, pair.denominator, marks[first]) for first, pair in buckets.items()}
        for segment, buckets in answer.items()
    }
