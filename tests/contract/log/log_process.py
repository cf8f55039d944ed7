"""Run as a process of its own: appends to a log, or follows one, until it is killed.

Usage: log_process.py append|follow PLACE, where PLACE is a driver's own description as JSON.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from schemas.topics import Kind, Record, Topic
from stream.kafka.log import KafkaLog
from stream.kafka.reading import KafkaLogReader
from stream.log.local import EVENT_TOPICS, LocalLog
from stream.log.reading import LocalLogReader

GROUP = 4


def append(log: Any) -> NoReturn:
    """Append groups of one record per partition for ever; print each group's number once it is durable."""
    for group in itertools.count():
        records = [
            Record(Topic.EVENTS, n, Kind.EVENTS, 1, b"%d" % group * 2000, 0, "child", group * GROUP + n + 1)
            for n in range(GROUP)
        ]
        log.append(records, low_watermark_ms=group)
        print(group, flush=True)
    raise AssertionError("counting never ends")


def follow(reader: Any) -> NoReturn:
    """Read partition 0 from its start for ever; print each offset and sequence."""
    offset = 0
    while True:
        for stored in reader.read(Topic.EVENTS, 0, offset):
            print(stored.offset, stored.record.sequence, flush=True)
            offset = stored.offset + 1
        time.sleep(0.002)


def main(task: str, place: dict[str, str]) -> None:
    if place["driver"] == "local":
        path = Path(place["path"])
        if task == "append":
            append(LocalLog(path, EVENT_TOPICS, GROUP))
        follow(LocalLogReader(path))
    if task == "append":
        append(KafkaLog(place["brokers"], place["prefix"], "collector-1", GROUP))
    follow(KafkaLogReader(place["brokers"], place["prefix"]))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
