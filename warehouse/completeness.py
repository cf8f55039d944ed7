"""How far the numbers speak: what is settled, how many lines are not, and up to which moment all is counted.

Positions are read before the log's ends, and a position is written after the data it speaks for.
Does not read counters.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from schemas.checkpoints import Owner, Positions
from schemas.log import LogReader, LogUnavailable
from schemas.reading import Completeness, ReadingUnavailable
from schemas.topics import LogEnd, Topic
from warehouse.client import DATABASE, Warehouse
from warehouse.completed_through import CompletedThrough
from warehouse.ledger import Ledger, Place

REQUEST_AGE_MS = 60_000
"""A message is appended, or refused, within this time after it was received."""

_ROUNDS = 5
_MAX_OPEN = 32
_SPACING_MS = 250
"""Readings that are remembered: so many at most, so far apart at least, however often the question is asked."""

_MOST_WATCHED = 16
"""Events of the self-watch that may be on their way on a partition without telling that it is not settled."""

_OWNED_POSITIONS = """
SELECT partition, epoch, nonce, events_position, handoffs_position
FROM {table} ORDER BY epoch DESC, nonce DESC, version DESC LIMIT 1 BY partition SETTINGS max_threads = 1
"""
_HEADS = _OWNED_POSITIONS.format(table=f"{DATABASE}.counter_heads")
_HEADERS = _OWNED_POSITIONS.format(table=f"{DATABASE}.checkpoint_headers")
_CLAIMS = f"SELECT partition, max((epoch, nonce)) FROM {DATABASE}.claims GROUP BY partition SETTINGS max_threads = 1"


@dataclass(frozen=True, slots=True)
class OwnedPositions:
    """Positions that an owner vouches for."""

    owner: Owner
    positions: Positions


@dataclass(frozen=True, slots=True)
class Standing:
    """One reading, its parts in the order of its fields: positions first, then claims, then watermarks, then ends."""

    heads: Mapping[int, OwnedPositions]
    headers: Mapping[int, OwnedPositions]
    loaded: Mapping[Place, int]
    claims: Mapping[int, Owner]
    low_watermarks: Mapping[str, int]
    ends: Mapping[Topic, Mapping[int, LogEnd]]

    def is_owned(self, partition: int) -> bool:
        """Whether the partition's head and header both belong to its highest claim."""
        claim = self.claims.get(partition)
        if claim is None:
            return not self._has_data(partition)
        head, header = self.heads.get(partition), self.headers.get(partition)
        return head is not None and header is not None and head.owner == claim == header.owner

    @property
    def is_of_this_log(self) -> bool:
        """Whether no position lies beyond an end, as it does where the log has lost records or is another one."""
        return all(
            position <= end.offset
            for topic, ends in self.ends.items()
            for partition, end in ends.items()
            for position in positions_of_readers(self, topic, partition)
        )

    def head(self, topic: Topic, partition: int) -> int:
        """The counters' position; a partition without a head has counted nothing."""
        return _position(self.heads.get(partition), topic)

    def header(self, topic: Topic, partition: int) -> int:
        return _position(self.headers.get(partition), topic)

    def loader(self, topic: Topic, partition: int) -> int:
        return self.loaded.get((topic, partition), 0)

    def counted_and_loaded(self) -> dict[Place, int]:
        """By place the offset before which all is counted (events) and loaded (events, quarantine)."""
        found = {
            (Topic.QUARANTINE, partition): self.loader(Topic.QUARANTINE, partition)
            for partition in self.ends[Topic.QUARANTINE]
        }
        for partition in self.ends[Topic.EVENTS]:
            place = (Topic.EVENTS, partition)
            found[place] = min(self.head(*place), self.loader(*place))
        return found

    def _has_data(self, partition: int) -> bool:
        return any(ends[partition].lines > 0 for ends in self.ends.values() if partition in ends)


def _position(owned: OwnedPositions | None, topic: Topic) -> int:
    if owned is None:
        return 0
    return owned.positions.events if topic is Topic.EVENTS else owned.positions.handoffs


