"""The metric catalogue measured over the warehouse: what answers, and the thread that keeps it fresh.

Does not compute: see `metrics`.
"""

from collections.abc import Callable
from uuid import uuid4

from metrics.asking import Query
from metrics.assembling import Assembled, Sources
from metrics.dimensions import Dimensions
from metrics.refresher import Refresh
from northstream.background import Background
from northstream.clock import unix_ms
from northstream.live_catalogue import LiveCatalogue, open_catalogue
from northstream.parts.stores import Stores
from northstream.settings import Settings
from northstream.telemetry.measuring import MeasuringTelemetry
from schemas.measuring import Measures
from warehouse.client import Warehouse
from warehouse.lease import PUBLISHING, Lease


class Measuring:
    """`measures` answers as soon as this is made; `start` to `stop` keep points and `catalogue` fresh."""

    def __init__(
        self,
        stores: Stores,
        catalogue: LiveCatalogue,
        background: Warehouse,
        expert: Query | None,
        on_failure: Callable[[Exception], None],
        on_refresh: Callable[[Refresh], None] = lambda _: None,
        may_publish: Callable[[], bool] = lambda: True,
    ) -> None:
        """`background` is the same warehouse over a connection that readers do not use; closed by `stop`.

        While `may_publish` says no, another process publishes the values.
        """
        workspace = stores.workspace
        dimensions = Dimensions(
            [trait.name for trait in workspace.person_traits], [trait.name for trait in workspace.group_traits]
        )
        assembled = Assembled(
            Sources(
                warehouse=stores.warehouse,
                reports=stores.reports,
                definitions=workspace.stream,
                dimensions=dimensions,
                catalogue=catalogue.current,
                findings=catalogue.findings,
                clock=unix_ms,
                completeness=stores.reports.completeness,
                expert=expert,
                may_publish=may_publish,
            )
        )
        self.measures: Measures = assembled.measures
        self.telemetry = MeasuringTelemetry()
        self.catalogue = catalogue
        self._background = background
        self._on_refresh = on_refresh
        self._refresher = assembled.refresher(assembled.computer_over(background), self._note)
        self._refreshing = Background("metrics", self._refresher.run, on_failure)
        self.telemetry.follow(self._refresher)

    def start(self) -> None:
        self.catalogue.start()
        self._refreshing.start()

    def refresh_now(self) -> int:
        """One round in the caller's thread, instead of `start`; the number of values published."""
        return self._refresher.round()

    def stop(self) -> None:
        """A computation under way is not waited for longer than a process may take to end."""
        self._refresher.stop()
        self.catalogue.stop()
        self._refreshing.join()
        self._background.close()

    def _note(self, refresh: Refresh) -> None:
        self.telemetry.note(refresh)
        self._on_refresh(refresh)


def open_measuring(
    stores: Stores,
    settings: Settings,
    background: Warehouse,
    expert: Query | None,
    on_failure: Callable[[Exception], None],
    on_refresh: Callable[[Refresh], None] = lambda _: None,
    is_alone: bool = True,
) -> Measuring:
    """Over the workspace that the settings name. Without `is_alone` one of the processes publishes the values.

    Raises:
        UserError: its catalogue is broken.
    """
    catalogue = open_catalogue(settings, stores.workspace)
    turns = (lambda: True) if is_alone else Lease(background, "publishers", uuid4().hex, PUBLISHING)
    return Measuring(stores, catalogue, background, expert, on_failure, on_refresh, turns)
