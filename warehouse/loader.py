"""The loader: carries the topics `events` and `quarantine` into the warehouse, each record once, nothing left out.

Does not decode events and does not prune the log; it tells up to where everything is loaded.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from typing import Any

from opentelemetry import trace
from prometheus_client.core import Metric

from schemas.log import LogReader, LogUnavailable, check_reaches
from schemas.rows import EventRow, LinkRow, QuarantineRow
from warehouse.batches import (
    EVENTS_TABLE,
    LINKS_TABLE,
    QUARANTINE_TABLE,
    TOPICS,
    Batch,
    read_again,
    read_next,
)
from warehouse.client import UnreadableLines, Warehouse, WarehouseUnavailable
from warehouse.dead_letters import PoisonLimit, check_poison, put_lines_aside, put_records_aside
from warehouse.ledger import Ledger, LoadRange, Place, token_of
from warehouse.telemetry import LoaderTelemetry, loader_lag
from warehouse.unreadable import check_table, split_lines

log = logging.getLogger(__name__)
_tracer = trace.get_tracer("northstream.warehouse")

MAX_LINES = 100_000
MAX_BYTES = 64_000_000
"""Lines of one load, and bytes of its values in one table, roughly; several times that still fits into one block.

The warehouse refuses a string column of more than 1 GiB in a block, so lines alone are no bound.
"""

_BUSY_SECONDS = 1.0
_IDLE_SECONDS = 0.4
_BUSY_LINES = 2_000
"""Loads begin at least this far apart; loads of few lines follow each other sooner, so that a lone event shows soon."""

_STAND_BY_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

# Deduplication works block by block, so a range must be one block, whatever its size.
_ONE_BLOCK = {
    "max_insert_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 16_000_000_000,
    "max_insert_threads": 1,
    "max_threads": 1,
}

USUAL_POISON_LIMIT = PoisonLimit()
NOTHING = Batch((), ())

COLUMNS: Mapping[str, tuple[str, ...]] = {
    EVENTS_TABLE: EventRow.__struct_fields__,
    LINKS_TABLE: (*LinkRow.__struct_fields__, "partition", "log_offset", "line"),
    QUARANTINE_TABLE: QuarantineRow.__struct_fields__,
}


class Loader:
    """Reads the log in a thread of its own, about one load a second, at once after a quiet time.

    A load is planned in the ledger, inserted with a token made of its borders, then marked done. One that was
    cut short anywhere is inserted again with the same borders: the tables drop what they already have.
    """

    def __init__(
        self,
        events_log: LogReader,
        warehouse: Warehouse,
        on_loaded: Callable[[], None] = lambda: None,
        on_failure: Callable[[Exception], None] = lambda error: None,
        may_load: Callable[[], bool] = lambda: True,
        poison_limit: PoisonLimit = USUAL_POISON_LIMIT,
        max_lines: int = MAX_LINES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`on_loaded` is called after each load, `on_failure` when the loader has given up; both in its thread.

        While `may_load` says no, another loader loads: this one stands by, and begins with what the ledger says then.
        """
        self.telemetry = LoaderTelemetry()
        self._log = events_log
        self._warehouse = warehouse
        self._ledger = Ledger(warehouse)
        self._on_loaded = on_loaded
        self._on_failure = on_failure
        self._may_load = may_load
        self._poison_limit = poison_limit
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._done: dict[Place, LoadRange] = {}
        self._is_certain = False
        self._wake = Event()
        self._stopping = Event()
        self._abandoned = Event()
        self._draining = True
        self._thread = Thread(target=self._run, name="loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Something was appended to the log."""
        self._wake.set()

    def stop(self, timeout_seconds: float = 30.0, drain: bool = True) -> bool:
        """Load what the log still holds, or only end the load under way; False if that did not succeed in time."""
        self._draining = drain
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            self._abandoned.set()
            self._thread.join(_LONGEST_PAUSE_SECONDS)
            return False
        return True

    def loaded_up_to(self) -> Mapping[Place, int]:
        """By (topic, partition) the offset before which everything is loaded; empty until the ledger is read."""
        return {place: part.to_offset for place, part in self._done.items()}

    def collect(self) -> Iterator[Metric]:
        """What the loader tells of itself; from any thread."""
        return self.telemetry.collect()

    def collect_lag(self) -> Iterator[Metric]:
        """What it has left to load; asks the log, and is silent while that does not answer, or another loader loads."""
        if self.telemetry.is_leader:
            yield from loader_lag(self._log, self.loaded_up_to())

    def load_once(self) -> Batch:
        """What an earlier load left unfinished, then one load of what follows; empty if nothing does.

        Raises:
            WarehouseUnavailable, LogUnavailable: try again; nothing is lost or doubled.
            LookupError: the log no longer has what must be loaded.
            LogCutShort: it ends before what was loaded.
            TooMuchPoison, TooManyUnreadable: a wrong program writes into the log; nothing is skipped.
            WrittenByLaterVersion: everything before it is loaded; a newer release has to go on.
        """
        if not self._is_certain:
            self._finish_unfinished()
        else:
            self._check_reaches()
        batch = read_next(self._log, self._done, self._max_lines, self._max_bytes)
        if not batch.ranges:
            batch.check_next()
            return batch
        check_poison(self._warehouse, batch.foreign, self._poison_limit)
        # If anything fails from here on, the ledger tells what was planned.
        self._is_certain = False
        if not self._may_load():
            return NOTHING
        began = time.monotonic()
        self._plan(batch)
        self._load(batch, began)
        self._is_certain = True
        if not batch.is_full:
            batch.check_next()
        return batch

    def _finish_unfinished(self) -> None:
        """Learn from the ledger where loading stands; insert again what was planned and is not done."""
        state = self._ledger.read()
        self._done = dict(state.done)
        self._check_reaches()
        if state.unfinished:
            self._load(read_again(self._log, state.unfinished), time.monotonic())
        self._is_certain = True

    def _check_reaches(self) -> None:
        for topic in TOPICS:
            loaded = {part.partition: part.to_offset for part in self._done.values() if part.topic is topic}
            check_reaches(topic, self._log.end_offsets(topic), loaded)

    @_tracer.start_as_current_span("load")
    def _load(self, batch: Batch, began: float) -> None:
        """`began`: when it was planned (monotonic seconds)."""
        put_aside_by_place = self._insert(batch)
        finished = [_with_put_aside(part, put_aside_by_place.get(part.place, 0)) for part in batch.ranges]
        self._finish(finished)
        self._done = self._done | {part.place: part for part in finished}
        self.telemetry.note_load(batch, time.monotonic() - began)
        self._on_loaded()

    def _plan(self, batch: Batch) -> None:
        self._ledger.plan(batch.ranges)

    def _finish(self, ranges: list[LoadRange]) -> None:
        self._ledger.finish(ranges)

    def _insert(self, batch: Batch) -> dict[Place, int]:
        """Insert every table's rows; the number of lines put aside, by place."""
        token = token_of(batch.ranges)
        aside: dict[Place, int] = {}
        for table in (EVENTS_TABLE, LINKS_TABLE, QUARANTINE_TABLE):
            lines = batch.lines_of(table)
            if lines:
                self._insert_table(table, lines, token, batch, aside)
        if foreign := batch.foreign:
            put_records_aside(self._warehouse, foreign, f"{token}:foreign")
            self.telemetry.note_foreign(foreign)
        return aside

    def _insert_table(self, table: str, lines: bytes, token: str, batch: Batch, aside: dict[Place, int]) -> None:
        # Its words quote the lines, so they must get neither into the log nor into the trace of a later error.
        with suppress(UnreadableLines):
            self._warehouse.insert_lines(table, COLUMNS[table], lines, _as_one_block(token, table))
            return
        pieces = batch.pieces_of(table, self._max_bytes)
        if len(pieces) > 1:
            # Larger than loads are planned now. Whether lines can be read depends on nothing but the lines: as one
            # block they were never inserted and never will be, so these smaller blocks, always the same, are all.
            log.warning("a load of %d bytes into %s is inserted in %d pieces", len(lines), table, len(pieces))
            for number, piece in enumerate(pieces):
                self._insert_table(table, piece.lines_of(table), f"{token}:{number}", piece, aside)
            return
        self._insert_readable(table, lines, token, batch, aside)

    def _insert_readable(self, table: str, lines: bytes, token: str, batch: Batch, aside: dict[Place, int]) -> None:
        check = check_table(self._warehouse, table, COLUMNS[table])
        readable, unreadable = split_lines(lines, check)
        places = batch.places_of(table)
        lines_aside = [(*places[number], line) for number, line in unreadable]
        put_lines_aside(self._warehouse, lines_aside, f"{token}:{table}:aside")
        self.telemetry.note_put_aside(table, [(stored, line) for stored, line, _ in lines_aside])
        for number, _ in unreadable:
            record = places[number][0].record
            place = (record.topic, record.partition)
            aside[place] = aside.get(place, 0) + (table == EVENTS_TABLE)
        if readable:
            self._warehouse.insert_lines(table, COLUMNS[table], readable, _as_one_block(token, table))

    def _run(self) -> None:
        try:
            self._load_until_stopped()
        except Exception as error:
            # The last frame of the thread: whoever started the loader decides what its end means.
            log.exception("the loader cannot go on")
            self._on_failure(error)

    def _load_until_stopped(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            stopping = self._stopping.is_set()
            self._wake.clear()
            self.telemetry.is_leader = self._may_load()
            if not self.telemetry.is_leader:
                self._is_certain = False
                if stopping:
                    return
                self._stopping.wait(_STAND_BY_SECONDS)
                continue
            began = time.monotonic()
            try:
                batch = self.load_once()
            except (WarehouseUnavailable, LogUnavailable) as error:
                self.telemetry.pauses.inc()
                # A log that was away may have come back shorter.
                self._is_certain = False
                log.warning("loading pauses for %.1f s: %s", pause, error)
                if self._abandoned.is_set():
                    return
                (self._abandoned if stopping else self._stopping).wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            if stopping and not (batch.ranges and self._draining):
                return
            if not stopping:
                self._rest(began, batch)

    def _rest(self, began: float, batch: Batch) -> None:
        """Wait for something to load; after a load that was not full, also until the next one is due."""
        if batch.is_full:
            return
        if not batch.ranges:
            self._wake.wait(_IDLE_SECONDS)
            return
        due = began + (_BUSY_SECONDS if batch.line_count >= _BUSY_LINES else _IDLE_SECONDS)
        self._stopping.wait(max(0.0, due - time.monotonic()))


def _as_one_block(token: str, table: str) -> Mapping[str, Any]:
    return {**_ONE_BLOCK, "insert_deduplication_token": f"{token}:{table}"}


def _with_put_aside(part: LoadRange, lines: int) -> LoadRange:
    totals = part.totals._replace(put_aside=part.totals.put_aside + lines)
    return replace(part, totals=totals)