def lag_of(
    standing: Standing, lines_before: Mapping[Place, Mapping[int, int]], only_watched: Collection[Place] = ()
) -> int:
    """Lines not yet behind every reader; 0 only if each partition is settled: every reader stands at its very end.

    `lines_before` gives, by place and offset, the lines before each reader's position. `only_watched`: places where
    nothing lies before a reader but events of the self-watch, which nobody waits for.
    """
    total = 0
    settled = True
    for topic, ends in standing.ends.items():
        for partition, end in ends.items():
            positions = positions_of_readers(standing, topic, partition)
            behind = end.lines - min(lines_before[topic, partition][position] for position in positions)
            total += max(behind, 0)
            at_end = all(position == end.offset for position in positions)
            settled = settled and (at_end or (topic, partition) in only_watched)
    settled = settled and all(standing.is_owned(partition) for partition in standing.ends[Topic.EVENTS])
    return 0 if settled else max(total, 1)


def positions_of_readers(standing: Standing, topic: Topic, partition: int) -> list[int]:
    """The positions that all must stand at the end of a place for it to be settled."""
    return list(readers_of(standing, topic, partition).values())


def readers_of(standing: Standing, topic: Topic, partition: int) -> dict[str, int]:
    """The same, by who stands there."""
    if topic is Topic.QUARANTINE:
        return {"loader": standing.loader(topic, partition)}
    positions = {"counters": standing.head(topic, partition), "checkpoint": standing.header(topic, partition)}
    if topic is Topic.EVENTS:
        positions["loader"] = standing.loader(topic, partition)
    return positions


@dataclass(slots=True)
class _Observation:
    """At one reading nothing received before `through_ms` was still to be appended; it lay before `ends`."""

    at_ms: int
    through_ms: int
    ends: Mapping[Place, int]
    handoff_ends: Mapping[int, int]
    rounds: int = _ROUNDS


@dataclass(slots=True)
class CompletionTracker:
    """Remembers readings and says up to which moment everything received is counted and loaded.

    What lay before the ends of an earlier reading is complete once the positions have passed them, and once the
    hand-offs that this caused have been applied, and those that these caused, …: either no hand-off is left at
    all, or the hand-offs have been caught up with `_ROUNDS` times since (a hand-off is passed on once for each move
    of its person that is still under way). The answer never goes back: what was complete stays complete.
    """

    through_ms: int | None = None
    _open: list[_Observation] = field(default_factory=list)

    def observe(self, standing: Standing, now_ms: int, first_open_ms: int | None) -> int | None:
        """Take in a reading. `first_open_ms`: when the oldest record not yet counted and loaded was appended."""
        handoff_ends = {partition: end.offset for partition, end in standing.ends[Topic.HANDOFFS].items()}
        no_handoffs_left = all(standing.head(Topic.HANDOFFS, part) >= end for part, end in handoff_ends.items())
        latest = _Observation(now_ms, _all_appended_ms(standing, now_ms), _ends_of(standing), handoff_ends)
        is_due = not self._open or now_ms - self._open[-1].at_ms >= _SPACING_MS
        self._open.append(latest)
        is_owned = all(standing.is_owned(partition) for partition in standing.ends[Topic.EVENTS])
        if is_owned and standing.is_of_this_log:
            self._close_passed(standing, handoff_ends, no_handoffs_left)
            if first_open_ms is not None and no_handoffs_left:
                self._reach(min(latest.through_ms, first_open_ms - REQUEST_AGE_MS))
        if self._open and self._open[-1] is latest and (not is_due or len(self._open) > _MAX_OPEN):
            self._open.pop()
        return self.through_ms

    def _close_passed(self, standing: Standing, handoff_ends: Mapping[int, int], no_handoffs_left: bool) -> None:
        positions = standing.counted_and_loaded()
        still_open = []
        for seen in self._open:
            if not _has_passed(seen, positions, standing):
                still_open.append(seen)
                continue
            seen.rounds -= 1
            if no_handoffs_left or seen.rounds == 0:
                self._reach(seen.through_ms)
            else:
                seen.handoff_ends = handoff_ends
                still_open.append(seen)
        self._open = still_open

    def _reach(self, moment_ms: int) -> None:
        self.through_ms = moment_ms if self.through_ms is None else max(self.through_ms, moment_ms)


def _all_appended_ms(standing: Standing, now_ms: int) -> int:
    """Everything received before this moment lay before the ends; `now_ms` was taken before they were read."""
    return min((*standing.low_watermarks.values(), now_ms if standing.low_watermarks else now_ms - REQUEST_AGE_MS))


