"""`northstream replay` on a cluster: rebuilds people and counters of all partitions in this process.

Its workers stand back meanwhile, and go on by themselves when it is done or has died.
"""

import asyncio
import time
from contextlib import closing

from northstream.cluster_roles import missing_servers
from northstream.failures import UserError
from northstream.keys import with_kept_keys
from northstream.logs import configure_logs
from northstream.parts.cluster_stores import ClusterStores, open_cluster_stores
from northstream.parts.kafka_log import open_appender
from northstream.parts.server_warehouse import connect
from northstream.settings import Settings
from northstream.waiting import PASSING, wait_at_most
from stream.cycles import Outranked
from stream.kafka.log import KafkaLog
from stream.rebuilding import rebuild_all
from stream.replay_hold import ReplayUnderWay
from warehouse.client import LONG_PATIENCE, Warehouse
from warehouse.history import WarehouseHistory

WAIT_SECONDS = 60.0
"""How long servers may take to answer."""


def replay_cluster(settings: Settings) -> int:
    """Rebuild, and return when the new numbers are served.

    Raises:
        UserError: it cannot be done now; everything is as it was.
    """
    configure_logs("replay", settings.log_level)
    problems = missing_servers(settings)
    if problems:
        raise UserError("\n".join(problems))
    settings = with_kept_keys(settings)
    began = time.monotonic()
    try:
        with (
            closing(wait_at_most(WAIT_SECONDS, lambda: open_cluster_stores(settings), _say)) as cluster,
            closing(open_appender(settings)) as handoffs,
            closing(connect(settings, size=1, patience=LONG_PATIENCE)) as stored,
        ):
            asyncio.run(_rebuild(cluster, handoffs, stored))
    except PASSING as error:
        raise UserError(f"{error}; the old numbers are served, replay again later") from error
    except ReplayUnderWay as error:
        raise UserError(f"{error}; wait for its end") from error
    except Outranked as error:
        raise UserError(f"workers claim partitions again and again ({error}); stop those of older releases") from error
    print(f"Done after {time.monotonic() - began:.0f} s: the new numbers are served.")
    return 0


async def _rebuild(cluster: ClusterStores, handoffs: KafkaLog, stored: Warehouse) -> None:
    """`stored` reads all events, which takes long; the hold is renewed past it, and must not wait so long."""
    stores = cluster.stores
    history = WarehouseHistory(stored)
    await rebuild_all(
        stores.workspace.stream, stores.people, stores.events, stores.handoffs, handoffs, history, on_step=_say
    )


def _say(step: str) -> None:
    print(step, flush=True)
