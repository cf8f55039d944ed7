"""Where everything lies in a data folder.

Does not make or open anything.
"""

from dataclasses import dataclass
from pathlib import Path

from northstream.folder import socket_folder


@dataclass(frozen=True, slots=True)
class Places:
    """The files and folders of one data folder; each is written by the process that its comment names."""

    data_dir: Path
    sockets: Path

    @classmethod
    def of(cls, data_dir: Path) -> "Places":
        return cls(data_dir, socket_folder(data_dir))

    @property
    def events_log(self) -> Path:
        """Collector: topics `events` and `quarantine`."""
        return self.data_dir / "log" / "events.db"

    @property
    def handoffs_log(self) -> Path:
        """Engine: topic `handoffs`, and offsets."""
        return self.data_dir / "log" / "handoffs.db"

    @property
    def warehouse(self) -> Path:
        """Engine."""
        return self.data_dir / "warehouse"

    @property
    def alerts(self) -> Path:
        """Engine: states of alerts and their outbox."""
        return self.data_dir / "alerts.db"

    @property
    def replay_request(self) -> Path:
        """`northstream replay` makes it, the engine removes it: people and counters are to be rebuilt."""
        return self.data_dir / "replay.requested"

    @property
    def counted(self) -> Path:
        """Engine: up to where the log is counted and loaded; what the collector may prune."""
        return self.sockets / "counted.json"

    @property
    def engine_socket(self) -> Path:
        """Engine listens: read API and pages."""
        return self.sockets / "engine.sock"

    @property
    def wake_socket(self) -> Path:
        """Engine listens: a datagram for each append."""
        return self.sockets / "wake.sock"
