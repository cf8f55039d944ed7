"""The catalogue as the workspace's files say now, read anew while the product runs; broken files leave the old one.

Does not reload plan, funnels and what shapes the stream: those need a restart. Alerts: see `northstream.live_alerts`.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from northstream.failures import UserError
from northstream.file_watch import PAUSE_SECONDS, Stamp, Watch, stamp_of
from northstream.published_metrics import PublishedMetrics
from northstream.settings import Settings
from northstream.workspace_copy import WorkspaceCopy
from northstream.workspaces import workspace_folder
from schemas.catalogue import Catalogue
from schemas.catalogue_files import load_catalogue
from schemas.definitions import Workspace
from schemas.lint_findings import LintFinding
from schemas.workspace_folder import MAIN_FILE, WorkspaceErrors, yaml_files
from schemas.yaml_lines import Finding

WATCHED = ("metrics", "boards", "plan", "alerts")
"""What the catalogue says, may use, and may not take away."""

log = logging.getLogger(__name__)


def open_catalogue(settings: Settings, workspace: Workspace) -> "LiveCatalogue":
    """The catalogue of the workspace that the settings name, held against what the data folder has published.

    Raises:
        UserError: it is broken, with every finding, and none was in use before.
    """
    # In a cluster the secrets of receivers are in the environment of the alerter alone.
    environment = None if settings.clickhouse_url else os.environ
    published, copy = PublishedMetrics(settings.data_dir), WorkspaceCopy(settings.data_dir, environment)
    try:
        return LiveCatalogue(lambda: workspace_folder(settings), workspace, published, copy)
    except WorkspaceErrors as error:
        raise UserError(f"the catalogue cannot be used:\n{error}") from error


class LiveCatalogue:
    """Safe to ask from any thread. `on_change`: called with each new catalogue in the thread that looks; never raises.
    `beside`: called after each look, in the same thread.

    `folder` is asked at each look, so that a workspace which is made while the product runs is found.
    `copy`: what is in use is kept there, for a start while the files are broken.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        workspace: Workspace,
        published: PublishedMetrics | None = None,
        copy: WorkspaceCopy | None = None,
    ) -> None:
        """Read the catalogue for the first time; while it is broken, the one from before.

        Raises:
            WorkspaceErrors: it is broken, and none was in use before.
        """
        self.on_change: list[Callable[[Catalogue], None]] = []
        self.beside: list[Callable[[], object]] = []
        self._folder = folder
        self._workspace = workspace
        self._published = published
        self._copy = copy
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)
        self._watch = Watch(lambda: _stamp(folder()))
        self._findings: tuple[Finding | LintFinding, ...] = ()
        self._catalogue = self._first()

    def current(self) -> Catalogue:
        """The last catalogue that was whole."""
        return self._catalogue

    def findings(self) -> tuple[str, ...]:
        """What is wrong with the files as they are now, each with file and line; nothing when they are in use."""
        return tuple(map(str, self._findings))

    def start(self) -> None:
        """Look twice a second from now on."""
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Read the files if they have changed since they were read and not since the look before; whether they were."""
        if not self._watch.has_news():
            return False
        self._read()
        return True

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                self.look()
                for look in self.beside:
                    look()
            except OSError as error:
                # A folder went while it was read; the next look finds what there is then.
                log.warning("the workspace cannot be read now: %s", error)

    def _first(self) -> Catalogue:
        found = self._load()
        if found is not None and not self._findings:
            self._keep()
            return found
        self._say()
        # Without a copy a definition that changed without a new version is better than no catalogue.
        used = self._from_copy() or found
        if used is None:
            raise WorkspaceErrors(item for item in self._findings if isinstance(item, Finding))
        return used

    def _read(self) -> None:
        found = self._load()
        if found is None or self._findings:
            self._say()
            return
        is_new = found != self._catalogue
        self._catalogue = found
        self._keep()
        if is_new:
            log.info("the catalogue has changed: %d metrics, %d boards", len(found.metrics), len(found.boards))
            for tell in self.on_change:
                tell(found)

    def _load(self) -> Catalogue | None:
        """What the files say, None when they are broken; notes what is wrong with them."""
        try:
            catalogue = load_catalogue(self._folder(), self._workspace)
        except WorkspaceErrors as error:
            self._findings = error.findings
            return None
        self._findings = self._changed(catalogue)
        return catalogue

    def _from_copy(self) -> Catalogue | None:
        try:
            return load_catalogue(self._copy.folder, self._workspace) if self._copy is not None else None
        except WorkspaceErrors:
            return None

    def _keep(self) -> None:
        if self._copy is not None:
            self._copy.keep(self._folder())

    def _changed(self, catalogue: Catalogue) -> tuple[LintFinding, ...]:
        """Definitions that changed without a new version; without any, all are noted as published."""
        if self._published is None:
            return ()
        metrics = catalogue.metrics.values()
        try:
            found = tuple(self._published.changed(metrics))
            if not found:
                self._published.add(metrics)
        except (UserError, OSError) as error:
            log.warning("published definitions cannot be compared: %s", error)
            return ()
        return found

    def _say(self) -> None:
        if self._findings:
            text = "\n".join(map(str, self._findings))
            log.warning("the workspace's changes are not used until they are mended:\n%s", text)


def _stamp(folder: Path) -> Stamp:
    files = (folder / MAIN_FILE, *(path for name in WATCHED for path in yaml_files(folder / name)))
    return stamp_of(folder, files)