def _ends_of(standing: Standing) -> dict[Place, int]:
    return {
        (topic, partition): end.offset
        for topic in (Topic.EVENTS, Topic.QUARANTINE)
        for partition, end in standing.ends[topic].items()
    }


def _has_passed(seen: _Observation, positions: Mapping[Place, int], standing: Standing) -> bool:
    return all(positions[place] >= end for place, end in seen.ends.items()) and all(
        standing.head(Topic.HANDOFFS, partition) >= end for partition, end in seen.handoff_ends.items()
    )


class CompletenessReport:
    """Reads the standing from the warehouse and the logs. Safe to use from several threads."""

    def __init__(self, warehouse: Warehouse, events_log: LogReader, handoffs_log: LogReader) -> None:
        self._warehouse = warehouse
        self._ledger = Ledger(warehouse)
        self._logs = {Topic.EVENTS: events_log, Topic.QUARANTINE: events_log, Topic.HANDOFFS: handoffs_log}
        self._tracker = CompletionTracker()
        self._completed = CompletedThrough(warehouse)
        self._lock = Lock()

    def read(self, now_ms: int) -> Completeness:
        """The present standing. Raises `ReadingUnavailable`."""
        try:
            standing = self.standing()
            lines = {place: self._lines_before(standing, place) for place in _places(standing)}
            only_watched = {place for place in lines if self._is_only_watched(standing, place, lines[place])}
            first_open = self._first_open_ms(standing)
        except LogUnavailable as error:
            raise ReadingUnavailable(f"the log cannot be read: {error}") from error
        lag = lag_of(standing, lines, only_watched)
        if not any(end.lines for topic in (Topic.EVENTS, Topic.QUARANTINE) for end in standing.ends[topic].values()):
            return Completeness(lag, None)
        with self._lock:
            reached = self._tracker.observe(standing, now_ms, first_open)
            return Completeness(lag, self._completed.keep(reached, now_ms))

    def standing(self) -> Standing:
        """Where everything stands now. Raises `ReadingUnavailable`, `LogUnavailable`."""
        # The order of these readings is what makes the answer true.
        heads = _owned(self._warehouse.rows(_HEADS))
        headers = _owned(self._warehouse.rows(_HEADERS))
        loaded = {place: part.to_offset for place, part in self._ledger.read().done.items()}
        claims = {partition: Owner(*owner) for partition, owner in self._warehouse.rows(_CLAIMS)}
        low_watermarks = self._logs[Topic.EVENTS].low_watermarks()
        ends = {topic: reader.ends(topic) for topic, reader in self._logs.items()}
        return Standing(heads, headers, loaded, claims, low_watermarks, ends)

    def _lines_before(self, standing: Standing, place: Place) -> dict[int, int]:
        topic, partition = place
        end = standing.ends[topic][partition]
        found = {}
        for position in positions_of_readers(standing, topic, partition):
            at_end = position >= end.offset
            found[position] = end.lines if at_end else self._logs[topic].lines_before(topic, partition, position)
        return found

    def _is_only_watched(self, standing: Standing, place: Place, lines: Mapping[int, int]) -> bool:
        """Looked at only where the few records before the last of the readers have no lines."""
        topic, partition = place
        end, lowest = standing.ends[topic][partition], min(lines)
        is_candidate = 0 < end.offset - lowest <= _MOST_WATCHED and lines[lowest] == end.lines
        if topic is not Topic.EVENTS or not is_candidate or max(lines) > end.offset:
            return False
        return self._logs[topic].has_only_watch(topic, partition, lowest, end.offset)

    def _first_open_ms(self, standing: Standing) -> int | None:
        moments = [
            self._logs[topic].first_appended_ms(topic, partition, position)
            for (topic, partition), position in standing.counted_and_loaded().items()
            if position < standing.ends[topic][partition].offset
        ]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known else None


def _owned(rows: Sequence[tuple[int, int, int, int, int]]) -> dict[int, OwnedPositions]:
    return {
        partition: OwnedPositions(Owner(epoch, nonce), Positions(events, handoffs))
        for partition, epoch, nonce, events, handoffs in rows
    }


def _places(standing: Standing) -> list[Place]:
    return [(topic, partition) for topic, ends in standing.ends.items() for partition in ends]
