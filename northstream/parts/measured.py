"""The metric catalogue for a role that only asks: what is measured is told to the asker, and nothing is published.

Does not refresh anything: boards or engine do (`northstream.parts.measuring`).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.assembling import Assembled, Sources
from metrics.dimensions import Dimensions
from northstream.clock import unix_ms
from northstream.failures import UserError
from northstream.live_catalogue import LiveCatalogue
from northstream.parts.stores import Stores
from northstream.settings import Settings
from northstream.workspace_copy import WorkspaceCopy
from northstream.workspaces import workspace_folder
from schemas.measuring import Measures
from schemas.workspace_folder import WorkspaceErrors
from warehouse.client import Warehouse


@dataclass(frozen=True, slots=True)
class Measured:
    """`catalogue` is watched between its start and stop."""

    measures: Measures
    catalogue: LiveCatalogue


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A warehouse that is only read: what would be noted of definitions is noted by whoever publishes."""

    warehouse: Warehouse

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self.warehouse.rows(sql, parameters)

    def insert_lines(self, table: str, columns: Sequence[str], lines: bytes, settings: Mapping[str, Any]) -> None:
        """Nothing is written."""


def open_measured(stores: Stores, settings: Settings) -> Measured:
    """Over the workspace that the settings name. Cheap: nothing is read from the warehouse before somebody asks.

    A definition that changed without a new version is measured as the files say; boards go on with the one before.
    What is in use is kept in the data folder: whoever breaks a file must not silence alerts at the next start.

    Raises:
        UserError: its catalogue is broken, with every finding, and none was in use before.
    """
    workspace = stores.workspace
    try:
        copy = WorkspaceCopy(settings.data_dir, os.environ)
        catalogue = LiveCatalogue(lambda: workspace_folder(settings), workspace, copy=copy)
    except WorkspaceErrors as error:
        raise UserError(f"the catalogue cannot be used:\n{error}") from error
    traits = (workspace.person_traits, workspace.group_traits)
    sources = Sources(
        warehouse=_Unwritten(stores.warehouse),
        reports=stores.reports,
        definitions=workspace.stream,
        dimensions=Dimensions(*([trait.name for trait in each] for each in traits)),
        catalogue=catalogue.current,
        findings=catalogue.findings,
        clock=unix_ms,
        completeness=stores.reports.completeness,
        may_publish=lambda: False,
    )
    return Measured(Assembled(sources).measures, catalogue)
