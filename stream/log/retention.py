"""How the engine asks the collector to forget old records: a small file between the two.

Does not decide what may go (only what has been counted and loaded): the engine's wiring does.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from schemas.topics import Topic
from stream.log.local import LocalLog

Wanted = Mapping[tuple[Topic, int], int]
"""The first offset still needed, per topic and partition."""


class RetentionRequests:
    """The first offsets still needed; written by the engine, read by the process that owns the log."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, wanted: Wanted) -> None:
        """Replace all requests at once. May raise OSError."""
        rows = [[topic.value, partition, offset] for (topic, partition), offset in wanted.items()]
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(json.dumps(rows))
        fresh.rename(self._path)

    def read(self) -> Wanted:
        """Empty if nothing was ever asked."""
        if not self._path.exists():
            return {}
        return {(Topic(topic), partition): offset for topic, partition, offset in json.loads(self._path.read_text())}


def prune_as_asked(log: LocalLog, requests: RetentionRequests) -> None:
    """Remove what is no longer needed. May raise LogUnavailable."""
    for (topic, partition), offset in requests.read().items():
        log.prune(topic, partition, offset)
