"""One worker of the group as a process of its own, which may freeze itself at an exact write.

Not a test. Settings are one JSON object on the command line; what happens is told on standard output, a line each.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from typing import Any

from properties.stream_harness import DEFINITIONS

from stream.app import StreamSettings, create_app, run
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.kafka.topics import check_topics
from stream.kafka.transport import kafka_broker
from stream.worker import Worker, WorkerSettings
from warehouse.client import Warehouse
from warehouse.people_store import PeopleStore


def say(**happening: Any) -> None:
    print(json.dumps(happening), flush=True)


class FreezingStore:
    """The real store; before one certain write this process stops itself, as SIGSTOP from outside would."""

    def __init__(self, store: PeopleStore, write: str, number: int) -> None:
        self._store, self._write, self._left = store, write, number

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name != self._write:
            return call

        def freeze_then_write(rows: Any) -> None:
            self._left -= 1
            if self._left == 0:
                say(freezes=name)
                os.kill(os.getpid(), signal.SIGSTOP)
                say(woke=name)
            call(rows)

        return freeze_then_write


async def work(settings: dict[str, Any]) -> None:
    brokers, prefix = settings["brokers"], settings["prefix"]
    partitions = check_topics(brokers, prefix)
    reader = KafkaLogReader(brokers, prefix)
    appender = KafkaLog(brokers, prefix, f"worker-{os.getpid()}", partitions)
    store: Any = PeopleStore(Warehouse.server(settings["url"], *settings["writer"], size=3))
    if "freeze_before" in settings:
        store = FreezingStore(store, *settings["freeze_before"])
    worker = Worker(DEFINITIONS, store, reader, reader, appender, settings=WorkerSettings(**settings.get("worker", {})))
    app = create_app(
        broker=kafka_broker(brokers),
        worker=worker,
        settings=StreamSettings(group=prefix + "stream", topic_prefix=prefix),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    writing, running = asyncio.ensure_future(worker.run()), asyncio.ensure_future(run(app, stop))
    await asyncio.wait((writing, running), return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    for task in (writing, running):
        if task.done():
            task.result()
    await running
    writing.cancel()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(work(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
