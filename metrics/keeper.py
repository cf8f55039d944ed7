"""Keeps the points of every computation of the catalogue as fresh as their cost allows, whoever asks.

A look finds what has changed; a reader freshens what is cheap, the refresher the rest. Publishes nothing.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

from metrics.asking import Answer, Ask, Bucket, Computer, Pair
from metrics.changes import ALL, Cause, ChangeFinder, Changes
from metrics.formula import Leaf
from metrics.kept_answers import KeptAnswers
from metrics.leaf_points import LeafPoints
from metrics.moment import Moment
from metrics.needs import needs_of
from metrics.periods import DAY
from schemas.definitions import StreamDefinitions
from schemas.reading import Completeness

MOST_WAIT_SECONDS = 5.0
"""So long a reader waits for points to be computed anew, all in all; then it gets what was computed last."""

BUSY_SECONDS = 20
PAUSE_SECONDS = 0.6
LIVE_SECONDS = 5.0
"""Data that came in most of the last 20 seconds, and that make no pause now, are taken for live for so long: readers
get what was computed last. They would have to wait each time they ask, for numbers that are old when they see them."""

QUIET_SECONDS = 60.0

NEWEST_DAYS = 240
"""Of a longer history these days are computed first."""


@dataclass(frozen=True, slots=True)
class Look:
    """`at` is monotonic seconds. Everything received before `completeness` says so was seen by it."""

    at: float
    today: date
    completeness: Completeness


class PointKeeper:
    """Safe to use from several threads."""

    def __init__(
        self,
        finder: ChangeFinder,
        definitions: StreamDefinitions,
        today: Callable[[], date],
        completeness: Callable[[], Completeness],
        moment: Moment,
    ) -> None:
        """`moment`: while a thread holds it, one look is enough."""
        self.moment = moment
        self._finder = finder
        self._definitions = definitions
        self._today = today
        self._completeness = completeness
        self._began = time.monotonic()
        self._looking = Lock()
        self._look: Look | None = None
        self._history: date | None = None
        self._points: dict[str, LeafPoints] = {}
        self._answers = KeptAnswers()
        self._generation = 0
        self._restless: deque[tuple[float, date]] = deque()
        self._changed: deque[int] = deque(maxlen=BUSY_SECONDS)
        self._live_until = float("-inf")

    def look(self, recent_seconds: float = 0.0) -> Look:
        """Find what has changed, unless somebody's look began so recently. Raises ReadingUnavailable."""
        return self.moment.get("look", lambda: self._look_around(recent_seconds))

    def _look_around(self, recent_seconds: float) -> Look:
        asked = time.monotonic()
        with self._looking:
            if self._look is not None and asked - self._look.at <= recent_seconds:
                return self._look
            began = time.monotonic()
            # Before the changes, so that it never says more than they hold.
            completeness = self._completeness()
            today = self._today()
            changes = self._finder.look()
            if self._look is None:
                # After the first look, so that it misses nothing which that one took for known.
                self._history = self._finder.history()
            if self._look is not None and self._look.today != today:
                self._turn_day(self._look.today)
            if changes is not None:
                self._apply(changes)
            self._look = Look(began, today, completeness)
            return self._look

    def points(self, leaf: Leaf) -> LeafPoints:
        """The points of a computation; empty ones for one that is new."""
        found = self._points.get(leaf.key)
        if found is None:
            found = self._points.setdefault(leaf.key, LeafPoints(leaf, needs_of(leaf.compute, self._definitions)))
        return found

    def keep_only(self, leaves: Iterable[Leaf]) -> None:
        """Forget computations that no metric is made of any more."""
        keys = {leaf.key for leaf in leaves}
        self._points = {key: points for key, points in self._points.items() if key in keys}

    def read(self, leaf: Leaf, buckets: Sequence[Bucket], computer: Computer) -> dict[Bucket, Pair]:
        """As fresh as it is cheap. Raises what the computer raises."""
        points = self.points(leaf)
        if points.is_live:
            return points.compute(buckets, computer)
        self._freshen(points, computer)
        return points.read(buckets, computer)

    def peek(self, leaf: Leaf, buckets: Sequence[Bucket], computer: Computer) -> dict[Bucket, Pair]:
        """As they were computed last. Raises what the computer raises."""
        points = self.points(leaf)
        return (points.compute if points.is_live else points.peek)(buckets, computer)

    def ask(self, leaf: Leaf, ask: Ask, computer: Computer) -> Answer:
        """By segment; kept until something changes, or longer if it is dear."""
        answer: Answer = self._kept((leaf.key, _key(ask)), lambda: computer.compute(leaf.compute, ask))
        return answer

    def keep(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        """An answer to anything else that stands on what is looked at."""
        self.look()
        return self._kept(question, ask)

    def refresh(self, points: LeafPoints, computer: Computer) -> date | None:
        """Compute what is dirty or missing; from which day on, None if nothing was. Raises what the computer raises."""
        with points.lock:
            look = self._look or self.look()
            # Taken at once: what is marked from now on is a change of its own.
            dirty, points.dirty_from = points.dirty_from, None
            since = dirty if points.is_settled else ALL
            if since is None:
                return None
            first, is_whole = self._first_day(points, look.today)
            try:
                points.refresh(computer, first, look.today, since, is_whole)
            except BaseException:
                points.mark_dirty(dirty or since, points.cause)
                raise
            points.through_ms = look.completeness.complete_through_ms
            points.note_refreshed(since)
            return since

    def complete_through_ms(self, leaves: Iterable[Leaf]) -> int | None:
        """Everything received before it is in what is read of these now."""
        look = self.look()
        found = [self._through(self.points(leaf), look) for leaf in leaves]
        known = [through for through in found if through is not None]
        return min(known) if len(known) == len(found) else None

    def quiet_before(self) -> date | None:
        """The first day whose data has changed lately; None: no day's has. Nobody knows what was before the start."""
        if time.monotonic() - self._began < QUIET_SECONDS:
            return ALL
        return self._recently_changed()

    def _recently_changed(self) -> date | None:
        oldest = time.monotonic() - QUIET_SECONDS
        while self._restless and self._restless[0][0] < oldest:
            self._restless.popleft()
        return min((day for _, day in list(self._restless)), default=None)

    @property
    def history(self) -> date | None:
        return self._history

    def _first_day(self, points: LeafPoints, today: date) -> tuple[date, bool]:
        """From where points are computed, and whether there is nothing before."""
        history = min(self._history or today, today)
        days = NEWEST_DAYS if points.covered is None else None
        if points.most_days is not None:
            days = points.most_days
        if days is None or history >= today - days * DAY:
            return history, True
        return today - days * DAY, False

    def _kept(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        return self._answers.get(
            question, self._generation, ask, lambda: not self.moment.get("is at rest", self._is_at_rest)
        )

    def _through(self, points: LeafPoints, look: Look) -> int | None:
        if points.covered is None or _is_fresh(points):
            return look.completeness.complete_through_ms
        return points.through_ms

    def _freshen(self, points: LeafPoints, computer: Computer) -> None:
        """Who has sent something and waited until it was settled finds it in what is read next."""
        if points.covered is None or _is_fresh(points):
            return
        waited: list[float] = self.moment.get("waited", list)
        if points.error or sum(waited) + points.cost_seconds > MOST_WAIT_SECONDS:
            return
        if self.moment.get("is at rest", self._is_at_rest):
            waited.append(points.cost_seconds)
            self.refresh(points, computer)

    def _is_at_rest(self) -> bool:
        """Whether nothing more arrives for now; finding that out may take a short pause."""
        began = time.monotonic()
        if self._has_settled():
            return True
        if began < self._live_until:
            return False
        oldest = int(began) - BUSY_SECONDS
        if sum(second >= oldest for second in list(self._changed)) <= BUSY_SECONDS // 2:
            return True
        seen = self._generation
        time.sleep(PAUSE_SECONDS)
        self._look_around(0.0)
        if self._generation == seen:
            return True
        self._live_until = time.monotonic() + LIVE_SECONDS
        return False

    def _has_settled(self) -> bool:
        """Whether everything that was answered before the last look is counted and loaded: readers may rely on that."""
        return self._look is not None and self._look.completeness.lag_events == 0

    def _turn_day(self, yesterday: date) -> None:
        self._generation += 1
        for points in list(self._points.values()):
            maturing = points.is_maturing_from()
            points.mark_dirty(min(yesterday, maturing or yesterday), Cause(""))
            if points.is_live:
                points.note_refreshed(yesterday)

    def _apply(self, changes: Changes) -> None:
        self._generation += 1
        second = int(time.monotonic())
        if not self._changed or self._changed[-1] != second:
            self._changed.append(second)
        if (first := changes.first) is not None:
            self._restless.append((time.monotonic(), first))
        if changes.occurred is not None:
            self._history = min(changes.occurred, self._history or changes.occurred)
        counted = self._recently_changed() or self._today()
        for day in changes.facts.values():
            self._history = min(day, self._history or day)
        for points in list(self._points.values()):
            # Published before or after it is loaded: what was loaded of late may be counted only now.
            if points.is_live:
                points.note_refreshed(counted)
            elif points.needs.counters:
                points.mark_dirty(_moved_back(counted, points.needs.days_before), Cause(""))
            if (found := changes.first_for(points.needs)) is not None:
                day, cause = found
                points.mark_dirty(_moved_back(day, points.needs.days_before), cause)


def _is_fresh(points: LeafPoints) -> bool:
    """Nothing has changed since, and nobody is about to take a change in."""
    return points.dirty_from is None and not points.lock.locked()


def _moved_back(day: date, days_before: int | None) -> date:
    if days_before is None or day - date.min <= days_before * DAY:
        return ALL
    return day - days_before * DAY


def _key(ask: Ask) -> tuple[object, ...]:
    return tuple(ask.buckets), ask.filters, ask.split, ask.told
