"""Opens Kafka and the warehouse server for the roles that read both.

Does not wait: an attempt fails as long as something is not there, and says what.
"""

from contextlib import ExitStack
from dataclasses import dataclass

from northstream.parts.kafka_log import open_reader
from northstream.parts.server_warehouse import check_counted_log, check_definitions, open_warehouse
from northstream.parts.stores import Stores
from northstream.parts.watching import watches
from northstream.settings import Settings
from northstream.workspace_copy import load_workspace_to_run


@dataclass(frozen=True, slots=True)
class ClusterStores:
    """`close` closes what was opened."""

    stores: Stores
    resources: ExitStack

    def close(self) -> None:
        self.resources.close()


def open_cluster_stores(settings: Settings) -> ClusterStores:
    """Log and warehouse, checked.

    Raises:
        NotThere, LogUnavailable, WarehouseUnavailable: something is not there yet.
        UserError: the user must mend something.
    """
    workspace = load_workspace_to_run(settings)
    with ExitStack() as stack:
        warehouse = open_warehouse(settings)
        stack.callback(warehouse.close)
        check_definitions(warehouse, workspace.stream, settings)
        reader = open_reader(settings)
        stack.callback(reader.close)
        check_counted_log(warehouse, reader.partitions, settings)
        return ClusterStores(Stores.over(workspace, warehouse, reader, reader, watches(settings)), stack.pop_all())
