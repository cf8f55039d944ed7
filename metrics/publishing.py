"""Publishes the catalogue's values: writes those that changed, and restates what had been published as over.

Does not decide when: see `metrics.refresher`. Streamed metrics are not written, their counters are published already.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from metrics.asking import Bucket, Pair
from metrics.changes import ALL, Cause
from metrics.evaluation import Span, evaluate_whole, value_from
from metrics.formula import Formula, Leaf, key_of, leaves_of
from metrics.keeper import Look, PointKeeper
from metrics.kinds import value_of
from metrics.periods import GRAINS, bucket_before, bucket_end, buckets_of
from metrics.published import Place, Point, PublishedPoints, Restatement, Version, point_of, rounded
from schemas.calendar import Calendar, day_date
from schemas.catalogue import MetricDefinition
from schemas.computes import STREAMED, Compute, Counter, Retention, TimeBetween
from schemas.measuring import Value

LATE, DEFINITION = "late event", "definition"
FIRST_DAY = date(1970, 1, 1)

FOREIGN_SECONDS = 30.0
"""How old what is known of another process's publications may become."""


@dataclass(slots=True)
class Publication:
    """What is known of a metric's published values. `seen`: refreshes of its leaves that are in them, by key.

    `points` is None until it was read from the tables, `read_at` (monotonic seconds) says when. `reason`: why the next
    ones differ, if it is not the data. `is_ours`: this process published it last, so that the tables say nothing else.
    """

    metric: MetricDefinition
    formula: Formula
    versions: list[Version]
    points: dict[Place, Point] | None = None
    restated: dict[tuple[int, Place], Restatement] = field(default_factory=dict)
    earlier: dict[int, dict[Place, Point]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    read_at: float = 0.0
    is_ours: bool = False

    @property
    def is_streamed(self) -> bool:
        return self.metric.id in STREAMED and isinstance(self.metric.compute, Counter)


CauseName = Callable[[Cause], str]
Read = Callable[[Leaf, Sequence[Bucket]], Mapping[Bucket, Pair]]


class Publisher:
    """One thread publishes; readers may ask for publications meanwhile. Everything may raise ReadingUnavailable."""

    def __init__(
        self,
        published: PublishedPoints,
        keeper: PointKeeper,
        calendar: Calendar,
        cause_name: CauseName,
        may_publish: Callable[[], bool] = lambda: True,
    ) -> None:
        """While `may_publish` says no, another process publishes, and this one reads what it has written."""
        self._may_publish = may_publish
        self._published = published
        self._keeper = keeper
        self._calendar = calendar
        self._cause_name = cause_name
        self._lock = Lock()
        self._versions: dict[str, list[Version]] | None = None

    def publications(self, wanted: Mapping[str, tuple[MetricDefinition, Formula]], today: date) -> list[Publication]:
        """Of metrics as they are defined now; a version that is new counts from today on."""
        with self._lock:
            if self._versions is None:
                self._versions = self._published.versions()
            found = [self._publication(metric, formula, today) for metric, formula in wanted.values()]
            new = {
                one.metric.id: one.versions[-1] for one in found if self._versions.get(one.metric.id) != one.versions
            }
            self._published.write_versions(new)
            self._versions |= {one.metric.id: one.versions for one in found}
            return found

    def _publication(self, metric: MetricDefinition, formula: Formula, today: date) -> Publication:
        known = (self._versions or {}).get(metric.id, [])
        definition = key_of(metric.compute)
        if not known:
            return Publication(metric, formula, [Version(metric.version, FIRST_DAY, definition)])
        latest = known[-1]
        if latest.version == metric.version:
            reason = "" if latest.definition == definition else DEFINITION
            versions = [*known[:-1], Version(metric.version, latest.since, definition)]
            return Publication(metric, formula, versions, reason=reason)
        earlier = [one for one in known if one.version != metric.version]
        return Publication(metric, formula, [*earlier, Version(metric.version, today, definition)])

    def load(self, publication: Publication) -> None:
        """Read what was published before, once."""
        if publication.points is not None:
            return
        with self._lock:
            if publication.points is not None:
                return
            metric = publication.metric
            publication.restated = self._published.restated(metric.id)
            publication.earlier = {
                one.version: self._published.points(metric.id, one.version) for one in publication.versions[:-1]
            }
            # Last: who finds it finds the rest.
            publication.points = self._published.points(metric.id, metric.version)
            publication.read_at = time.monotonic()

    def publish(self, publication: Publication, look: Look, read: Read) -> int:
        """Write what differs from what was published; the number of values written."""
        if publication.is_streamed or not self._is_turn(publication):
            return 0
        covered = self._covered_from(publication.formula)
        if covered is None:
            return 0
        self.load(publication)
        seen = {leaf.key: self._keeper.points(leaf).refreshes for leaf in leaves_of(publication.formula)}
        since, cause = self._changed(publication, look)
        if since is None:
            return 0
        values = self._values(publication.formula, max(since, covered), look, read)
        written = self._write(publication, values, cause, look)
        publication.seen = seen
        publication.reason = ""
        return written

    def _is_turn(self, publication: Publication) -> bool:
        """Whether this process publishes it now; what another one has written meanwhile is read anew."""
        is_turn = self._may_publish()
        is_old = time.monotonic() - publication.read_at > FOREIGN_SECONDS
        if is_turn != publication.is_ours or (not is_turn and is_old):
            with self._lock:
                publication.points, publication.seen = None, {}
        publication.is_ours = is_turn
        return is_turn

    def _covered_from(self, formula: Formula) -> date | None:
        """The first day that all leaves tell; None: not all of them are computed yet, or nothing has happened."""
        if (history := self._keeper.history) is None:
            return None
        found = [history]
        for leaf in leaves_of(formula):
            points = self._keeper.points(leaf)
            if points.is_live:
                continue
            if points.covered is None:
                return None
            if not points.is_whole:
                found.append(points.covered.first)
        return max(found)

    def _changed(self, publication: Publication, look: Look) -> tuple[date | None, Cause]:
        if not publication.seen:
            return ALL, Cause("")
        changes = [
            change
            for leaf in leaves_of(publication.formula)
            if (change := self._keeper.points(leaf).changed_since(publication.seen.get(leaf.key, 0))) is not None
        ]
        if (unsettled := self._unsettled_from(publication, look)) is not None:
            changes.append((unsettled, Cause("")))
        if not changes:
            return None, Cause("")
        first = min(day for day, _ in changes)
        named = [change for change in changes if change[1].reason]
        return first, min(named, key=lambda change: change[0])[1] if named else Cause("")

    def _unsettled_from(self, publication: Publication, look: Look) -> date | None:
        """The first bucket that is over, complete and at rest, but was published before it was."""
        if _never_closes(publication.formula):
            return None
        limit = self._over_before(publication.formula, look)
        days = [
            place.bucket
            for place, point in (publication.points or {}).items()
            if not (point.was_over or point.is_maturing)
            and place.bucket < limit
            and bucket_end(place.bucket, place.grain) < limit
        ]
        return min(days, default=None)

    def _over_before(self, formula: Formula, look: Look) -> date:
        """All days before it are over, complete and at rest, and what has changed in them is computed."""
        through = look.completeness.complete_through_ms
        if through is None:
            return date.min
        days = [look.today, day_date(self._calendar.day_of(through))]
        if look.completeness.lag_events and (quiet := self._keeper.quiet_before()) is not None:
            days.append(quiet)
        for points in map(self._keeper.points, leaves_of(formula)):
            # A reader is computing what has changed, nobody knows from which day on.
            days += [ALL] if points.lock.locked() else []
            days += [points.dirty_from] if points.dirty_from is not None else []
        return min(days)

    def _values(self, formula: Formula, since: date, look: Look, read: Read) -> list[tuple[Place, Bucket, Value]]:
        found = []
        for grain in GRAINS:
            buckets = buckets_of(since, look.today, grain, look.today)
            spans = [Span(bucket, bucket_before(bucket.first, grain)) for bucket in buckets]
            pairs = evaluate_whole(formula, spans, read)
            found += [
                (Place(grain, bucket.first), bucket, value_from(pair, bucket))
                for bucket, pair in zip(buckets, pairs, strict=True)
            ]
        return found

    def _write(
        self, publication: Publication, values: list[tuple[Place, Bucket, Value]], cause: Cause, look: Look
    ) -> int:
        metric, known = publication.metric, publication.points or {}
        changed: dict[Place, Point] = {}
        restated: list[Restatement] = []
        name, limit = "", self._over_before(publication.formula, look)
        closes = not _never_closes(publication.formula)
        for place, bucket, value in values:
            old = known.get(place)
            is_over = closes and not value.is_maturing and bucket.last < limit
            point = point_of(value, is_over or (old is not None and old.was_over))
            if old == point:
                continue
            changed[place] = point
            if old is not None and old.was_over and old.value != point.value:
                name = name or self._cause_name(cause)
                reason = publication.reason or cause.reason or LATE
                last = publication.restated.get((metric.version, place))
                ordinal = last.ordinal + 1 if last else 1
                # A process that ended before it wrote the value has said so already.
                if last is None or (last.before, last.after) != (old.value, point.value):
                    restated.append(Restatement(place, ordinal, old.value, point.value, reason, name))
        if restated:
            self._published.write_restatements(metric.id, metric.version, restated)
            publication.restated |= {(metric.version, one.place): one for one in restated}
        if changed:
            self._published.write_points(metric.id, metric.version, changed)
            publication.points = known | changed
        return len(changed)


def _never_closes(formula: Formula) -> bool:
    """Whether values of any day go on moving without anything being late: no change of them is a restatement."""
    return any(_is_open_ended(leaf.compute) for leaf in leaves_of(formula))


def _is_open_ended(compute: Compute) -> bool:
    if isinstance(compute, Retention):
        return compute.mode == "on_or_after"
    return isinstance(compute, TimeBetween)


def version_of(publication: Publication, bucket: Bucket) -> int:
    """The version that counted when the bucket ended; one that never published anything does not count."""
    current = publication.versions[-1]
    counted = [one for one in publication.versions if one is current or publication.earlier.get(one.version)]
    found = counted[0]
    for one in counted[1:]:
        if one.since <= bucket.last:
            found = one
    return found.version


def said_by(publication: Publication, bucket: Bucket, place: Place) -> tuple[int, Pair | None]:
    """The version that a bucket's value is of, and the value if that is a definition of the past.

    What an earlier definition has said of a bucket that was over stays as it said it, whatever arrives later. Of a
    bucket whose end it never saw the present one speaks, but where nothing had happened yet.
    """
    version, current = version_of(publication, bucket), publication.metric.version
    if version == current:
        return current, None
    known = publication.earlier.get(version, {})
    point = known.get(place)
    if point is not None and point.was_over:
        return version, _as_pair(point)
    has_begun = any(one.grain == place.grain and one.bucket <= place.bucket for one in known)
    return current if has_begun else version, None


def _as_pair(point: Point) -> Pair:
    pair = Pair(point.numerator, point.denominator, point.is_maturing)
    return pair if rounded(value_of(pair)) == point.value else Pair(point.value, None, point.is_maturing)
