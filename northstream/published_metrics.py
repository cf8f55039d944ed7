"""The definitions under which numbers have been published, kept in the data folder.

Does not judge what changed: see `schemas.published`.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from northstream.failures import UserError
from schemas.catalogue import MetricDefinition
from schemas.lint_findings import LintFinding
from schemas.published import Published, changed_without_version, with_metrics

FILE_NAME = "published_metrics.json"


class PublishedMetrics:
    """The file of one data folder; one process writes it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def read(self) -> Published:
        """Nothing while nothing has been published.

        Raises:
            UserError: the file is there, but cannot be read.
        """
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return {
                str(name): {int(version): str(digest) for version, digest in versions.items()}
                for name, versions in kept.items()
            }
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, AttributeError) as error:
            advice = "remove it to forget under which definitions numbers were published"
            raise UserError(f"{self._path} cannot be read ({error}); {advice}") from error

    def changed(self, metrics: Iterable[MetricDefinition]) -> list[LintFinding]:
        """Metrics that changed without a new version."""
        return changed_without_version(metrics, self.read())

    def add(self, metrics: Iterable[MetricDefinition]) -> None:
        """Note what is published from now on.

        Raises:
            OSError: the file cannot be written.
        """
        before = self.read()
        after = with_metrics(before, metrics)
        if after == before:
            return
        # A boards role of a cluster may keep nothing else in its data folder.
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(after, file, indent=0, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
