"""Run as a process of its own: the Faust app over the embedded log, with a worker that only prints what it is given.

Usage: recording_engine.py SETTINGS (JSON: folder, starts as [[topic, partition, offset]…], fail_on, polls).
Prints a JSON line per happening; SIGTERM stops it cleanly.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.topics import StoredRecord, Topic
from stream.app import StreamSettings, create_app, run
from stream.log import consumer
from stream.log.local import HANDOFF_TOPICS, LocalLog
from stream.log.offsets import CommittedOffsets
from stream.log.reading import LocalLogReader
from stream.log.transport import LOCAL_BROKER, LocalTopics
from stream.log.wakeup import Doorbell, WakeListener


def say(**happening: Any) -> None:
    print(json.dumps(happening), flush=True)


class Recorder:
    """A worker that applies nothing."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self.positions: dict[tuple[Topic, int], int] = {}

    async def take_partitions(self, partitions: Sequence[int], generation: int) -> Mapping[tuple[Topic, int], int]:
        say(took=list(partitions), generation=generation)
        return {(Topic(topic), partition): offset for topic, partition, offset in self._settings["starts"]}

    async def apply(self, stored: StoredRecord) -> None:
        if stored.record.sequence == self._settings.get("fail_on"):
            raise ValueError("cannot apply this")
        record = stored.record
        self.positions[record.topic, record.partition] = stored.offset + 1
        say(
            topic=record.topic,
            partition=record.partition,
            offset=stored.offset,
            sequence=record.sequence,
            kind=record.kind,
            count=record.count,
            flagged=record.flagged,
            collector=record.collector,
            value=record.value.decode(),
            lines_before=stored.lines_before,
        )

    async def revoke(self, partitions: Sequence[int]) -> None:
        say(revoked=list(partitions))

    async def wait_until_free(self) -> None:
        """Nobody else is there."""

    def join_group(self, session_seconds: float, on_checkpoint: object) -> None:
        """Nobody else is there."""

    async def finish(self) -> None:
        """Nothing is kept."""


async def main(settings: dict[str, Any]) -> None:
    folder = Path(settings["folder"])
    if not settings.get("polls", True):
        consumer.LOOK_ANYWAY_SECONDS = 3600.0
    bell = Doorbell()
    listener = WakeListener(folder / "wake.sock")
    listener.subscribe(bell.ring)
    events = LocalLogReader(folder / "events.db")
    handoffs = LocalLog(folder / "handoffs.db", HANDOFF_TOPICS, events.partitions, on_append=bell.ring)
    topics = LocalTopics(events, handoffs, CommittedOffsets(folder / "handoffs.db"), bell)
    worker = Recorder(settings)
    app = create_app(broker=LOCAL_BROKER, worker=worker, settings=StreamSettings(local=topics))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(app, stop)
    say(stopped=True, applied=len(worker.positions))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
