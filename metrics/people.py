"""What is asked of people beyond values over time: who is behind a number, cohorts, segments.

Does not keep anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from metrics import at_risk, behind
from metrics.asked_rows import Asked
from metrics.asking import WHOLE, Ask, Query
from metrics.attributes import attributes_of, values_of
from metrics.customers import averages
from metrics.dimensions import Dimensions
from metrics.figures import exact
from metrics.person_cohorts import cohort_rows
from schemas.computes import AtRisk, Compute
from schemas.measuring import CohortQuestion, CohortTable, Member, NotComputable, UnknownDimension

Customers = Callable[[date], Mapping[str, Decimal]]
"""Accounts that pay at the end of a day, and what they pay a month."""

Accounts = Callable[[str], Mapping[str, str | None]]
"""By dimension the value of each account; raises UnknownDimension."""


class People:
    """Safe to use from several threads. What is asked is checked by the caller. May raise ReadingUnavailable."""

    def __init__(
        self,
        query: Query,
        dimensions: Dimensions,
        customers: Customers | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        self._accounts = accounts
        self._query = query
        self._dimensions = dimensions
        self._customers = customers

    def members(self, compute: Compute, asked: Asked, limit: int, offset: int) -> list[Member]:
        """Who is behind the numerator over the whole question, which has no split; largest contribution first.

        Whoever is in a cohort without being found later contributes 0. Raises NotComputable.
        """
        if isinstance(compute, AtRisk):
            return self._at_risk(compute, asked)[offset : offset + limit]
        rows = self._rows(behind.statement(compute, asked, limit, offset), asked)
        subject = behind.subject_of(compute)
        known = attributes_of(self._query, self._dimensions, [row[0] for row in rows], subject)
        return [Member(name, exact(part) or Decimal(0), known[key]) for key, name, part in rows]

    def _at_risk(self, compute: AtRisk, asked: Asked) -> list[Member]:
        """Customers at risk at the end of the last day, those that pay most first; `contribution` is their MRR.

        Attributes: `reasons`, `last_active`, `score`, `messages`, `messages_before`, and those of the account, with
        its trait `owner`.
        """
        if self._customers is None:
            raise NotComputable("nobody knows the customers here")
        customers = self._customers(asked.last)
        segment_of = self.segments_of_accounts(asked.ask)
        inside = [account for account in customers if segment_of(account) != at_risk.OUTSIDE]
        risks = at_risk.Risks(self._query, compute, asked, inside).at(asked.last, inside)
        keys = {risk.account: risk.key for risk in risks}
        dimensions = replace(self._dimensions, group_traits=(*self._dimensions.group_traits, "owner"))
        known = attributes_of(self._query, dimensions, list(keys.values()), "account")
        told = {name: self._accounts(name) for name in self._dimensions.names()} if self._accounts else {}
        found = [
            Member(
                one.account,
                customers[one.account],
                {**known[one.key], **{name: values.get(one.account) for name, values in told.items()}, **one.shown()},
            )
            for one in risks
        ]
        return sorted(found, key=lambda member: (-member.contribution, member.id))

    def segments_of_accounts(self, ask: Ask) -> Callable[[str], str | None]:
        """The segment of each account, `at_risk.OUTSIDE` where a filter does not hold. Raises UnknownDimension."""
        if self._accounts is None and (ask.filters or ask.split):
            raise UnknownDimension("customers at risk cannot be split or filtered here")
        read = self._accounts or (lambda dimension: {})
        filters = [(read(one.dimension), one.value) for one in ask.filters]
        split = read(ask.split) if ask.split else {}

        def segment(account: str) -> str | None:
            if any(values.get(account) != value for values, value in filters):
                return at_risk.OUTSIDE
            return split.get(account) if ask.split else WHOLE

        return segment

    def cohorts(self, question: CohortQuestion, asked: Asked) -> CohortTable:
        """Persons by signup, active later; cells go up to `periods` periods later. `asked` has a bucket a cohort."""
        rows = cohort_rows(self._query, asked, question)
        return CohortTable(question.period, question.mode, rows, averages(rows, question.periods + 1))

    def segment_values(self, dimension: str, limit: int) -> Sequence[str | None]:
        return values_of(self._query, self._dimensions, dimension, limit)

    def _rows(self, statement: str, asked: Asked) -> Sequence[Sequence[Any]]:
        return self._query.rows(statement, asked.parameters.values)
