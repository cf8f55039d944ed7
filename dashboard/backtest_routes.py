"""Backtests of alert rules over HTTP: as data, and as a picture.

Does not judge the past: whoever can is handed in.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dashboard.access import Access
from dashboard.api import refuse_unknown_parameters
from dashboard.backtest_answers import backtest_answer
from dashboard.backtest_picture import draw_backtest
from dashboard.backtest_shapes import BacktestReport
from dashboard.failures import Failure, Reason
from dashboard.json_answers import json_answer
from dashboard.reading import Reader
from dashboard.shapes import UNKNOWN
from dashboard.texts import choose_language, texts_of
from dashboard.written_numbers import Spelling
from schemas.backtests import LONGEST_DAYS, USUAL_DAYS, Backtest, Backtests, NoBacktest
from schemas.definitions import Workspace

_PICTURE_POLICY = "default-src 'none'; style-src 'none'; frame-ancestors 'none'"

Rule = Annotated[
    str,
    Query(max_length=500, description="`group/alert`, or the alert's name alone.", examples=["product/SignupsHigh"]),
]
Days = Annotated[int, Query(ge=1, le=LONGEST_DAYS, description="So many days before now.")]
Condition = Annotated[str, Query(max_length=100, description="Tried instead of the rule's own, like `> 30`.")]
Lang = Annotated[str | None, Query(description="en or fr; else the workspace's language.")]


@dataclass(frozen=True, slots=True)
class BacktestContext:
    backtests: Backtests
    reader: Reader
    workspace: Workspace

    async def run(self, rule: str, days: int, condition: str) -> Backtest:
        """Raises `Failure`: 404 for an unknown rule, 422 for what has no past or is no condition."""
        try:
            return await self.reader.ask(self.backtests.run, rule, days, condition)
        except NoBacktest as reason:
            kind = Reason.NOT_FOUND if reason.is_unknown else Reason.INVALID_PARAMETER
            raise Failure(kind, str(reason)) from None

    def spelling(self, lang: str | None) -> Spelling:
        language = choose_language(lang, self.workspace.language)
        return Spelling(language, self.workspace.currency, texts_of(language))


def backtest_routes(context: BacktestContext, access: Access) -> APIRouter:
    """`/api/alerts/backtest` and its picture; pages ask through the door for viewers."""
    router = APIRouter(
        prefix="/api/alerts",
        tags=["alerts"],
        dependencies=[Depends(access.require_secret_key), Depends(refuse_unknown_parameters)],
    )

    @router.get("/backtest", response_model=BacktestReport, responses=UNKNOWN)
    async def read_backtest(
        rule: Rule, days: Days = USUAL_DAYS, condition: Condition = "", lang: Lang = None
    ) -> Response:
        """What a rule would have done: incidents, flaps, share of time; thresholds that would have been calmer."""
        found = await context.run(rule, days, condition)
        return json_answer(backtest_answer(found, context.spelling(lang)))

    @router.get("/backtest.svg", response_class=Response, responses=UNKNOWN)
    async def draw(rule: Rule, days: Days = USUAL_DAYS, condition: Condition = "", lang: Lang = None) -> Response:
        """The same as a picture."""
        found = await context.run(rule, days, condition)
        headers = {"Content-Security-Policy": _PICTURE_POLICY, "Cache-Control": "no-store"}
        picture = draw_backtest(found, context.spelling(lang))
        return Response(picture, headers=headers, media_type="image/svg+xml")

    return router
