"""`northstream up`: checks everything, starts the collector and the engine, keeps them running, drains them at the end.

Does not carry events: those go through the children.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from northstream.child import Child
from northstream.failures import UserError
from northstream.folder import ALERTER_LOCK_NAME, LOCK_NAME, lock_folder, prepare_folder
from northstream.instance import instance_of
from northstream.keys import with_keys
from northstream.launch import Launch
from northstream.logs import configure_logs
from northstream.ports import bound_port, listen, reachable_host
from northstream.readiness import wait_until_ready
from northstream.settings import Settings
from northstream.workspace_copy import keep_workspace
from northstream.workspaces import check_workspace

DRAIN_SECONDS = 30.0
"""How long each child may take to finish what it has begun."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What `up` stands on: settings with keys and real ports, the folder's locks, open ports."""

    settings: Settings
    locks: tuple[int, ...]
    http: socket.socket
    sql: socket.socket

    @property
    def url(self) -> str:
        return f"http://{reachable_host(self.settings.host)}:{self.settings.port}"


def take_ground(settings: Settings) -> Ground:
    """Check and take everything that a start needs.

    Raises:
        UserError: with all problems at once.
    """
    problems: list[str] = []
    if settings.kafka or settings.clickhouse_url:
        problems.append("KAFKA and CLICKHOUSE_URL are for single roles; unset them to run everything with one command")
    try:
        check_workspace(settings, os.environ)
    except UserError as error:
        problems.append(str(error))
    try:
        prepare_folder(settings.data_dir)
        locks = tuple(lock_folder(settings.data_dir, name=name) for name in (LOCK_NAME, ALERTER_LOCK_NAME))
    except UserError as error:
        # Its ports would be taken by the same predecessor: no news.
        raise UserError("\n".join([*problems, str(error)])) from error
    http, sql = _take_ports(settings, problems)
    if problems or http is None or sql is None:
        raise UserError("\n".join(problems))
    keep_workspace(settings)
    settings = replace(with_keys(settings), port=bound_port(http), clickhouse_port=bound_port(sql))
    return Ground(settings, locks, http, sql)


def _take_ports(settings: Settings, problems: list[str]) -> tuple[socket.socket | None, socket.socket | None]:
    taken: list[socket.socket | None] = []
    for host, port, flag in (
        (settings.host, settings.port, "--port"),
        ("127.0.0.1", settings.clickhouse_port, "--clickhouse-port"),
    ):
        try:
            taken.append(listen(host, port, flag))
        except UserError as error:
            problems.append(str(error))
            taken.append(None)
    return taken[0], taken[1]


def up(settings: Settings, extra_roles: Sequence[str] = ()) -> None:
    """Run everything until SIGTERM or SIGINT, then drain. `extra_roles` start once the rest is ready.

    Raises:
        UserError: the user must mend something first.
    """
    ground = take_ground(settings)
    configure_logs("supervisor", settings.log_level, instance_of(ground.settings))
    asyncio.run(_supervise(ground, extra_roles))


async def _supervise(ground: Ground, extra_roles: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    collector = Child(Launch("collector", ground.settings, {"http": ground.http.fileno()}), ground.locks)
    engine = Child(Launch("engine", ground.settings, {"sql": ground.sql.fileno()}), ground.locks)
    extras = [Child(Launch(role, ground.settings), ground.locks, restart=False) for role in extra_roles]
    children = [*extras, collector, engine]
    running = [asyncio.create_task(child.run()) for child in (collector, engine)]
    greeting = asyncio.create_task(_greet(ground, extras))
    stopping = asyncio.create_task(stop.wait())
    try:
        await _until_told(stopping, [greeting, *running])
    finally:
        greeting.cancel()
        if stop.is_set():
            print("Stopping: finishing what was acknowledged …", flush=True)
        stopping.cancel()
        # The collector first, so that nothing new arrives while the engine finishes.
        for child in children:
            await child.stop(DRAIN_SECONDS)
        await asyncio.gather(*running, greeting, stopping, return_exceptions=True)


async def _until_told(stopping: asyncio.Task[Any], others: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the signal to stop; a child's `UserError` ends the waiting and is raised."""
    waiting: set[asyncio.Task[Any]] = {stopping, *others}
    while not stopping.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()  # raises what ended it


async def _greet(ground: Ground, extras: Sequence[Child]) -> None:
    """Say that all is ready, with what a person needs to begin; then run the extra roles to their end."""
    settings = ground.settings
    await wait_until_ready(reachable_host(settings.host).strip("[]"), settings.port)
    print(
        f"NorthStream is ready at {ground.url}\n"
        f"  board       {ground.url}/live\n"
        f"  API         {ground.url}/api/docs\n"
        f"  SQL         http://127.0.0.1:{settings.clickhouse_port}\n"
        f"  write key   {settings.write_key}\n"
        f"  secret key  {settings.secret_key}",
        flush=True,
    )
    await asyncio.gather(*(extra.run() for extra in extras))
