"""The wish that people and counters be rebuilt from the stored events: a marker file in the data folder.

Does not rebuild: the engine's next start does, and removes the marker once the result is durable.
"""

from pathlib import Path


class ReplayRequest:
    """Survives any crash: a rebuild that was cut short is asked for again."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def make(self) -> None:
        """Ask. May raise OSError."""
        self._marker.touch(mode=0o600)

    def is_open(self) -> bool:
        """Whether a rebuild is asked for and not yet durable."""
        return self._marker.exists()

    def close(self) -> None:
        """The rebuilt state is durable."""
        self._marker.unlink(missing_ok=True)
