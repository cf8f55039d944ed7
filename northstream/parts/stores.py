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


@dataclass(frozen=True, slots=True)
class Stores:
    """`events` reads the topics `events` and `quarantine`, `handoffs` its own topic."""

    workspace: Workspace
    warehouse: Warehouse
    people: PeopleStore
    events: LogReader
    handoffs: LogReader
    reports: WarehouseReports

    @classmethod
    def over(cls, workspace: Workspace, warehouse: Warehouse, events: LogReader, handoffs: LogReader) -> "Stores":
        reports = WarehouseReports(warehouse, events, handoffs, unix_ms)
        return cls(workspace, warehouse, PeopleStore(warehouse), events, handoffs, reports)

    @property
    def partitions(self) -> range:
        return range(self.events.partitions)
