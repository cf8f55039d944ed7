"""Keeps the log from growing for ever: what is counted, loaded and old enough is removed.

The engine says up to where everything is counted (a small file); the collector, which alone writes the log, removes.
Does not decide what is counted: the positions come from heads, headers and the loader.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from northstream.clock import unix_ms
from schemas.log import LogReader, LogUnavailable
from schemas.topics import Topic
from stream.log.local import LocalLog

PAUSE_SECONDS = 60.0

log = logging.getLogger(__name__)

Place = tuple[Topic, int]


def write_counted(path: Path, positions: Mapping[Place, int]) -> None:
    """Tell the collector up to which offset each place is counted and loaded."""
    content: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in positions.items():
        content.setdefault(topic.value, {})[str(partition)] = offset
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content), "utf-8")
    os.replace(temporary, path)


def read_counted(path: Path) -> dict[Place, int]:
    """What the engine told; empty before it has told anything, and when a power cut left nothing readable of it."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        log.warning("%s cannot be read, nothing is pruned: %s", path, error)
        return {}
    return {
        (Topic(topic), int(partition)): int(offset)
        for topic, offsets in content.items()
        for partition, offset in offsets.items()
    }


async def prune_regularly(opened: Callable[[], LocalLog], counted: Path, retention_ms: int) -> None:
    """Prune once a minute, until cancelled. `opened` gives the log or raises `LogUnavailable`."""
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            writer = await asyncio.to_thread(opened)
            await asyncio.to_thread(prune, writer, read_counted(counted), unix_ms() - retention_ms)
        except LogUnavailable as error:
            log.warning("the log cannot be pruned now: %s", error)


def prune(writer: LocalLog, counted: Mapping[Place, int], older_than_ms: int) -> None:
    """Remove the records before the counted offsets that were appended before a moment."""
    for (topic, partition), offset in counted.items():
        start = writer.starts(topic)[partition]
        before = first_kept(writer, topic, partition, offset, older_than_ms)
        if before > start:
            writer.prune(topic, partition, before)


def first_kept(reader: LogReader, topic: Topic, partition: int, counted: int, older_than_ms: int) -> int:
    """The first offset to keep: the first not counted, or the first that is young enough, whichever comes first."""
    low, high = reader.starts(topic)[partition], counted
    while low < high:
        middle = (low + high) // 2
        appended = reader.first_appended_ms(topic, partition, middle)
        if appended is not None and appended < older_than_ms:
            low = middle + 1
        else:
            high = middle
    return low
