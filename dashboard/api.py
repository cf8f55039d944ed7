"""The read API (contracts §4): who may ask, which parameters there are; persons, events, quality.

Does not compute. Metrics, boards and all else that has a module of its own: see `…_routes`. Every route needs the
secret key.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from dashboard.access import Access
from dashboard.asking import ApiContext
from dashboard.board_routes import add_board_routes
from dashboard.conditional import ConditionalRoute
from dashboard.fact_routes import add_fact_routes
from dashboard.failures import Failure, Reason
from dashboard.funnel_routes import add_funnel_routes
from dashboard.json_answers import json_answer
from dashboard.metric_routes import add_metric_routes
from dashboard.moments import instant, with_instants
from dashboard.report_routes import add_report_routes
from dashboard.shapes import UNKNOWN, ErrorForm, Person, QualityReport
from schemas.reading import PersonReport


def api_routes(context: ApiContext, access: Access) -> APIRouter:
    """All routes under /api that answer questions."""
    router = APIRouter(
        prefix="/api",
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
    add_metric_routes(router, context)
    add_funnel_routes(router, context)
    add_board_routes(router, context)
    add_report_routes(router, context)
    add_fact_routes(router, context)
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


def _add_drill_down(router: APIRouter, context: ApiContext) -> None:
    @router.get("/persons/{identifier:path}", response_model=Person, tags=["drill-down"], responses=UNKNOWN)
    async def read_person(identifier: Annotated[str, Path(description="A user id, else a device.")]) -> Response:
        """Who somebody is, with every id that was united."""
        person = await context.reader.ask(context.reports.person, identifier)
        if person is None:
            raise Failure(Reason.NOT_FOUND, "there is no person with this id")
        return json_answer(_person_answer(person))

    @router.get("/events/{message_id:path}", tags=["drill-down"], responses=UNKNOWN)
    async def read_event(message_id: str) -> Response:
        """Where a message is and what it touched."""
        event = await context.reader.ask(context.reports.event, message_id)
        if event is None:
            raise Failure(Reason.NOT_FOUND, "there is no message with this id")
        return json_answer(_event_answer(event))


def _add_operations(router: APIRouter, context: ApiContext) -> None:
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
