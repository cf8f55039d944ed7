"""Health and readiness, open to everyone, and Prometheus telemetry, which needs the secret key beyond loopback.

Does not decide what ready means: the checks are handed in.
"""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Depends, Response

from dashboard.access import Access
from dashboard.json_answers import json_answer
from dashboard.reading import Reader
from schemas.watching import shown_watch

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def operation_routes(
    readiness: Callable[[], Mapping[str, bool]],
    telemetry: Callable[[], str],
    reader: Reader,
    access: Access,
    watch_age: Callable[[], float | None] = lambda: None,
) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics`. `watch_age`: that of the self-watch in seconds, shown where all is ready."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def is_alive() -> Response:
        """This process answers."""
        return json_answer({"status": "ok"})

    @router.get("/readyz", responses={503: {"description": "Some check does not hold; the answer says which"}})
    async def is_ready() -> Response:
        """Everything that a request needs is there; an old self-watch takes nobody out of service."""
        checks = dict(await reader.once(readiness))
        if all(checks.values()):
            watch = shown_watch(await reader.once(watch_age))
            return json_answer({"ready": True, "checks": checks, "watch": watch})
        answer = json_answer({"ready": False, "checks": checks}, 503)
        answer.headers["Retry-After"] = "1"
        return answer

    @router.get("/metrics", dependencies=[Depends(access.require_viewer)])
    async def read_telemetry() -> Response:
        """Counters of the service itself, in Prometheus' text format."""
        return Response(await reader.once(telemetry), media_type=PROMETHEUS_TEXT)

    return router
