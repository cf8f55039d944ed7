"""The reading end of the log on Kafka, without a consumer group: every reader keeps its own positions.

Does not write: see `stream.kafka.log`; the stream's agents read through `stream.kafka.transport`.
"""

from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from schemas.log import LogUnavailable
from schemas.topics import LogEnd, StoredRecord, Topic
from stream.kafka.asking import Questions
from stream.kafka.lines import LineCount
from stream.kafka.prefetch import Prefetch
from stream.kafka.records import stored_from_kafka
from stream.kafka.topics import COLLECTORS
from stream.kafka.watermarks import Marks

COUNTED_AT_ONCE = 128
"""Records that a question about lines reads at most, in order to count; what lies further off is estimated."""

_SAMPLED = 16
"""Records by which what lies further off is estimated: during a backlog every question would read the whole of it."""


class KafkaLogReader:
    """Implements `schemas.log.LogReader`. Safe to use from several threads; connects when it is first used.

    Sequential reads of a partition are served from what was fetched ahead; two such readers of one partition would
    take turns at fetching anew. Every method may raise `LogUnavailable`, within a few seconds.
    """

    def __init__(self, brokers: str, prefix: str) -> None:
        """`brokers` is `host:port,…`."""
        self._brokers = brokers
        self._prefix = prefix
        self._questions = Questions(brokers)
        self._opening = Lock()
        self._fetched: dict[tuple[Topic, int], Prefetch] = {}
        self._counting = Lock()
        self._lines: dict[tuple[Topic, int], LineCount] = defaultdict(LineCount)
        self._marking = Lock()
        self._marks = Marks()
        self._marks_read = 0

    @property
    def partitions(self) -> int:
        return len(self._questions.partitions(self._prefix + Topic.EVENTS))

    def read(self, topic: Topic, partition: int, offset: int, max_records: int = 64) -> list[StoredRecord]:
        """Records from `offset` on, in order; empty at the end.

        Raises:
            LookupError: `offset` lies before the first retained record.
        """
        fetched = self._of(topic, partition)
        found = fetched.peek(offset, max_records)
        if not found and offset < self._questions.ends(self._prefix + topic)[partition]:
            found = fetched.read(offset, max_records)
        return self._with_lines(found) if found else []

    def starts(self, topic: Topic) -> Mapping[int, int]:
        """First retained offset per partition."""
        return self._questions.starts(self._prefix + topic)

    def ends(self, topic: Topic) -> Mapping[int, LogEnd]:
        """The end of each partition, appends that all brokers have confirmed only."""
        ends = self.end_offsets(topic)
        return {partition: LogEnd(end, self.lines_before(topic, partition, end)) for partition, end in ends.items()}

    def end_offsets(self, topic: Topic) -> Mapping[int, int]:
        """The next offset of each partition, appends that all brokers have confirmed only; one question to Kafka."""
        return self._questions.ends(self._prefix + topic)

    def has_only_watch(self, topic: Topic, partition: int, first: int, end: int) -> bool:
        """Whether every record from offset `first` up to, not including, `end` is the self-watch's."""
        messages = self._messages(self._prefix + topic, partition, first, end)
        stored = [
            stored_from_kafka(topic, partition, message.offset, 0, message.headers, message.value)
            for message in messages
        ]
        return len(stored) == end - first and all(one.record.watched_ms for one in stored)

    def lines_before(self, topic: Topic, partition: int, offset: int) -> int:
        """Lines appended before `offset`: exact differences near what was asked or read before, else an estimate."""
        with self._counting:
            lines = self._lines[topic, partition]
            try:
                self._count_towards(lines, topic, partition, offset)
            except LookupError:
                # Some of what lies between is not retained any more: estimated, and counted from here on.
                lines.begin(offset)
            return lines.at(offset)

    def first_appended_ms(self, topic: Topic, partition: int, offset: int) -> int | None:
        """When the record at `offset` was appended, by the broker's clock; None at the end."""
        name = self._prefix + topic
        first, end = self._retained(name, partition, offset)
        if first >= end:
            return None
        messages = self._messages(name, partition, first, first + 1)
        return int(messages[0].timestamp) if messages else None

    def low_watermarks(self) -> Mapping[str, int]:
        """Low watermark (Unix ms) of each living collector, by name."""
        name = self._prefix + COLLECTORS
        with self._marking:
            first, end = self._retained(name, 0, self._marks_read)
            for message in self._messages(name, 0, first, end):
                self._marks.take(message.key, message.value, message.timestamp)
            self._marks_read = end
            return self._marks.living()

    def close(self) -> None:
        """Disconnect."""
        self._questions.close()
        with self._opening:
            fetched, self._fetched = self._fetched, {}
        for one in fetched.values():
            one.close()

    def _retained(self, name: str, partition: int, first: int) -> tuple[int, int]:
        """The first offset from `first` on that is retained, and the end; asked only if there may be anything."""
        end = self._questions.ends(name)[partition]
        return (max(first, self._questions.starts(name)[partition]) if first < end else end), end

    def _messages(self, name: str, partition: int, first: int, end: int) -> list[Any]:
        try:
            return self._questions.messages(name, partition, first, end) if first < end else []
        except LookupError as error:
            raise LogUnavailable(f"{name}/{partition}: retention went on while its records were asked for") from error

    def _of(self, topic: Topic, partition: int) -> Prefetch:
        with self._opening:
            if (topic, partition) not in self._fetched:
                self._fetched[topic, partition] = Prefetch(self._brokers, self._prefix, topic, partition)
            return self._fetched[topic, partition]

    def _count_towards(self, lines: LineCount, topic: Topic, partition: int, offset: int) -> None:
        """Count records until `offset` lies in the window; only a few of them if it lies far below."""
        if lines.is_empty:
            lines.begin(0 if offset <= COUNTED_AT_ONCE else offset)
        if offset - lines.high > COUNTED_AT_ONCE:
            lines.begin(offset)
        elif offset > lines.high:
            lines.grow_up(self._counts(topic, partition, lines.high, offset))
        elif offset < lines.low and not lines.is_full:
            is_near = lines.low - offset <= COUNTED_AT_ONCE
            if is_near or lines.high - lines.low < _SAMPLED:
                first = offset if is_near else lines.low - _SAMPLED
                lines.grow_down(self._counts(topic, partition, first, lines.low))

    def _counts(self, topic: Topic, partition: int, first: int, end: int) -> list[int]:
        messages = self._questions.messages(self._prefix + topic, partition, first, end)
        counts = [0] * (end - first)
        for message in messages:
            stored = stored_from_kafka(topic, partition, message.offset, 0, message.headers, message.value)
            counts[message.offset - first] = stored.record.count
        return counts

    def _with_lines(self, found: list[StoredRecord]) -> list[StoredRecord]:
        """The records with the lines before them; those that follow what was counted are counted on the way."""
        record = found[0].record
        with self._counting:
            lines = self._lines[record.topic, record.partition]
            if lines.is_empty or found[0].offset > lines.high:
                lines.begin(found[0].offset)
            for stored in found:
                if stored.offset == lines.high:
                    lines.grow_up([stored.record.count])
            return [
                StoredRecord(stored.record, stored.offset, stored.appended_ms, lines.at(stored.offset))
                for stored in found
            ]
