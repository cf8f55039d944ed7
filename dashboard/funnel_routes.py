"""Routes about funnels: which there are, and each over a range, whole or by segment.

Does not shape answers: see `funnels`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from dashboard.asking import ApiContext
from dashboard.failures import Failure, Reason
from dashboard.funnels import FunnelAsked, funnel_answer
from dashboard.json_answers import json_answer
from dashboard.periods import read_range
from dashboard.questions import First, Last, SegmentText, Top, read_segments
from dashboard.shapes import UNKNOWN, FunnelList, FunnelReport
from schemas.definitions import FunnelDefinition


def add_funnel_routes(router: APIRouter, context: ApiContext) -> None:
    funnels = {funnel.id: funnel for funnel in context.workspace.stream.funnels}

    @router.get("/funnels", response_model=FunnelList, tags=["funnels"])
    async def list_funnels() -> Response:
        """The funnels of the workspace."""
        return json_answer({"funnels": [_funnel_entry(funnel) for funnel in funnels.values()]})

    @router.get("/funnels/{funnel_id}", response_model=FunnelReport, tags=["funnels"], responses=UNKNOWN)
    async def read_one_funnel(
        funnel_id: Annotated[str, Path(examples=["onboarding"])],
        first: First = None,
        last: Last = None,
        segment: SegmentText = None,
        top: Top = 8,
    ) -> Response:
        """Entries by entry day and step; `persons` are distinct over the range, by their furthest step."""
        funnel = funnels.get(funnel_id)
        if funnel is None:
            raise Failure(Reason.NOT_FOUND, f'there is no funnel "{funnel_id[:100]}"')
        today = context.clock.today()
        asked = FunnelAsked(funnel, read_range(first, last, today.day), read_segments(segment), top)
        return json_answer(await context.reader.ask(funnel_answer, context, asked, today))


def _funnel_entry(funnel: FunnelDefinition) -> dict[str, Any]:
    return {
        "funnel": funnel.id,
        "label": funnel.label,
        "window_seconds": funnel.window_seconds,
        "steps": [step.event for step in funnel.steps],
    }
