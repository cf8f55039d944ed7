"""The first-run guide: choose the north star, its inputs, targets and a board; see the files change; save them.

Does not change files: see `schemas.guide.WorkspaceEditor`. With the secret key or from our own pages only.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from dashboard.access import Access
from dashboard.api import refuse_unknown_parameters
from dashboard.conditional import ConditionalRoute
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.points import number
from dashboard.reading import Reader
from dashboard.shell import Page, Shell
from dashboard.small_bodies import body_of, read_body
from dashboard.start_shapes import GuideAsked, GuideShown, GuideToSave
from dashboard.texts import choose_language, said_in, texts_of
from schemas.catalogue import BoardDefinition, Catalogue, MetricDefinition
from schemas.definitions import Language, Workspace
from schemas.guide import Aim, ChangedMeanwhile, GuideChoice, GuidePlan, NotWritable, WorkspaceEditor
from schemas.measuring import Measures

USUAL_STARS = ("activations", "arr", "mrr", "nps", "wau", "payments", "product_engagement_score", "customers")
"""What companies take for their north star; those of them that the catalogue has are offered first."""

_FIRST_PAGES = ("overview", "exec", "cards")
"""Kinds of boards that a whole company may open on; those of squads and experiments wait in the library."""

Lang = Annotated[str | None, Query(description="en or fr; else the workspace's language.")]


@dataclass(frozen=True, slots=True)
class StartContext:
    measures: Measures
    editor: WorkspaceEditor
    reader: Reader
    workspace: Workspace

    async def plan(self, choice: GuideChoice) -> GuidePlan:
        """Raises `Failure`: 409 if the files cannot be read."""
        try:
            return await self.reader.ask(self.editor.plan, choice)
        except NotWritable as problem:
            raise Failure(Reason.CONFLICT, str(problem)) from None

    async def save(self, choice: GuideChoice, base: str) -> GuidePlan:
        """Raises `Failure`: 409 if the files changed meanwhile or cannot be written, 422 if they would be wrong."""
        try:
            plan = await self.reader.ask(self.editor.save, choice, base)
        except NotWritable as problem:
            raise Failure(Reason.CONFLICT, str(problem)) from None
        except ChangedMeanwhile:
            raise Failure(Reason.CONFLICT, "the files have changed meanwhile; look at the changes again") from None
        if plan.findings:
            raise Failure(Reason.INVALID_PARAMETER, "; ".join(plan.findings))
        return plan


def start_api_routes(context: StartContext, access: Access) -> APIRouter:
    """`/api/start`, `/api/start/preview`, `/api/start/save`."""
    router = APIRouter(
        prefix="/api/start",
        tags=["first run"],
        route_class=ConditionalRoute,
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
    )

    @router.get("", response_model=dict)
    async def offer(lang: Lang = None) -> Response:
        """What can be chosen, and what is chosen now."""
        language = choose_language(lang, context.workspace.language)
        return json_answer(_offer(context.measures.catalogue(), language))

    @router.post("/preview", response_model=GuideShown, openapi_extra=body_of(GuideAsked))
    async def preview(request: Request) -> Response:
        """The files as they would be, and what would be wrong with them; nothing is written."""
        asked = await read_body(request, GuideAsked)
        return json_answer(_shown(await context.plan(_choice(asked, context.measures.catalogue()))))

    @router.post("/save", response_model=GuideShown, openapi_extra=body_of(GuideToSave))
    async def save(request: Request) -> Response:
        """Write what the preview with this `base` has shown."""
        asked = await read_body(request, GuideToSave)
        return json_answer(_shown(await context.save(_choice(asked, context.measures.catalogue()), asked.base)))

    return router


def start_page_routes(shell: Shell) -> APIRouter:
    """`/start`; free on loopback, beyond it with the secret key or a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/start")
    @router.head("/start")
    async def show_guide(request: Request, lang: Lang = None) -> Response:
        title = texts_of(shell.language(lang))["start_title"]
        return shell.show(request, lang, Page("start", title, "start_page", "/start"))

    return router


def _offer(catalogue: Catalogue, language: Language) -> Mapping[str, Any]:
    tree = catalogue.tree
    branches = {node.metric: node.branch for node in tree.inputs} if tree else {}
    usual = [tree.metric] if tree else []
    usual += [name for name in USUAL_STARS if name in catalogue.metrics]
    return {
        "north_star": tree.metric if tree else "",
        "usual_stars": list(dict.fromkeys(usual)),
        "opening_board": catalogue.opening_board,
        "metrics": [
            _metric(metric, branches.get(metric.id), language)
            for metric in catalogue.metrics.values()
            if metric.lifecycle != "retired"
        ],
        "boards": [_board(board, language) for board in catalogue.boards.values() if board.kind in _FIRST_PAGES],
    }


def _metric(metric: MetricDefinition, branch: str | None, language: Language) -> Mapping[str, Any]:
    target = metric.target
    scale = 100 if metric.unit == "ratio" else 1
    return {
        "metric": metric.id,
        "label": said_in(metric.label, language),
        "definition": said_in(metric.definition, language),
        "unit": metric.unit,
        "owner": metric.owner,
        "stage": metric.stage,
        "branch": branch,
        "per": metric.per,
        "target": None if target.value is None else number(target.value * scale),
        "target_by": target.by,
    }


def _board(board: BoardDefinition, language: Language) -> Mapping[str, Any]:
    audience = said_in({"en": "", **board.audience}, language)
    return {"board": board.id, "label": said_in(board.label, language), "audience": audience, "preset": board.preset}


def _choice(asked: GuideAsked, catalogue: Catalogue) -> GuideChoice:
    rates = {name for name, metric in catalogue.metrics.items() if metric.unit == "ratio"}
    targets = {
        name: Aim(aim.value / Decimal(100) if name in rates else aim.value, aim.by)
        for name, aim in asked.targets.items()
    }
    return GuideChoice(asked.north_star, asked.inputs, targets, asked.board, asked.board_label)


def _shown(plan: GuidePlan) -> Mapping[str, Any]:
    return {
        "folder": plan.folder,
        "is_new_folder": plan.is_new_folder,
        "base": plan.base,
        "findings": list(plan.findings),
        "changes": [
            {"path": each.path, "is_new": each.before is None, "diff": _diff(each.path, each.before, each.after)}
            for each in plan.changes
        ],
    }


def _diff(path: str, before: str | None, after: str) -> str:
    old = "" if before is None else before
    lines = difflib.unified_diff(old.splitlines(), after.splitlines(), path, path, lineterm="", n=2)
    return "\n".join(lines)
