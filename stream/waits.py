"""How long what a partition has applied waits: until its counters are published, and until it is durable.

Does not publish or store; whoever does says when it begins and when it has succeeded.
"""

import time
from dataclasses import dataclass, field

_MOST_TIMED = 1_000
"""Records whose way is timed between two publications; while catching up there are more, all alike."""


@dataclass(slots=True)
class Waits:
    """`appended_ms` are the times of append of the records that wait; a `…ing` one is under way, and may fail."""

    appended_ms: list[int] = field(default_factory=list)
    publishing_ms: list[int] = field(default_factory=list)
    unsaved_since: float | None = None
    saving_since: float | None = None

    def apply(self, appended_ms: int) -> None:
        if len(self.appended_ms) < _MOST_TIMED:
            self.appended_ms.append(appended_ms)
        if self.unsaved_since is None:
            self.unsaved_since = time.monotonic()

    def publish(self) -> None:
        """What was applied by now is about to be published."""
        self.publishing_ms, self.appended_ms = self.appended_ms, []

    def save(self) -> None:
        """What was applied by now is about to become durable."""
        self.saving_since, self.unsaved_since = self.unsaved_since, None

    def unsaved_seconds(self) -> float:
        """For how long something has been applied and is not durable; 0 when all is."""
        since = self.saving_since if self.saving_since is not None else self.unsaved_since
        return time.monotonic() - since if since is not None else 0.0
