"""Group commit: one thread takes everything that waits, makes blocks of it and appends them at once.

Does not compress or store: the log does, in this thread.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from opentelemetry.trace import SpanContext

from ingest.blocks import Portion, pack
from ingest.limits import Limits
from ingest.rejections import Reason, Rejection
from ingest.telemetry import Telemetry
from ingest.tracing import append_span, request_context
from schemas import traces
from schemas.log import LogAppender, LogUnavailable
from schemas.topics import Record

_ENDED = "the appending thread has ended; send it again"


class _Request(NamedTuple):
    portions: Sequence[Portion]
    done: asyncio.Future[None]
    arrived_ms: int
    span: SpanContext | None


class Packer:
    """Holds what waits for the log, and the thread that appends it.

    A lone request is appended at once; what arrives meanwhile goes together with the next append.
    """

    def __init__(
        self,
        log: LogAppender,
        collector_id: str,
        limits: Limits,
        clock: Callable[[], int],
        telemetry: Telemetry,
        on_failure: Callable[[Exception], None] = lambda error: None,
    ) -> None:
        """`on_failure` is told, in the thread, what ended it; everything is refused from then on."""
        self._log = log
        self._collector = collector_id
        self._limits = limits
        self._clock = clock
        self._telemetry = telemetry
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._waiting: list[_Request] = []
        self._waiting_bytes = 0
        self._floor_ms = 0
        self._in_hand = False
        self._sequence = 1
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_asleep = False
        self._is_open = False
        self._thread = threading.Thread(target=self._run, name="packer", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self.is_writable = False
        self._is_traced = traces.are_on()
        telemetry.waiting_limit_bytes.set(limits.waiting_bytes)
        telemetry.waiting_bytes.set_function(lambda: self.waiting_bytes)
        telemetry.log_writable.set_function(lambda: self.is_writable)

    def start(self) -> None:
        """Begin; call it from the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._thread.start()

    async def stop(self) -> None:
        """Append what still waits, then end the thread."""
        with self._lock:
            self._is_open = False
        self._bell.put(None)
        await asyncio.to_thread(self._thread.join)

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    def arrive(self) -> int:
        """The time of arrival (Unix ms) of the request now in hand; never before that of an earlier one.

        Until `let_go`, which must follow without awaiting, no low watermark passes it.
        """
        now = self._clock()
        with self._lock:
            if now > self._floor_ms:
                self._floor_ms = now
            self._in_hand = True
            return self._floor_ms

    def let_go(self) -> None:
        """The request in hand was submitted, or will append nothing."""
        with self._lock:
            self._in_hand = False

    def submit(self, portions: Sequence[Portion]) -> asyncio.Future[None]:
        """Queue the request in hand; the future ends when it is durable.

        The future fails with LogUnavailable if the log refused, or took too long to come to it; nothing was promised.

        Raises:
            Rejection: too much waits already, the request alone is more than may ever wait, or the packer ends.
        """
        size = 0
        for portion in portions:
            size += len(portion.value)
        if size > self._limits.waiting_bytes:
            # No retry could ever fit, so none is asked for.
            raise Rejection(Reason.BODY_TOO_LARGE, "the messages are too large together; send fewer at once")
        done = self._loop.create_future()
        span = request_context() if self._is_traced else None
        with self._lock:
            if self._waiting_bytes + size > self._limits.waiting_bytes or not self._is_open:
                raise Rejection(
                    Reason.OVERLOADED, "too much waits for the log; send it again", self._limits.retry_after_seconds
                )
            self._waiting.append(_Request(portions, done, self._floor_ms, span))
            self._waiting_bytes += size
            ring, self._is_asleep = self._is_asleep, False
        if ring:
            self._bell.put(None)
        return done

    def _run(self) -> None:
        try:
            self._append_all()
        except Exception as error:
            # The last frame of the thread: nothing is left waiting, and the process decides what its end means.
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        with self._lock:
            self._is_open = False
            waiting, self._waiting = self._waiting, []
            self._waiting_bytes = 0
        self.is_writable = False
        self._loop.call_soon_threadsafe(_settle, waiting, LogUnavailable(_ENDED))
        self._on_failure(error)

    def _append_all(self) -> None:
        """Append whatever waits, until `stop`."""
        is_idle = True
        while True:
            requests, low_watermark_ms, is_open = self._take()
            requests = self._without_late(requests)
            if requests:
                self._commit(requests, low_watermark_ms)
                is_idle = False
                continue
            if not is_open:
                return
            if is_idle:
                self._advance(low_watermark_ms)
            is_idle = not self._sleep()

    def _take(self) -> tuple[list[_Request], int, bool]:
        """Everything that waits, and the time before which nothing will follow it."""
        now = self._clock()
        with self._lock:
            requests, self._waiting = self._waiting, []
            self._waiting_bytes = 0
            self._is_asleep = not requests
            if not self._in_hand and now > self._floor_ms:
                self._floor_ms = now
            return requests, self._floor_ms, self._is_open

    def _without_late(self, requests: list[_Request]) -> list[_Request]:
        """Refuse what has waited for too long, as when this process was frozen: readers take it for settled by now."""
        oldest_ms = self._clock() - 1000 * self._limits.log_wait_seconds
        late = [request for request in requests if request.arrived_ms < oldest_ms]
        if not late:
            return requests
        refusal = LogUnavailable("the log did not come to it in time; send it again")
        self._loop.call_soon_threadsafe(_settle, late, refusal)
        return [request for request in requests if request.arrived_ms >= oldest_ms]

    def _sleep(self) -> bool:
        """Wait for something to append; False when it took too long."""
        try:
            self._bell.get(timeout=self._limits.idle_mark_seconds)
        except Empty:
            return False
        return True

    def _advance(self, low_watermark_ms: int) -> None:
        try:
            self._log.advance(self._collector, low_watermark_ms)
        except LogUnavailable:
            self.is_writable = False
        else:
            self.is_writable = True

    def _commit(self, requests: list[_Request], low_watermark_ms: int) -> None:
        # Stays so if anything unexpected ends the thread.
        failure: LogUnavailable | None = LogUnavailable(_ENDED)
        started = time.perf_counter()
        try:
            portions = (portion for request in requests for portion in request.portions)
            records = pack(portions, self._collector, self._sequence)
            self._append(records, low_watermark_ms, requests)
        except LogUnavailable as error:
            failure = error
            self._telemetry.append_failures.inc()
        else:
            failure = None
            # Only what was appended uses up numbers, so that they have no gaps.
            self._sequence += len(records)
            self._telemetry.records.inc(len(records))
            self._telemetry.append_duration.observe(time.perf_counter() - started)
        finally:
            self.is_writable = failure is None
            self._loop.call_soon_threadsafe(_settle, requests, failure)

    def _append(self, records: Sequence[Record], low_watermark_ms: int, requests: list[_Request]) -> None:
        if not self._is_traced:
            self._log.append(records, low_watermark_ms)
            return
        with append_span([request.span for request in requests if request.span], len(records)):
            self._log.append(records, low_watermark_ms)


def _settle(requests: list[_Request], failure: BaseException | None) -> None:
    for request in requests:
        if request.done.done():
            continue
        if failure is None:
            request.done.set_result(None)
        else:
            request.done.set_exception(failure)
