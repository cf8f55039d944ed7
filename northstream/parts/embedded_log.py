"""The writing end of the embedded log, for the collector: opened when it can be, pruned once a minute.

Does not read it.
"""

from northstream.failures import UserError
from northstream.patient_log import PatientLog
from northstream.places import Places
from northstream.pruning import prune_regularly
from northstream.settings import Settings
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.offsets import read_committed
from stream.log.opening import WrongPartitions
from stream.log.wakeup import WakeSender


class EmbeddedLog:
    """`log` takes appends, or refuses them as long as it cannot be opened; the engine is woken after each."""

    def __init__(self, settings: Settings) -> None:
        """May raise UserError."""
        self.places = Places.of(settings.data_dir)
        self._partitions = settings.partitions
        self._wake = WakeSender(self.places.wake_socket)
        self.log = PatientLog(self._open, settings.partitions)

    async def prune_regularly(self, retention_ms: int) -> None:
        """Remove what is counted, loaded and older than the retention, until cancelled."""
        await prune_regularly(self.log.opened, self.places.counted, retention_ms)

    def close(self) -> None:
        self.log.close()
        self._wake.close()

    def _open(self) -> LocalLog:
        """May raise LogUnavailable; UserError if it has another number of partitions than the settings say."""
        try:
            read = read_committed(self.places.handoffs_log)
            return LocalLog(self.places.events_log, EVENT_TOPICS, self._partitions, on_append=self._wake, read=read)
        except WrongPartitions as error:
            raise UserError(f"{error}; set NORTHSTREAM_PARTITIONS to the number that the log was made with") from error
