"""`northstream run ROLE`: checks what the role needs, starts it, keeps it running, drains it at the end.

Does not carry events, and waits for no server: the role's own process does.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from northstream.child import Child, ChildRefused
from northstream.cluster_roles import ROLES, Port, Role, missing_servers
from northstream.failures import EXIT_USER, UserError
from northstream.folder import lock_folder, prepare_folder
from northstream.instance import instance_of
from northstream.keys import with_keys
from northstream.launch import Launch
from northstream.logs import configure_logs
from northstream.ports import bound_port, listen_patiently, reachable_host
from northstream.settings import Resolved, Settings
from northstream.workspaces import check_workspace

DRAIN_SECONDS = 30.0
"""How long the role may take to finish what it has begun."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a role stands on: settings with keys and real ports, open ports, and the folder's lock if it has one."""

    settings: Settings
    sockets: dict[str, socket.socket]
    locks: tuple[int, ...]


def run_role(resolved: Resolved, name: str) -> int:
    """Run a role until SIGTERM or SIGINT, then drain it; the exit code.

    Raises:
        UserError: the user must mend something first.
    """
    role = ROLES[name]
    ground = take_ground(resolved, role)
    configure_logs("supervisor", ground.settings.log_level, instance_of(ground.settings))
    _greet(role, ground, resolved.settings)
    try:
        asyncio.run(_supervise(role, ground))
    except ChildRefused:
        # The role itself has said what to mend.
        return EXIT_USER
    return 0


def take_ground(resolved: Resolved, role: Role) -> Ground:
    """Check and take everything that a start of the role needs.

    Raises:
        UserError: with all problems at once.
    """
    settings = resolved.settings
    problems = missing_servers(settings, role.needs_kafka, role.needs_warehouse)
    checks: list[Callable[[], object]] = []
    if role.needs_workspace:
        checks.append(lambda: check_workspace(settings, os.environ if role.tells else None))
    if role.lock or _wants_kept_keys(role, settings):
        checks.append(lambda: prepare_folder(settings.data_dir))
    for check in checks:
        _collect(problems, check)
    if problems:
        raise UserError("\n".join(problems))
    # One after the other from here on: a predecessor that still runs would hold all of them.
    locks = (lock_folder(settings.data_dir, name=role.lock),) if role.lock else ()
    sockets = _open_ports(role, resolved)
    if _wants_kept_keys(role, settings):
        settings = with_keys(settings)
    return Ground(_with_ports(settings, sockets), sockets, locks)


def _collect(problems: list[str], check: Callable[[], object]) -> None:
    try:
        check()
    except UserError as error:
        problems.append(str(error))


def _wants_kept_keys(role: Role, settings: Settings) -> bool:
    """Whether a key is needed that nobody has set: it is kept in the data folder."""
    if role.serves_keys:
        return not (settings.write_key and settings.secret_key)
    return not (settings.clickhouse_password or settings.secret_key)


def _open_ports(role: Role, resolved: Resolved) -> dict[str, socket.socket]:
    settings = resolved.settings
    sockets = {}
    if role.port is Port.SQL:
        sockets["sql"] = listen_patiently(settings.host, settings.clickhouse_port, "--clickhouse-port")
    if role.port is Port.HTTP or resolved.is_set("port"):
        sockets["http"] = listen_patiently(settings.host, settings.port, "--port")
    return sockets


def _with_ports(settings: Settings, sockets: dict[str, socket.socket]) -> Settings:
    if "http" in sockets:
        settings = replace(settings, port=bound_port(sockets["http"]))
    if "sql" in sockets:
        settings = replace(settings, clickhouse_port=bound_port(sockets["sql"]))
    return settings


def _greet(role: Role, ground: Ground, asked: Settings) -> None:
    """Where the role listens, and the keys that nobody has set."""
    host = reachable_host(ground.settings.host)
    for listening in ground.sockets.values():
        print(f"{role.name} listens on http://{host}:{bound_port(listening)}")
    if role.serves_keys and not asked.write_key:
        print(f"  write key   {ground.settings.write_key}")
    if (role.serves_keys or role.port is Port.SQL) and not (asked.secret_key or asked.clickhouse_password):
        print(f"  secret key  {ground.settings.secret_key}")
    print(f"{role.name} is starting", flush=True)


async def _supervise(role: Role, ground: Ground) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sockets = {name: listening.fileno() for name, listening in ground.sockets.items()}
    child = Child(Launch(role.name, ground.settings, sockets), ground.locks)
    running = asyncio.create_task(child.run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()  # raises what ended it
    finally:
        stopping.cancel()
        await child.stop(DRAIN_SECONDS)
        await asyncio.gather(running, stopping, return_exceptions=True)
