"""Where the parts read and write: one record, whether log and warehouse are embedded or servers.

Does not open anything: see `northstream.parts.embedded_stores` and `northstream.parts.cluster_stores`.
"""

from dataclasses import dataclass

from northstream.clock import unix_ms
from schemas.definitions import Workspace
from schemas.log import LogReader
from warehouse.client import Warehouse
from warehouse.people_store import PeopleStore
from warehouse.reports import WarehouseReports
from warehouse.watch import WatchReport


@dataclass(frozen=True, slots=True)
class Stores:
    """`events` reads the topics `events` and `quarantine`, `handoffs` its own topic."""

    workspace: Workspace
    warehouse: Warehouse
    people: PeopleStore
    events: LogReader
    handoffs: LogReader
    reports: WarehouseReports
    watch: WatchReport

    @classmethod
    def over(
        cls,
        workspace: Workspace,
        warehouse: Warehouse,
        events: LogReader,
        handoffs: LogReader,
        is_watched: bool = False,
    ) -> "Stores":
        """`is_watched`: whether events of the self-watch are sent."""
        reports = WarehouseReports(warehouse, events, handoffs, unix_ms)
        watch = WatchReport(warehouse, events, unix_ms, is_watched)
        return cls(workspace, warehouse, PeopleStore(warehouse), events, handoffs, reports, watch)

    @property
    def partitions(self) -> range:
        return range(self.events.partitions)
