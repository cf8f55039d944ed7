"""Looks at a cluster all the time: `complete_through` never goes back, and is never ahead of what is loaded.

Takes no part in what happens; that nobody answers now and then is no news to it.
"""

import contextlib
import threading
from bisect import bisect_left
from datetime import datetime
from http.client import HTTPException
from itertools import pairwise

from system.cluster.cluster import Cluster

_PAUSE_SECONDS = 0.5
_RECEIVED = "toUnixTimestamp64Milli(received_at)"


class Watch(threading.Thread):
    """Samples until the block ends; `found` says afterwards what should not have been."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(name="watch", daemon=True)
        self._cluster = cluster
        self._ending = threading.Event()
        self.samples: list[tuple[int, int]] = []
        """What was said to be complete (Unix ms), and how many messages received before it were loaded just then."""

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self.join()

    def run(self) -> None:
        while not self._ending.wait(_PAUSE_SECONDS):
            with contextlib.suppress(OSError, HTTPException):
                through = self._cluster.get("/api/quality")["complete_through"]
                if through is not None:
                    through_ms = round(datetime.fromisoformat(through).timestamp() * 1000)
                    self.samples.append((through_ms, self._loaded_before(through_ms)))

    def _loaded_before(self, moment_ms: int) -> int:
        query = f"SELECT count() FROM northstream.events_resolved WHERE {_RECEIVED} < {moment_ms}"
        return int(self._cluster.sql(query)[0][0])

    def found(self) -> list[str]:
        """What the samples show to be wrong, given what is there in the end; call when all is settled."""
        rows = self._cluster.sql(f"SELECT toString({_RECEIVED}) FROM northstream.events_resolved")
        received = sorted(int(row[0]) for row in rows)
        back = [f"{later[0]} after {sooner[0]}" for sooner, later in pairwise(self.samples) if later[0] < sooner[0]]
        ahead = [
            f"complete through {through_ms} with {loaded} of {bisect_left(received, through_ms)} messages loaded"
            for through_ms, loaded in self.samples
            if loaded < bisect_left(received, through_ms)
        ]
        return back + ahead

    def __str__(self) -> str:
        return (
            f"{len(self.samples)} samples of complete_through, {len({through for through, _ in self.samples})} moments"
        )
