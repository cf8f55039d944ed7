"""The routes by which people act on alerts: silence, acknowledge, ask for a test message, send a dead letter again.

Does not act: what is asked is kept (`schemas.alert_controls`), and the alerter sees to it within a second.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from dashboard.access import Access
from dashboard.alert_answers import shown_acknowledgement, shown_silence
from dashboard.alert_routes import AlertsContext
from dashboard.alert_shapes import (
    LONGEST_SILENCE_SECONDS,
    Acknowledged,
    NewAcknowledgement,
    NewSilence,
    NewWish,
    SilenceReport,
    WishReport,
)
from dashboard.api import refuse_unknown_parameters
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.moments import Today, instant
from dashboard.shapes import UNKNOWN, ErrorForm
from dashboard.small_bodies import body_of, read_body
from schemas.alert_controls import Acknowledgement, AlertControls, Matcher, Silence, Wish
from schemas.notes import Stamp

TOMORROW_AT = time(9)
"""When a silence "until tomorrow" ends, by the workspace's clock."""

_REMOVED = "removed"
"""The kind of a receiver that is in no file any more, and only has messages left."""

_YEARS = range(1971, 2149)


def alert_control_routes(context: AlertsContext, controls: AlertControls, access: Access) -> APIRouter:
    """Routes under /api; the secret key, or a page of ours."""
    router = APIRouter(
        prefix="/api/alerts",
        tags=["alerts"],
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
        responses={
            status: {"model": ErrorForm, "description": text}
            for status, text in (
                (401, "No key, or an unknown one"),
                (403, "A write key, or a page of another site"),
                (413, "A body over 64 KB"),
                (422, "A body that cannot be read"),
                (503, "The warehouse stayed away for 5 s"),
            )
        },
    )
    _add_silences(router, context, controls)
    _add_acknowledgement(router, context, controls)
    _add_wishes(router, context, controls)
    return router


def _add_silences(router: APIRouter, context: AlertsContext, controls: AlertControls) -> None:
    @router.post("/silences", status_code=201, response_model=SilenceReport, openapi_extra=body_of(NewSilence))
    async def silence(request: Request) -> Response:
        """Nobody hears of rules that match all matchers until the silence ends."""
        new = await read_body(request, NewSilence)
        today = context.clock.today()
        starts_ms, ends_ms = _span(new, today)
        matchers = tuple(Matcher(each.name, each.value) for each in new.matchers)
        stamp = Stamp(token_hex(8), 1, today.now_ms)
        made = Silence(stamp, matchers, starts_ms, ends_ms, new.author, new.reason)
        await context.reader.ask(controls.append, made)
        return json_answer(shown_silence(made, today.now_ms), 201)

    @router.delete("/silences/{silence_id}", status_code=204, responses=UNKNOWN)
    async def end_silence(silence_id: str) -> Response:
        """From now on receivers hear of its rules again."""
        now_ms = context.clock.clock()
        found = await context.reader.ask(controls.silences, now_ms)
        ended = next((each for each in found if each.stamp.id == silence_id), None)
        if ended is None:
            raise Failure(Reason.NOT_FOUND, "there is no such silence, or it is over")
        stamp = Stamp(ended.stamp.id, ended.stamp.version + 1, now_ms, is_gone=True)
        await context.reader.ask(controls.append, replace(ended, stamp=stamp))
        return Response(status_code=204)


def _add_acknowledgement(router: APIRouter, context: AlertsContext, controls: AlertControls) -> None:
    @router.post(
        "/incidents/{alert_id}/acknowledge",
        status_code=201,
        response_model=Acknowledged,
        responses=UNKNOWN,
        openapi_extra=body_of(NewAcknowledgement),
    )
    async def acknowledge(request: Request, alert_id: str) -> Response:
        """Somebody has the incident in hand: no more reminders; its end is still told. The first one counts."""
        new = await read_body(request, NewAcknowledgement)
        shown = await context.reader.ask(context.shown)
        if not any(rule.get("alert_id") == alert_id for rule in shown["alerts"]):
            raise Failure(Reason.NOT_FOUND, "there is no such incident, or it is over")
        given = Acknowledgement(alert_id, context.clock.clock(), new.author, new.note)
        await context.reader.ask(controls.append, given)
        return json_answer(shown_acknowledgement(given), 201)


