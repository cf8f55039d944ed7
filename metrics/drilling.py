"""What is asked beyond values over time: who is behind a number, cohorts, dimensions, facts.

Passes each question on to who knows; computes nothing.
"""

from collections.abc import Sequence
from datetime import date

from metrics.asking import Ask, Bucket
from metrics.facts import FactStore
from metrics.formula import Arithmetic, Division, Formula, Leaf
from metrics.subscriptions import BalanceComputer
from schemas.computes import Balance, Concentration
from schemas.measuring import CohortQuestion, CohortTable, FactRow, Member, NotComputable, SeriesQuestion


class Drill:
    """Implements `metrics.measures.Drilling`."""

    def __init__(self, balances: BalanceComputer, facts: FactStore) -> None:
        self._balances = balances
        self._facts = facts

    def cohorts(self, question: CohortQuestion, today: date) -> CohortTable:
        return self._balances.cohorts(question, today)

    def members(self, formula: Formula, question: SeriesQuestion, limit: int, offset: int) -> Sequence[Member]:
        """Of a metric made of others: of the first that has members, numerators before denominators."""
        leaf = first_leaf(formula)
        ask = Ask([Bucket(question.first, question.last)], question.filters)
        if isinstance(leaf.compute, Balance | Concentration):
            return self._balances.members(leaf.compute, ask, limit, offset)
        raise NotComputable("nobody knows who is behind it")

    def write_facts(self, rows: Sequence[FactRow]) -> int:
        return self._facts.write(rows)

    def facts(self, fact: str, first: date, last: date) -> Sequence[FactRow]:
        return self._facts.read(fact, first, last)


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
