"""Opens the embedded log and warehouse for the engine.

Does not start any part: see `northstream.roles.engine`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from northstream.failures import UserError
from northstream.parts.stores import Stores
from northstream.parts.watching import watches
from northstream.places import Places
from northstream.pruning import Place, write_counted
from northstream.settings import Settings
from northstream.workspace_copy import load_workspace_to_run
from schemas.log import LogUnavailable
from schemas.topics import Topic
from stream.log.local import HANDOFF_TOPICS, LocalLog
from stream.log.reading import LocalLogReader
from warehouse.client import Warehouse
from warehouse.migrate import MigrationError, migrate
from warehouse.people_store import PeopleStore
from warehouse.workspace_facts import write_workspace_facts

LOG_WAIT_SECONDS = 30.0
"""The collector makes the log; the engine waits so long for it before it starts again."""

_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class EmbeddedStores:
    """`handoffs` is both ends of its topic."""

    places: Places
    stores: Stores
    events: LocalLogReader
    handoffs: LocalLog

    def tell_counted(self, loaded: Mapping[Place, int]) -> None:
        """Write up to where the log is counted, checkpointed and loaded; remove hand-offs that are applied for good.

        May raise StoreUnavailable, LogUnavailable, OSError.
        """
        heads = self.stores.people.latest_heads(self.stores.partitions)
        headers = self.stores.people.latest_headers(self.stores.partitions)
        counted = {place: offset for place, offset in loaded.items() if place[0] is Topic.QUARANTINE}
        for partition in heads.keys() & headers.keys():
            positions = (heads[partition].positions, headers[partition].positions)
            place = (Topic.EVENTS, partition)
            counted[place] = min(loaded.get(place, 0), *(position.events for position in positions))
            self.handoffs.prune(Topic.HANDOFFS, partition, min(position.handoffs for position in positions))
        write_counted(self.places.counted, counted)

    def close(self) -> None:
        self.handoffs.close()
        self.events.close()
        self.stores.warehouse.close()


def open_embedded_stores(settings: Settings, on_handoff: Callable[[], None]) -> EmbeddedStores:
    """Open logs and warehouse, and bring the warehouse to its present shape. `on_handoff`: after each append.

    Raises:
        UserError: the warehouse was made by another release.
        LogUnavailable, WarehouseUnavailable: start again.
    """
    places = Places.of(settings.data_dir)
    workspace = load_workspace_to_run(settings)
    warehouse = Warehouse.embedded(places.warehouse)
    try:
        migrate(warehouse)
    except MigrationError as error:
        raise UserError(f"the warehouse in {places.warehouse} does not fit this release: {error}") from error
    write_workspace_facts(warehouse, workspace.stream)
    events = LocalLogReader(places.events_log)
    partitions = _wait_for_partitions(events)
    # All before a header's position is applied: should the file have lost it, its offsets must not be given again.
    read = {
        (Topic.HANDOFFS, number): header.positions.handoffs
        for number, header in PeopleStore(warehouse).latest_headers(range(partitions)).items()
    }
    handoffs = LocalLog(places.handoffs_log, HANDOFF_TOPICS, partitions, on_append=on_handoff, read=read)
    stores = Stores.over(workspace, warehouse, events, handoffs, watches(settings))
    return EmbeddedStores(places, stores, events, handoffs)


def _wait_for_partitions(events: LocalLogReader) -> int:
    """The number of partitions of the log that the collector is making at the same time."""
    deadline = time.monotonic() + LOG_WAIT_SECONDS
    while True:
        try:
            return events.partitions
        except LogUnavailable:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_LOOK_SECONDS)
