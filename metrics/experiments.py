"""What became of the persons who were exposed to an experiment, by variant: conversions and what their accounts pay.

Does not judge: intervals and verdicts are made where the report is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

from metrics.asked_rows import Asked
from metrics.asking import Query
from metrics.dimensions import resolved, with_accounts
from metrics.sources import condition_of, text_of
from metrics.statement import AT_MS, within
from schemas.calendar import day_date, day_number
from schemas.computes import Condition, EventSet
from schemas.measuring import VariantOutcome

EXPOSURE = "Experiment Viewed"


class Customers(Protocol):
    """Who pays how much a month at the end of a day, by account."""

    def standing(self, day: date) -> Mapping[str, Decimal]: ...


@dataclass(frozen=True, slots=True)
class _Exposed:
    """An account by its first person that was exposed: to which variant, on which day."""

    account: str
    variant: str
    day: date


def outcomes(
    query: Query, asked: Asked, customers: Customers, experiment: str, conversion: str
) -> list[VariantOutcome]:
    """By variant, in alphabetical order: first exposures ever that fall into the range, outcomes until its end.

    Whoever sees several variants belongs to the first. An exposure without a variant is none.
    """
    exposures = _first_exposures(asked, experiment)
    ends = asked.plain(EventSet(events=(conversion,)), "person", asked.first, asked.last)
    counts = query.rows(
        f"""
    SELECT variant, toInt64(count()), toInt64(countIf(until >= at)) FROM (
        SELECT exposed.variant AS variant, exposed.at AS at, max(ends.at) AS until
        FROM {exposures} AS exposed LEFT JOIN {ends} AS ends ON ends.subject = exposed.who
        GROUP BY exposed.who, exposed.variant, exposed.at
    ) GROUP BY variant ORDER BY variant""",
        asked.parameters.values,
    )
    accounts = _accounts(query, asked, exposures) if counts else []
    return [
        _outcome(variant, exposed, converted, accounts, customers, asked.last) for variant, exposed, converted in counts
    ]


def _first_exposures(asked: Asked, experiment: str) -> str:
    """`who`, `at` (Unix ms), `variant` and the name of the `account`, of each person exposed in the range."""
    source = EventSet(events=(EXPOSURE,), where=(Condition("experiment", "=", (experiment,)),))
    condition = f"({condition_of(source, asked.stream, asked.parameters)}) AND person != 0"
    rows = with_accounts(resolved(f"{condition} AND {within(asked.calendar, None, asked.last)}"))
    return f"""(
    SELECT who, min(moment) AS at, argMin(said, (moment, message)) AS variant,
        argMin(owner, (moment, message)) AS account
    FROM (
        SELECT who, message, {AT_MS} AS moment, ifNull({text_of("variant", asked.parameters)}, '') AS said,
            if(group_id != '', group_id, name) AS owner
        FROM {rows} WHERE said != ''
    )
    GROUP BY who HAVING at >= {asked.calendar.start_of(day_number(asked.first))}
)"""


def _accounts(query: Query, asked: Asked, exposures: str) -> Sequence[_Exposed]:
    rows = query.rows(
        f"""
    SELECT account, argMin(variant, (at, who)), {asked.day_of("min(at)")} FROM {exposures} GROUP BY account""",
        asked.parameters.values,
    )
    return [_Exposed(account, variant, day_date(day)) for account, variant, day in rows]


def _outcome(
    variant: str, exposed: int, converted: int, accounts: Sequence[_Exposed], customers: Customers, last: date
) -> VariantOutcome:
    """`customers_before`: those that paid when the day of their first exposure began."""
    own = [one for one in accounts if one.variant == variant]
    after = customers.standing(last)
    earlier = {day: customers.standing(day - timedelta(days=1)) for day in {one.day for one in own}}
    before = [one.account for one in own if one.account in earlier[one.day]]
    paying = [one.account for one in own if one.account in after]
    return VariantOutcome(
        variant,
        exposed,
        converted,
        customers=len(paying),
        mrr=sum((after[account] for account in paying), Decimal(0)),
        customers_before=len(before),
        churned=sum(account not in after for account in before),
    )
