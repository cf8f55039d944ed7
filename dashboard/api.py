"""The read API (contracts §4): metrics, funnels, persons, events, alerts, quality.

Does not compute: see `metrics` and `funnels`. Every route needs the secret key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from dashboard.access import Access
from dashboard.failures import Failure, Reason
from dashboard.funnels import read_funnel
from dashboard.json_answers import json_answer
from dashboard.metrics import Edition, Question, Series, catalogue, read_series
from dashboard.moments import WorkspaceClock, instant, with_instants
from dashboard.periods import Grain, read_range
from dashboard.reading import Reader
from dashboard.shapes import (
    Alerts,
    Catalogue,
    ErrorForm,
    FunnelList,
    FunnelReport,
    MetricSeries,
    Person,
    QualityReport,
)
from schemas.definitions import FunnelDefinition, MetricDefinition, Workspace
from schemas.reading import PersonReport, Reports

ALERT_LOG_ROWS = 100

First = Annotated[str | None, Query(alias="from", description="First day, inclusive; 29 days before `to` when absent.")]
Last = Annotated[str | None, Query(alias="to", description="Last day, inclusive; today when absent.")]


@dataclass(frozen=True, slots=True)
class ApiContext:
    """What the routes read from."""

    reports: Reports
    reader: Reader
    workspace: Workspace
    clock: WorkspaceClock
    alerts: Callable[[], Sequence[Mapping[str, Any]]]


def api_routes(context: ApiContext, access: Access) -> APIRouter:
    """All routes under /api that answer questions."""
    router = APIRouter(
        prefix="/api",
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
        responses={
            status: {"model": ErrorForm, "description": text}
            for status, text in (
                (401, "No key, or an unknown one"),
                (403, "A write key"),
                (422, "A parameter that cannot be read, is unknown or repeated, or a range over 800 days"),
                (503, "The warehouse stayed away for 5 s"),
            )
        },
    )
    _add_metrics(router, context)
    _add_funnels(router, context)
    _add_drill_down(router, context)
    _add_operations(router, context)
    return router


def refuse_unknown_parameters(request: Request) -> None:
    """A misspelt or repeated parameter must not silently become another question.

    Raises:
        Failure: 422.
    """
    route = request.scope["route"]
    known = {parameter.alias for parameter in route.dependant.query_params}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        allowed = f"there are {', '.join(sorted(known))}" if known else "this route has none"
        raise Failure(Reason.INVALID_PARAMETER, f"{unknown[0][:100]}: unknown parameter; {allowed}")
    repeated = sorted(name for name in known if len(request.query_params.getlist(name)) > 1)
    if repeated:
        raise Failure(Reason.INVALID_PARAMETER, f"{repeated[0]}: given more than once")


def _add_metrics(router: APIRouter, context: ApiContext) -> None:
    metrics = catalogue(context.workspace)

    @router.get("/metrics", response_model=Catalogue, tags=["metrics"])
    async def list_metrics() -> Response:
        """The metric catalogue: labels, definitions, owners, thresholds."""
        return json_answer({"metrics": [_catalogue_entry(metric) for metric in metrics.values()]})

    @router.get("/metrics/{metric_id}", response_model=MetricSeries, tags=["metrics"], responses=_UNKNOWN)
    async def read_metric(
        metric_id: Annotated[str, Path(examples=["dau"])],
        first: First = None,
        last: Last = None,
        grain: Annotated[Grain, Query(description="Weeks start on Monday (ISO), months on the first.")] = "day",
        as_of: Annotated[Edition, Query(description="`first`: as first published; `now`: as known now.")] = "now",
        segment: Annotated[str | None, Query(description="Not available yet.")] = None,
    ) -> Response:
        """A metric over time: every bucket of the range, counts 0 and rates null where there is nothing.

        A week or month is always whole: actives and stickiness take the value of its last day (or today),
        counts are sums of its days, rates come from sums.
        """
        metric = metrics.get(metric_id)
        if metric is None:
            raise Failure(Reason.NOT_FOUND, f'there is no metric "{metric_id[:100]}"')
        if segment is not None:
            raise Failure(Reason.INVALID_PARAMETER, "segment: not available yet")
        today = context.clock.today()
        days = read_range(first, last, today.day)
        question = Question(metric, days, grain, as_of, context.workspace.stream.activation_window_seconds)
        series = await context.reader.ask(read_series, context.reports, question, today)
        return json_answer(_series_answer(metric, series, grain, context.workspace.stream.timezone))


def _add_funnels(router: APIRouter, context: ApiContext) -> None:
    funnels = {funnel.id: funnel for funnel in context.workspace.stream.funnels}

    @router.get("/funnels", response_model=FunnelList, tags=["funnels"])
    async def list_funnels() -> Response:
        """The funnels of the workspace."""
        return json_answer({"funnels": [_funnel_entry(funnel) for funnel in funnels.values()]})

    @router.get("/funnels/{funnel_id}", response_model=FunnelReport, tags=["funnels"], responses=_UNKNOWN)
    async def read_one_funnel(
        funnel_id: Annotated[str, Path(examples=["onboarding"])], first: First = None, last: Last = None
    ) -> Response:
        """Entries by entry day and step; `persons` are distinct over the range, by their furthest step."""
        funnel = funnels.get(funnel_id)
        if funnel is None:
            raise Failure(Reason.NOT_FOUND, f'there is no funnel "{funnel_id[:100]}"')
        today = context.clock.today()
        days = read_range(first, last, today.day)
        return json_answer(await context.reader.ask(read_funnel, context.reports, funnel, days, today))


def _add_drill_down(router: APIRouter, context: ApiContext) -> None:
    @router.get("/persons/{identifier:path}", response_model=Person, tags=["drill-down"], responses=_UNKNOWN)
    async def read_person(identifier: Annotated[str, Path(description="A user id, else a device.")]) -> Response:
        """Who somebody is, with every id that was united."""
        person = await context.reader.ask(context.reports.person, identifier)
        if person is None:
            raise Failure(Reason.NOT_FOUND, "there is no person with this id")
        return json_answer(_person_answer(person))

    @router.get("/events/{message_id:path}", tags=["drill-down"], responses=_UNKNOWN)
    async def read_event(message_id: str) -> Response:
        """Where a message is and what it touched."""
        event = await context.reader.ask(context.reports.event, message_id)
        if event is None:
            raise Failure(Reason.NOT_FOUND, "there is no message with this id")
        return json_answer(_event_answer(event))


def _add_operations(router: APIRouter, context: ApiContext) -> None:
    @router.get("/alerts", response_model=Alerts, tags=["operations"])
    async def read_alerts() -> Response:
        """Where every alert rule stands, and the latest of the alert log."""
        log = await context.reader.ask(context.reports.alert_log, ALERT_LOG_ROWS)
        states = await context.reader.ask(context.alerts)
        return json_answer({"alerts": states, "log": [with_instants(row) for row in log]})

    @router.get("/quality", response_model=QualityReport, tags=["operations"])
    async def read_quality() -> Response:
        """How many messages came, and whether all of them are in the numbers (`lag_events` = 0)."""
        quality = await context.reader.ask(context.reports.quality)
        return json_answer(
            {
                "accepted": quality.accepted,
                "quarantined": quality.quarantined,
                "flagged": quality.flagged,
                "duplicates": quality.duplicates,
                "late": quality.late,
                "lag_events": quality.completeness.lag_events,
                "complete_through": instant(quality.completeness.complete_through_ms),
            }
        )


_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": ErrorForm, "description": "Unknown id"}}


def _catalogue_entry(metric: MetricDefinition) -> dict[str, Any]:
    return {
        "metric": metric.id,
        "label": metric.label,
        "definition": metric.definition,
        "definition_version": metric.version,
        "unit": metric.unit,
        "owner": metric.owner,
        "direction": metric.direction,
        "target": metric.target,
        "orange": metric.orange,
        "red": metric.red,
    }


def _series_answer(metric: MetricDefinition, series: Series, grain: Grain, timezone: str) -> dict[str, Any]:
    return {
        "metric": metric.id,
        "definition_version": metric.version,
        "unit": metric.unit,
        "grain": grain,
        "timezone": timezone,
        "complete_through": instant(series.completeness.complete_through_ms),
        "points": series.points,
    }


def _funnel_entry(funnel: FunnelDefinition) -> dict[str, Any]:
    return {
        "funnel": funnel.id,
        "label": funnel.label,
        "window_seconds": funnel.window_seconds,
        "steps": [step.event for step in funnel.steps],
    }


def _person_answer(person: PersonReport) -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "ids": {"user_ids": person.user_ids, "anonymous_ids": person.anonymous_ids},
        "first_seen": instant(person.first_seen_ms),
        "last_seen": instant(person.last_seen_ms),
        "active_days": person.active_days,
        "signed_up_at": instant(person.signed_up_ms),
        "activated_at": instant(person.activated_ms),
        "traits": person.traits,
        "funnels": person.funnels,
        "warnings": [_warning_answer(warning) for warning in person.warnings],
    }


def _event_answer(event: Mapping[str, Any]) -> dict[str, Any]:
    """A refused message has no warnings."""
    warnings = {"warnings": [with_instants(warning) for warning in event["warnings"]]} if "warnings" in event else {}
    return with_instants(event) | warnings


def _warning_answer(warning: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: warning[name] for name in ("kind", "message_id", "subject", "detail")},
        "at": instant(warning["at_ms"]),
    }
