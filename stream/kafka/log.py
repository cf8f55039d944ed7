"""The writing end of the log on Kafka: records are appended when all brokers that keep them have confirmed it.

Does not decide what goes in: see `ingest.packer` and `stream.outgoing`; reading lies in `stream.kafka.reading`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas import traces
from schemas.log import LogUnavailable
from schemas.topics import Record
from stream.kafka.connections import LIBRARY_ERRORS, connect
from stream.kafka.topics import COLLECTORS, MAX_RECORD_BYTES
from stream.kafka.watermarks import encode_watermark
from stream.log.messages import Headers, record_headers

DELIVERY_TIMEOUT_MS = 8_000
"""How long a broker may be away before an append that is under way gives up: a restart is waited out."""

_GIVE_UP_SECONDS = DELIVERY_TIMEOUT_MS / 1000 + 2.0
_TRY_AGAIN_SECONDS = 0.5
_MARK_SECONDS = 0.1
_CLOSE_SECONDS = 2.0
_BATCH_BYTES = 512 * 1024


class KafkaLog:
    """Implements `schemas.log.LogAppender`; may be used from several threads, and holds what they append in memory.

    It connects when it is first used, and anew after each failure; while Kafka is away it refuses at once and looks
    twice a second whether it is back. No transactions: their marks would take offsets, and the stream counts on
    offsets without gaps.
    """

    def __init__(self, brokers: str, prefix: str, instance: str, partitions: int) -> None:
        """Nothing is connected yet. `brokers` is `host:port,…`; `partitions` what `check_topics` found.

        `instance` names this collector over restarts: its new start replaces the low watermark of the one before. No
        two living collectors may have the same, or completeness would wait for one of them only.
        """
        self.partitions = partitions
        self._brokers = brokers
        self._prefix = prefix
        self._instance = instance.encode()
        self._lock = Lock()
        self._producer: Any = None
        self._away_until = 0.0
        self._refusal = ""
        self._marked_at = 0.0
        self._has_mark = False

    def append(self, records: Sequence[Record], low_watermark_ms: int | None = None) -> list[int]:
        """Append in order; return the offsets when all brokers have confirmed all records.

        The low watermark follows the records, at most ten times a second; what is left out follows with the next
        `append` or `advance`.

        Raises:
            LogUnavailable: nothing was promised, yet some of the records may be in the log.
            KeyError: a record names a partition that the log does not have; nothing is appended.
        """
        for record in records:
            if not 0 <= record.partition < self.partitions:
                raise KeyError((record.topic, record.partition))
        if not records:
            return []
        trace = _trace_headers()
        with self._connected() as producer:
            sent = [
                producer.send(
                    self._prefix + record.topic,
                    value=record.value,
                    headers=record_headers(record) + trace,
                    partition=record.partition,
                )
                for record in records
            ]
            offsets = _confirmed(sent)
        if low_watermark_ms is not None and self._is_mark_due():
            # Not waited for: the records are safe, and the next mark says more.
            with suppress(*LIBRARY_ERRORS):
                self._mark(producer, encode_watermark(records[0].collector, low_watermark_ms))
        return offsets

    def advance(self, collector: str, low_watermark_ms: int) -> None:
        """Store a collector's low watermark alone (while idle). May raise LogUnavailable."""
        with self._connected() as producer:
            _confirmed([self._mark(producer, encode_watermark(collector, low_watermark_ms))])

    def close(self) -> None:
        """Withdraw the low watermark, as far as Kafka answers soon, and disconnect."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is None:
            return
        if self._has_mark:
            with suppress(*LIBRARY_ERRORS):
                self._mark(producer, None).get(_CLOSE_SECONDS)
        _end(producer)

    def _is_mark_due(self) -> bool:
        return time.monotonic() - self._marked_at >= _MARK_SECONDS

    def _mark(self, producer: Any, value: bytes | None) -> Any:
        self._marked_at = time.monotonic()
        self._has_mark = value is not None
        return producer.send(self._prefix + COLLECTORS, key=self._instance, value=value, partition=0)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """The producer; dropped with the first error, so that nothing of a failed append is sent again later."""
        producer = self._open_producer()
        try:
            yield producer
        except LIBRARY_ERRORS as error:
            self._drop(producer, error)
            raise LogUnavailable(f"Kafka did not confirm: {error}") from error

    def _open_producer(self) -> Any:
        with self._lock:
            if self._producer is None:
                if time.monotonic() < self._away_until:
                    raise LogUnavailable(self._refusal)
                try:
                    self._producer = connect(
                        KafkaProducer,
                        self._brokers,
                        acks="all",
                        enable_idempotence=True,
                        compression_type="zstd",
                        linger_ms=0,
                        batch_size=_BATCH_BYTES,
                        max_request_size=MAX_RECORD_BYTES,
                        delivery_timeout_ms=DELIVERY_TIMEOUT_MS,
                        max_block_ms=DELIVERY_TIMEOUT_MS,
                        allow_auto_create_topics=False,
                        metrics_enabled=False,
                    )
                except LogUnavailable as error:
                    self._stay_away(str(error))
                    raise
            return self._producer

    def _drop(self, producer: Any, error: Exception) -> None:
        with self._lock:
            if self._producer is producer:
                self._producer = None
                self._stay_away(f"Kafka did not confirm lately: {error}")
        _end(producer)

    def _stay_away(self, refusal: str) -> None:
        self._refusal = refusal
        self._away_until = time.monotonic() + _TRY_AGAIN_SECONDS


def _trace_headers() -> Headers:
    """What tells others to which trace the append belongs, while traces are on; our own readers leave it alone."""
    current = traces.current()
    return [(traces.HEADER, current)] if current else []


def _confirmed(sent: Sequence[Any]) -> list[int]:
    """The offsets, when every one of them is known; all are waited for, so that none is under way after an error."""
    failure: KafkaError | None = None
    offsets = []
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    for future in sent:
        try:
            offsets.append(future.get(max(0.0, deadline - time.monotonic())).offset)
        except KafkaError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return offsets


def _end(producer: Any) -> None:
    """Give up whatever is under way, at once."""
    with suppress(*LIBRARY_ERRORS):
        producer.close(timeout=0)
    # With records under way `close` raises before it ends the sending thread.
    producer._sender.force_close()
