"""The page of alerts: all rules, or one of them with its incidents (`?rule=group/alert`).

Does not read anything: its script asks through `/view/alerts`.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dashboard.shell import Page, Shell
from dashboard.texts import texts_of

Lang = Annotated[str | None, Query(alias="lang", description="en or fr; else the workspace's language.")]


def alert_page_routes(shell: Shell) -> APIRouter:
    """Free on loopback, beyond it with the secret key or a session."""
    router = APIRouter(include_in_schema=False)

    @router.get("/alerts")
    @router.head("/alerts")
    async def show_alerts(request: Request, lang: Lang = None) -> Response:
        title = texts_of(shell.language(lang))["alerts_title"]
        return shell.show(request, lang, Page("alerts", title, "alerts_page", "/alerts"))

    return router
