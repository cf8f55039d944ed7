"""The entry of child processes: `python -m northstream.processes ROLE`, with a `Launch` on standard input.

Not for people: they use `northstream`.
"""

import importlib
import logging
import os
import sys

from northstream.failures import EXIT_USER, UserError
from northstream.instance import instance_of
from northstream.launch import Launch, receive_launch
from northstream.logs import configure_logs
from northstream.telemetry.tracing import start_tracing

ROLES = {
    "collector": "northstream.roles.collector",
    "engine": "northstream.roles.engine",
    "simulator": "northstream.roles.simulator",
    "worker": "northstream.roles.worker",
    "loader": "northstream.roles.loader",
    "alerter": "northstream.roles.alerter",
    "boards": "northstream.roles.boards",
    "warehouse": "northstream.roles.warehouse",
}
"""Each role's module has `run(launch)`; imported in its own process only, as the parts are large."""

log = logging.getLogger(__name__)


def main() -> int:
    """Run a role to its end; the exit code."""
    launch = receive_launch(sys.stdin.buffer)
    configure_logs(launch.role, launch.settings.log_level, instance_of(launch.settings))
    return run_role(launch)


def run_role(launch: Launch) -> int:
    """Exit code 2 says that the user must mend something, 1 that a restart may help."""
    try:
        start_tracing(launch.role, instance_of(launch.settings), os.environ)
        importlib.import_module(ROLES[launch.role]).run(launch)
    except UserError as error:
        print(f"northstream: {error}", file=sys.stderr, flush=True)
        return EXIT_USER
    except Exception:
        log.exception("%s failed", launch.role)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
