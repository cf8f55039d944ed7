"""The warehouse's process: the embedded engine behind ClickHouse's HTTP interface, for roles that run elsewhere.

Does not make tables: `northstream migrate` does, as with a ClickHouse server.
"""

import asyncio

from northstream.launch import Launch
from northstream.lifetime import Lifetime, live
from northstream.operations import operations
from northstream.parts.sql import create_sql_face, start_engine
from northstream.places import Places
from northstream.serving import serve
from northstream.telemetry.process import process_registry, telemetry_of
from northstream.telemetry.requests import observed_sql

DRAIN_SECONDS = 10
"""How long statements under way may take at the end."""

MAX_CONNECTIONS = 32
"""Statements at once, a thread for each (the server has forty). Roles bring up to six each, and a read that streams
holds its turn until its role has read it. Those of the read-only user have a few turns at most, so that inserts and
the roles' short readings find one; many roles that start at once wait for each other."""


def run(launch: Launch) -> None:
    """Answer until SIGTERM."""
    live(lambda lifetime: _serve(launch, lifetime))


async def _serve(launch: Launch, lifetime: Lifetime) -> None:
    folder = Places.of(launch.settings.data_dir).warehouse
    engine = await asyncio.to_thread(start_engine, folder)
    try:
        face = create_sql_face(folder, launch.settings, MAX_CONNECTIONS)
        registry = process_registry("warehouse")
        observed = observed_sql(face, registry)
        async with operations(launch, lambda: {}, telemetry_of(registry)):
            await serve(observed, launch.socket("sql"), lifetime, DRAIN_SECONDS)
    finally:
        await asyncio.to_thread(engine.close)
