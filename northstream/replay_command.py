"""`northstream replay`: asks for people and counters to be rebuilt from the stored events, and waits for it.

Does not rebuild: the engine does, which starts again for it, or `northstream.replay_cluster`.
"""

import time

from northstream.failures import UserError
from northstream.folder import is_locked
from northstream.places import Places
from northstream.replay_request import ReplayRequest
from northstream.settings import Settings

_LOOK_SECONDS = 0.2


def run_replay(settings: Settings) -> int:
    """Ask, and wait until it is done if a product runs; a cluster's is done here.

    Raises:
        UserError: there is nothing to rebuild, or the wish cannot be written.
    """
    if settings.kafka or settings.clickhouse_url:
        # Only now: Faust is large.
        from northstream.replay_cluster import replay_cluster

        return replay_cluster(settings)
    places = Places.of(settings.data_dir)
    if not places.events_log.exists():
        raise UserError(f"nothing is kept in {settings.data_dir}; name the data folder with --data-dir")
    request = ReplayRequest(places.replay_request)
    try:
        request.make()
    except OSError as error:
        raise UserError(f"{places.replay_request} cannot be written ({error.strerror})") from error
    if not is_locked(settings.data_dir):
        print("No northstream runs on this folder: its next start rebuilds people and counters.")
        return 0
    print(
        "Rebuilding people and counters from the stored events; the old numbers are served until it is done.",
        flush=True,
    )
    return _wait(settings, request)


def _wait(settings: Settings, request: ReplayRequest) -> int:
    began = time.monotonic()
    while request.is_open():
        if not is_locked(settings.data_dir):
            print("northstream was stopped meanwhile: its next start rebuilds.")
            return 0
        time.sleep(_LOOK_SECONDS)
    print(f"Done after {time.monotonic() - began:.0f} s: the new numbers are served.")
    return 0
