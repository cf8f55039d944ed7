"""The alerts as the workspace's files say now, read anew while the product runs; broken files leave the old ones.

Does not judge or deliver: who does is told of each new edition. Has no thread: see `northstream.live_catalogue`.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from northstream.failures import UserError
from northstream.file_watch import Stamp, Watch, stamp_of
from northstream.live_catalogue import LiveCatalogue
from northstream.settings import Settings
from northstream.workspace_copy import WorkspaceCopy
from northstream.workspaces import workspace_folder
from schemas.alert_folder import load_alerts
from schemas.alerts import AlertDefinitions
from schemas.catalogue import Catalogue
from schemas.definitions import Workspace
from schemas.secret_texts import Environment
from schemas.workspace_folder import WorkspaceErrors, yaml_files
from schemas.yaml_lines import Finding

log = logging.getLogger(__name__)


def follow_alerts(settings: Settings, workspace: Workspace, catalogue: LiveCatalogue) -> "LiveAlerts":
    """The alerts of the workspace that the settings name, looked at whenever the catalogue is.

    Raises:
        UserError: they are broken, with every finding, and none were in use before.
    """
    copy = WorkspaceCopy(settings.data_dir, os.environ)
    try:
        live = LiveAlerts(lambda: workspace_folder(settings), workspace, catalogue.current, os.environ, copy)
    except WorkspaceErrors as error:
        raise UserError(f"the alerts cannot be used:\n{error}") from error
    catalogue.beside.append(live.look)
    return live


class LiveAlerts:
    """Safe to ask from any thread. `on_change`: called with each new edition in the thread that looks; never raises.

    Rules are held against the catalogue that is in use, and read again when that changes: ids and owners are its.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        workspace: Workspace,
        catalogue: Callable[[], Catalogue],
        environment: Environment,
        copy: WorkspaceCopy | None = None,
    ) -> None:
        """Read the alerts for the first time; while they are broken, those from before.

        `copy`: what is in use is kept there, for a start while the files are broken.

        Raises:
            WorkspaceErrors: they are broken, and none were in use before.
        """
        self.on_change: list[Callable[[AlertDefinitions], None]] = []
        self._folder = folder
        self._workspace = workspace
        self._catalogue = catalogue
        self._environment = environment
        self._copy = copy
        self._findings: tuple[Finding, ...] = ()
        self._watch = Watch(self._see)
        self._definitions = self._first()

    def current(self) -> AlertDefinitions:
        """The last alerts that were whole."""
        return self._definitions

    def findings(self) -> tuple[str, ...]:
        """What is wrong with the files as they are now, each with file and line; nothing when they are in use."""
        return tuple(map(str, self._findings))

    def look(self) -> bool:
        """Read the files if they, or the catalogue, have changed and are steady; whether they were read."""
        if not self._watch.has_news():
            return False
        found = self._read()
        if found is not None and found != self._definitions:
            self._use(found)
        return True

    def _see(self) -> tuple[Stamp, Catalogue]:
        folder = self._folder()
        return stamp_of(folder, yaml_files(folder / "alerts")), self._catalogue()

    def _first(self) -> AlertDefinitions:
        found = self._read()
        if found is not None:
            return found
        if self._copy is not None:
            try:
                return self._load(self._copy.folder)
            except WorkspaceErrors:
                log.warning("there are no alerts from before that could be used instead")
        raise WorkspaceErrors(self._findings)

    def _read(self) -> AlertDefinitions | None:
        """What the files say, None when they are broken; notes and logs what is wrong with them."""
        try:
            found = self._load(self._folder())
        except WorkspaceErrors as error:
            if error.findings != self._findings:
                log.warning("the alerts' changes are not used until they are mended:\n%s", error)
            self._findings = error.findings
            return None
        self._findings = ()
        return found

    def _load(self, folder: Path) -> AlertDefinitions:
        return load_alerts(folder, self._workspace, self._catalogue().metrics, self._environment)

    def _use(self, found: AlertDefinitions) -> None:
        self._definitions = found
        if self._copy is not None:
            self._copy.keep(self._folder())
        log.info("the alerts have changed: %d rules, %d receivers", len(found.rules), len(found.receivers))
        for tell in self.on_change:
            tell(found)
