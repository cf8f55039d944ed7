"""The read API's routes of alerting: where rules stand, the incidents of the past, silences.

Does not change anything: see `alert_control_routes`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from dashboard.access import Access
from dashboard.alert_answers import first_of_each, shown_alerts, shown_incident, shown_silence
from dashboard.alert_shapes import Alerts, Incidents, Silences
from dashboard.api import refuse_unknown_parameters
from dashboard.conditional import ConditionalRoute
from dashboard.json_answers import json_answer
from dashboard.moments import Today, WorkspaceClock, with_instants
from dashboard.periods import Days, read_range
from dashboard.reading import Reader
from dashboard.shapes import ErrorForm
from schemas.alert_controls import Acknowledgement, AlertControls
from schemas.alert_history import AlertHistory, Incident, IncidentsQuestion
from schemas.backtests import Backtests
from schemas.calendar import day_number
from schemas.measuring import Measures
from schemas.reading import Reports

ALERT_LOG_ROWS = 100

From = Annotated[str | None, Query(alias="from", description="First day, inclusive; 30 days before `to` when absent.")]
To = Annotated[str | None, Query(alias="to", description="Last day, inclusive; today when absent.")]


@dataclass(frozen=True, slots=True)
class AlertSources:
    """Whom to ask about alerts. `shown`: what alerting shows of itself (or where its rules stand, alone); may block.

    `history`, `controls`, `backtests`: the incidents of the past, what people do, what a rule would have done; None:
    nobody remembers, nobody may do anything, nobody can tell.
    """

    shown: Callable[[], Mapping[str, Any] | Sequence[Mapping[str, Any]]]
    history: AlertHistory | None = None
    controls: AlertControls | None = None
    backtests: Backtests | None = None


@dataclass(frozen=True, slots=True)
class AlertsContext:
    """What the routes read from."""

    sources: AlertSources
    measures: Measures
    reports: Reports
    reader: Reader
    clock: WorkspaceClock

    def shown(self) -> Mapping[str, Any]:
        """What alerting shows of itself, every key there; may block."""
        return shown_alerts(self.sources.shown(), self.measures.catalogue().metrics)


def alert_routes(context: AlertsContext, access: Access) -> APIRouter:
    """Routes under /api that say what is and what was; the secret key, or a page of ours."""
    router = APIRouter(
        prefix="/api",
        tags=["alerts"],
        route_class=ConditionalRoute,
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
    _add_alerts(router, context)
    if context.sources.history is not None:
        _add_history(router, context, context.sources.history)
    if context.sources.controls is not None:
        _add_silences(router, context, context.sources.controls)
    return router


def _add_alerts(router: APIRouter, context: AlertsContext) -> None:
    @router.get("/alerts", response_model=Alerts)
    async def read_alerts() -> Response:
        """Where every alert rule stands, what is owed to receivers, how alerting itself is, the latest of its log."""
        log = await context.reader.ask(context.reports.alert_log, ALERT_LOG_ROWS)
        shown = await context.reader.ask(context.shown)
        return json_answer({**shown, "log": [with_instants(row) for row in log]})


def _add_history(router: APIRouter, context: AlertsContext, history: AlertHistory) -> None:
    @router.get("/alerts/history", response_model=Incidents)
    async def read_history(
        rule: Annotated[str, Query(max_length=500, description="Its key: `group/alert`.")] = "",
        metric: Annotated[str, Query(max_length=200, description="Of rules that look at this metric.")] = "",
        first: From = None,
        last: To = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> Response:
        """Incidents that were open on some day of the range: when, what value, why, who was told, who took it."""
        today = context.clock.today()
        from_ms, to_ms = _instants(read_range(first, last, today.day), today)
        question = IncidentsQuestion(from_ms, to_ms, rule, metric, limit + 1, offset)
        found = await context.reader.ask(history.incidents, question)
        given = await _acknowledged(context, found)
        shown = [shown_incident(each, given.get(each.alert_id), today.now_ms) for each in found[:limit]]
        return json_answer({"incidents": shown, "next": offset + limit if len(found) > limit else None})


def _add_silences(router: APIRouter, context: AlertsContext, controls: AlertControls) -> None:
    @router.get("/alerts/silences", response_model=Silences)
    async def list_silences() -> Response:
        """Silences that hold or are still to come."""
        now_ms = context.clock.clock()
        found = await context.reader.ask(controls.silences, now_ms)
        return json_answer({"silences": [shown_silence(each, now_ms) for each in found]})


def _instants(days: Days, today: Today) -> tuple[int, int]:
    """The first instant of the range, and the first one after it."""
    return today.calendar.start_of(day_number(days.first)), today.end_of(days.last)


async def _acknowledged(context: AlertsContext, found: Sequence[Incident]) -> Mapping[str, Acknowledgement]:
    """Nobody takes an incident in hand before it began."""
    controls = context.sources.controls
    if controls is None or not found:
        return {}
    oldest_ms = min(incident.started_ms for incident in found)
    return first_of_each(await context.reader.ask(controls.acknowledgements, oldest_ms))
