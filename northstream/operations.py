"""Health, readiness and telemetry of a role that has no other HTTP: on its port, if it was given one.

Does not decide readiness: the check is handed in.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from northstream.clock import unix_ms
from northstream.launch import Launch
from northstream.serving import served

_DRAIN_SECONDS = 2


@asynccontextmanager
async def operations(
    launch: Launch,
    readiness: Callable[[], Mapping[str, bool]],
    telemetry: Callable[[], str],
    watch_age: Callable[[], float | None] = lambda: None,
) -> AsyncIterator[None]:
    """Serve `/healthz`, `/readyz` and `/metrics` within the block, if the launch has a port for it.

    `readiness`: named checks. `watch_age`: that of the self-watch, in seconds. All three may block.
    """
    if "http" not in launch.sockets:
        yield
        return
    # Only now: most installations give these roles no port, and FastAPI takes a third of a second.
    from fastapi import FastAPI

    from dashboard.access import Access
    from dashboard.operations import operation_routes
    from dashboard.reading import Reader

    settings = launch.settings
    access = Access([settings.secret_key], [settings.write_key], unix_ms)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(operation_routes(readiness, telemetry, Reader(), access, watch_age))
    async with served(app, launch.socket("http"), _DRAIN_SECONDS):
        yield
