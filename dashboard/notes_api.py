"""The read API's routes for what people write down: annotations, decisions, actions (also behind the pages).

Does not keep anything: see `schemas.notes.Notes`. Nothing is overwritten: a change or a removal is a new edition.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from secrets import token_hex
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from dashboard.access import Access
from dashboard.api import refuse_unknown_parameters
from dashboard.conditional import ConditionalRoute
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.moments import WorkspaceClock
from dashboard.note_answers import shown_note
from dashboard.note_shapes import (
    EARLIEST,
    LATEST,
    ActionChange,
    Actions,
    AnnotationChange,
    Annotations,
    DecisionChange,
    Decisions,
    NewAction,
    NewAnnotation,
    NewDecision,
)
from dashboard.reading import Reader
from dashboard.shapes import ErrorForm
from dashboard.small_bodies import body_of, read_body
from dashboard.weeks import monday_of, read_week
from schemas.catalogue import Catalogue
from schemas.notes import Action, ActionStatus, Annotation, Decision, Notes, NotesQuestion, Stamp

Note = TypeVar("Note", Annotation, Decision, Action)
Change = TypeVar("Change", AnnotationChange, DecisionChange, ActionChange)

From = Annotated[date | None, Query(alias="from", ge=EARLIEST, le=LATEST, description="First day, inclusive.")]
To = Annotated[date | None, Query(alias="to", ge=EARLIEST, le=LATEST, description="Last day, inclusive.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
NullableFields = frozenset({"due", "budget"})
"""What a change may empty; null means absent for everything else."""


@dataclass(frozen=True, slots=True)
class NotesContext:
    """What the routes work with. `catalogue`: which metrics and boards a note may name."""

    notes: Notes
    reader: Reader
    clock: WorkspaceClock
    catalogue: Callable[[], Catalogue]


def notes_routes(context: NotesContext, access: Access) -> APIRouter:
    """Routes under /api; the secret key, or a page of ours."""
    router = APIRouter(
        prefix="/api",
        tags=["notes"],
        route_class=ConditionalRoute,
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
        responses={
            status: {"model": ErrorForm, "description": text}
            for status, text in (
                (401, "No key, or an unknown one"),
                (403, "A write key, or a page of another site"),
                (409, "Somebody has changed the note meanwhile"),
                (413, "A body over 64 KB"),
                (422, "A parameter or body that cannot be read"),
                (503, "The warehouse stayed away for 5 s"),
            )
        },
    )
    desk = _Desk(context)
    _add_annotations(router, context, desk)
    _add_decisions(router, context, desk)
    _add_actions(router, context, desk)
    return router


class _Desk:
    """Writes one edition after the other, so that two changes at once do not become the same edition."""

    def __init__(self, context: NotesContext) -> None:
        self._context = context
        self._turn = asyncio.Lock()

    def first_stamp(self) -> Stamp:
        return Stamp(token_hex(8), 1, self._context.clock.clock())

    async def keep(self, note: Annotation | Decision | Action) -> None:
        await self._context.reader.ask(self._context.notes.append, note)

    async def change(
        self,
        find: Callable[[str], Note | None],
        identifier: str,
        version: int | None,
        edit: Callable[[Note], Note] | None,
    ) -> Note:
        """The next edition; without `edit` the note is gone from now on.

        Raises:
            Failure: 404 if there is none, 409 if its newest edition is not `version`.
        """
        async with self._turn:
            found = await self._context.reader.ask(find, identifier)
            if found is None:
                raise Failure(Reason.NOT_FOUND, "there is no such note, or it was removed")
            if version is not None and version != found.stamp.version:
                raise Failure(
                    Reason.CONFLICT, f"somebody has changed it meanwhile: it is at version {found.stamp.version}"
                )
            stamp = Stamp(found.stamp.id, found.stamp.version + 1, self._context.clock.clock(), edit is None)
            changed = replace(edit(found) if edit else found, stamp=stamp)
            await self.keep(changed)
        return changed

    def check_named(self, metric: str, board: str = "") -> None:
        """A note about something that does not exist would never be seen.

        Raises:
            Failure: 422.
        """
        catalogue = self._context.catalogue()
        if metric and metric not in catalogue.metrics:
            raise Failure(Reason.INVALID_PARAMETER, f'metric: there is no metric "{metric[:100]}"')
        if board and board not in catalogue.boards:
            raise Failure(Reason.INVALID_PARAMETER, f'board: there is no board "{board[:100]}"')


def _add_annotations(router: APIRouter, context: NotesContext, desk: _Desk) -> None:
    notes = context.notes

    @router.get("/annotations", response_model=Annotations)
    async def list_annotations(
        first: From = None,
        last: To = None,
        metric: str = "",
        board: str = "",
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """Dated remarks (hypothesis, field note, outcome), by their day."""
        question = NotesQuestion(first, last, metric, board, "", limit + 1, offset)
        return _page("annotations", await context.reader.ask(notes.annotations, question), limit, offset)

    @router.post("/annotations", status_code=201, response_model=dict, openapi_extra=body_of(NewAnnotation))
    async def add_annotation(request: Request) -> Response:
        new = await read_body(request, NewAnnotation)
        desk.check_named(new.metric, new.board)
        day = new.day or context.clock.today().day
        note = Annotation(desk.first_stamp(), day, new.text, new.kind, new.metric, new.board, new.author)
        await desk.keep(note)
        return json_answer(shown_note(note), 201)

    _add_changes(router, desk, "annotations", notes.annotation, AnnotationChange)


def _add_decisions(router: APIRouter, context: NotesContext, desk: _Desk) -> None:
    notes = context.notes

    @router.get("/decisions", response_model=Decisions)
    async def list_decisions(
        first: From = None, last: To = None, metric: str = "", limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        """What was decided (start, iterate, kill), by its week; a week belongs to a range that has a day of it."""
        question = NotesQuestion(_week_of(first), last, metric, "", "", limit + 1, offset)
        return _page("decisions", await context.reader.ask(notes.decisions, question), limit, offset)

    @router.post("/decisions", status_code=201, response_model=dict, openapi_extra=body_of(NewDecision))
    async def add_decision(request: Request) -> Response:
        new = await read_body(request, NewDecision)
        desk.check_named(new.metric)
        week = _week(new.week, context.clock)
        note = Decision(desk.first_stamp(), week, new.course, new.text, new.metric, new.owner, new.outcome)
        await desk.keep(note)
        return json_answer(shown_note(note), 201)

    # As a week later, when its `outcome` is known.
    _add_changes(router, desk, "decisions", notes.decision, DecisionChange)


def _add_actions(router: APIRouter, context: NotesContext, desk: _Desk) -> None:
    notes = context.notes

    @router.get("/actions", response_model=Actions)
    async def list_actions(
        first: From = None,
        last: To = None,
        metric: str = "",
        status: ActionStatus | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        """Who does what until when, by the week in which it was noted."""
        question = NotesQuestion(_week_of(first), last, metric, "", status or "", limit + 1, offset)
        return _page("actions", await context.reader.ask(notes.actions, question), limit, offset)

    @router.post("/actions", status_code=201, response_model=dict, openapi_extra=body_of(NewAction))
    async def add_action(request: Request) -> Response:
        new = await read_body(request, NewAction)
        desk.check_named(new.metric)
        week, today = _week(new.week, context.clock), context.clock.today().day
        told = {name: getattr(new, name) for name in ("metric", "owner", "due", "expected_effect", "budget")}
        note = _closed(Action(desk.first_stamp(), week, new.text, **told), new.status, today)
        await desk.keep(note)
        return json_answer(shown_note(note), 201)

    def edited(change: ActionChange) -> Callable[[Action], Action]:
        edit, today = _edit(change), context.clock.today().day
        return lambda action: _closed(edit(action), change.status or action.status, today)

    _add_changes(router, desk, "actions", notes.action, ActionChange, edited)


def _add_changes(
    router: APIRouter,
    desk: _Desk,
    kind: str,
    find: Callable[[str], Note | None],
    shape: type[Change],
    edited: Callable[[Change], Callable[[Note], Note]] | None = None,
) -> None:
    """How notes of a kind are changed and removed."""

    @router.patch(f"/{kind}/{{note_id}}", response_model=dict, openapi_extra=body_of(shape))
    async def change_note(request: Request, note_id: str) -> Response:
        """A new edition; `version` is the one that was read, if somebody else's change must not be lost."""
        change = await read_body(request, shape)
        desk.check_named(change.metric or "", getattr(change, "board", None) or "")
        edit = edited(change) if edited else _edit(change)
        return json_answer(shown_note(await desk.change(find, note_id, change.version, edit)))

    @router.delete(f"/{kind}/{{note_id}}", status_code=204)
    async def remove_note(note_id: str) -> Response:
        await desk.change(find, note_id, None, None)
        return Response(status_code=204)


def _page(name: str, found: Sequence[Annotation | Decision | Action], limit: int, offset: int) -> Response:
    """One more than the page was asked for, to know whether there is a next one."""
    following = offset + limit if len(found) > limit else None
    return json_answer({name: [shown_note(note) for note in found[:limit]], "next_offset": following})


def _edit(change: BaseModel) -> Callable[[Note], Note]:
    values = {
        name: value
        for name in change.model_fields_set - {"version", "status"}
        if (value := getattr(change, name)) is not None or name in NullableFields
    }
    return lambda note: replace(note, **values)


def _closed(action: Action, status: ActionStatus, today: date) -> Action:
    """The action in a state; the day on which it came to its end is kept."""
    if status == "open":
        return replace(action, status=status, closed_on=None)
    return action if status == action.status else replace(action, status=status, closed_on=today)


def _week(written: str | None, clock: WorkspaceClock) -> date:
    return read_week("week", written) if written else monday_of(clock.today().day)


def _week_of(day: date | None) -> date | None:
    return None if day is None else monday_of(day)
