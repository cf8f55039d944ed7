"""Routes of reports: customers at risk with their owners, and what the best customers do that those who left did not.

Does not measure.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Response

from dashboard.asking import ApiContext
from dashboard.experiments import Proportion, difference
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.metric_answers import members_answer
from dashboard.periods import Days, read_date, read_range
from dashboard.questions import First, Last, Limit, Offset, SegmentText, read_filters
from dashboard.report_shapes import AtRiskReport, BestAndChurnedReport
from dashboard.shapes import CSV, UNKNOWN
from dashboard.spreadsheets import MAX_MEMBERS_IN_A_FILE, csv_answer
from schemas.catalogue import MetricDefinition
from schemas.computes import AtRisk
from schemas.measuring import ActionContrast, BestAndChurned, SeriesQuestion

ACTIONS_SHOWN = 50


def add_report_routes(router: APIRouter, context: ApiContext) -> None:
    @router.get("/reports/at-risk", response_model=AtRiskReport, tags=["reports"], responses=UNKNOWN)
    async def read_customers_at_risk(
        last: Last = None, segment: SegmentText = None, limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        """Customers that are idle, use half as much as before or are detractors: why, and who owns them."""
        metric, question = _at_risk_question(context, last, segment)
        answer = await context.reader.ask(members_answer, context, question, limit, offset)
        customers = [_customer(member, metric) for member in answer["members"]]
        paging = {name: answer[name] for name in ("limit", "offset", "next")}
        return json_answer({"metric": metric.id, "day": question.last, "customers": customers, **paging})

    @router.get("/reports/at-risk.csv", response_class=Response, tags=["reports"], responses=UNKNOWN | CSV)
    async def read_customers_at_risk_file(last: Last = None, segment: SegmentText = None) -> Response:
        """The same for a spreadsheet: the 10,000 that pay most."""
        metric, question = _at_risk_question(context, last, segment)
        answer = await context.reader.ask(members_answer, context, question, MAX_MEMBERS_IN_A_FILE, 0)
        return csv_answer("customers_at_risk", *_customer_rows([_customer(one, metric) for one in answer["members"]]))

    @router.get("/reports/best-vs-churned", response_model=BestAndChurnedReport, tags=["reports"])
    async def compare_best_with_churned(first: First = None, last: Last = None) -> Response:
        """Which actions the best customers do and those who left did not: the largest differences first."""
        days = read_range(first, last, context.clock.today().day)
        found = await context.reader.ask(context.measures.best_and_churned, days.first, days.last)
        return json_answer(_contrasts(found, days))


def _at_risk_question(
    context: ApiContext, last: str | None, segment: str | None
) -> tuple[MetricDefinition, SeriesQuestion]:
    metric = _at_risk_metric(context)
    day = read_date("to", last) if last is not None else context.clock.today().day
    return metric, SeriesQuestion(metric.id, day, day, filters=read_filters(segment))


def _customer_rows(customers: Sequence[dict[str, Any]]) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Header and rows: a column for every attribute that any of them has."""
    names = sorted({name for customer in customers for name in customer["attributes"]})
    return ("account", "owner", "reasons", *names), (
        (
            customer["account"],
            customer["owner"],
            ", ".join(customer["reasons"]),
            *(customer["attributes"].get(name) for name in names),
        )
        for customer in customers
    )


def _at_risk_metric(context: ApiContext) -> MetricDefinition:
    """The catalogue says what being idle means."""
    for metric in context.metrics().values():
        if isinstance(metric.compute, AtRisk):
            return metric
    raise Failure(Reason.NOT_FOUND, "no metric of the catalogue is of the kind at_risk")


def _customer(member: dict[str, Any], metric: MetricDefinition) -> dict[str, Any]:
    """The account's own owner where one is known, else whoever owns the metric."""
    attributes = dict(member["attributes"])
    return {
        "account": member["id"],
        "reasons": attributes.pop("reasons", None) or [],
        "owner": attributes.pop("owner", None) or metric.owner,
        "attributes": attributes,
    }


def _contrasts(found: BestAndChurned, days: Days) -> dict[str, Any]:
    actions = [_contrast(action, found) for action in found.actions]
    actions.sort(key=lambda action: (-abs(action["difference_points"] or 0.0), action["event"]))
    return {
        "from": days.first,
        "to": days.last,
        "best_customers": found.best,
        "churned_customers": found.churned,
        "actions": actions[:ACTIONS_SHOWN],
    }


def _contrast(action: ActionContrast, found: BestAndChurned) -> dict[str, Any]:
    best, churned = Proportion(action.best_doing, found.best), Proportion(action.churned_doing, found.churned)
    gap = difference(churned, best)
    return {
        "event": action.event,
        "best_share": best.rate,
        "churned_share": churned.rate,
        "difference_points": gap.value * 100 if gap else None,
        "interval_points": [gap.interval.low * 100, gap.interval.high * 100] if gap else None,
    }