def _add_wishes(router: APIRouter, context: AlertsContext, controls: AlertControls) -> None:
    asked: dict[str, Any] = {"status_code": 202, "response_model": WishReport, "openapi_extra": body_of(NewWish)}

    async def keep(wish: Wish) -> Response:
        await context.reader.ask(controls.append, wish)
        return json_answer(_shown_wish(wish), 202)

    @router.post("/receivers/{name:path}/test", responses=UNKNOWN, **asked)
    async def test_receiver(request: Request, name: str) -> Response:
        """A test message to a receiver; its `webhook-id` is `msg_test_` and the id of the answer."""
        new = await read_body(request, NewWish)
        shown = await context.reader.ask(context.shown)
        kinds = {receiver["name"]: receiver["kind"] for receiver in shown["receivers"]}
        if kinds.get(name, _REMOVED) == _REMOVED:
            raise Failure(Reason.NOT_FOUND, f'there is no receiver "{name[:100]}"')
        return await keep(Wish(token_hex(8), "test", name, context.clock.clock(), "", new.author))

    @router.post("/messages/{webhook_id}/resend", responses=UNKNOWN, **asked)
    async def resend(
        request: Request,
        webhook_id: str,
        receiver: Annotated[str, Query(min_length=1, max_length=200, description="Whose dead letter.")],
    ) -> Response:
        """A dead letter once more, with the same `webhook-id`."""
        new = await read_body(request, NewWish)
        _check_dead(await context.reader.ask(context.shown), webhook_id, receiver)
        return await keep(Wish(token_hex(8), "resend", webhook_id, context.clock.clock(), receiver, new.author))


def _check_dead(shown: Mapping[str, Any], webhook_id: str, receiver: str) -> None:
    """Raises `Failure`: 404 for an unknown message, 409 for one that is not dead."""
    for message in shown["messages"]:
        if (message["webhook_id"], message["receiver"]) == (webhook_id, receiver):
            if message["status"] != "dead":
                raise Failure(Reason.CONFLICT, f"this message is {message['status']}: only dead letters are sent again")
            return
    raise Failure(Reason.NOT_FOUND, "there is no such message for this receiver")


def _span(new: NewSilence, today: Today) -> tuple[int, int]:
    """When it begins and ends (Unix ms).

    Raises:
        Failure: 422 for an end that lies not after the beginning and now, or too far away.
    """
    starts_ms = today.now_ms if new.starts_at is None else _instant("starts_at", new.starts_at, today)
    if new.duration_seconds is not None:
        ends_ms = starts_ms + int(new.duration_seconds * 1000)
    else:
        ends_ms = _instant("ends_at", new.ends_at or _tomorrow(today), today)
    if ends_ms <= max(starts_ms, today.now_ms):
        raise Failure(Reason.INVALID_PARAMETER, "ends_at: a silence ends after its beginning, and after now")
    if ends_ms - min(starts_ms, today.now_ms) > LONGEST_SILENCE_SECONDS * 1000:
        raise Failure(Reason.INVALID_PARAMETER, "ends_at: a silence has at most 400 days; else remove the rule")
    return starts_ms, ends_ms


def _tomorrow(today: Today) -> datetime:
    return datetime.combine(today.day + timedelta(days=1), TOMORROW_AT)


def _instant(name: str, moment: datetime, today: Today) -> int:
    """Unix ms; by the workspace's clock where the moment says no offset."""
    if moment.year not in _YEARS:
        raise Failure(Reason.INVALID_PARAMETER, f"{name}: the year must be from {_YEARS[0]} to {_YEARS[-1]}")
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=today.calendar.zone)
    return int(aware.timestamp() * 1000)


def _shown_wish(wish: Wish) -> dict[str, Any]:
    return {
        "id": wish.id,
        "kind": wish.kind,
        "subject": wish.subject,
        "receiver": wish.receiver,
        "at": instant(wish.at_ms),
    }
