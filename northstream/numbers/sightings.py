"""When what a rule's subject counts was seen last.

Does not judge absence. Looks back 90 days at first, and later at what came since the look before.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from alerting.numbers import NotLookedUp
from metrics.last_seen import LastSeen
from schemas.alerts import FunnelSubject, MetricSubject, QualitySubject, Subject
from schemas.calendar import Calendar, day_number
from schemas.catalogue import MetricDefinition
from schemas.computes import EventSet
from schemas.counted_messages import CountedMessages, CountsNothing, counted_messages
from schemas.definitions import StreamDefinitions
from schemas.reading import ReadingUnavailable

MOST_BEHIND_MS = 120_000
"""While it is longer ago that all was complete, nobody can say what has not come: it may only not be loaded yet."""

_LOOK_BACK_MS = (3_600_000, 86_400_000, 90 * 86_400_000)
_OVERLAP_MS = 1_000


class Received(Protocol):
    """The latest message of all, and of all that was refused (Unix ms); None: none in 90 days."""

    def latest_received_ms(self, now_ms: int) -> int | None: ...

    def latest_quarantined_ms(self, now_ms: int) -> int | None: ...


class _Sight(NamedTuple):
    """The latest that was found, and up to which moment everything received was looked at."""

    found_ms: int | None
    through_ms: int


class Sightings:
    """For one thread. May raise ReadingUnavailable."""

    def __init__(
        self,
        last_seen: LastSeen,
        received: Received,
        metrics: Callable[[], Mapping[str, MetricDefinition]],
        stream: StreamDefinitions,
        through: Callable[[], int | None],
    ) -> None:
        """`through`: up to when (Unix ms) everything received is loaded; None: nothing has come yet."""
        self._last_seen = last_seen
        self._received = received
        self._metrics = metrics
        self._stream = stream
        self._through = through
        self._calendar = Calendar(stream.timezone)
        self._sights: dict[tuple[EventSet, ...], _Sight] = {}

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        """None: not in 90 days. Raises NotLookedUp for what counts no messages."""
        if isinstance(subject, QualitySubject):
            return self._of_quality(subject, now_ms)
        counted = self._counted(subject)
        found = [self._message_ms(counted.sources, now_ms)] if counted.sources else []
        if counted.facts:
            found.append(self._fact_ms(counted.facts, now_ms))
        return max((one for one in found if one is not None), default=None)

    def _of_quality(self, subject: QualitySubject, now_ms: int) -> int | None:
        if subject.number == "received":
            return self._received.latest_received_ms(now_ms)
        if subject.number == "quarantined":
            return self._received.latest_quarantined_ms(now_ms)
        raise NotLookedUp(f"{subject} counts no messages that could be absent")

    def _counted(self, subject: MetricSubject | FunnelSubject) -> CountedMessages:
        try:
            return counted_messages(subject, self._metrics(), self._stream)
        except CountsNothing as error:
            raise NotLookedUp(str(error)) from error

    def _message_ms(self, sources: tuple[EventSet, ...], now_ms: int) -> int | None:
        """What is loaded later than it was received is found all the same: a look begins where all was complete."""
        through_ms = self._through()
        if through_ms is None:
            return None
        if now_ms - through_ms > MOST_BEHIND_MS:
            raise ReadingUnavailable(f"what came in the last {(now_ms - through_ms) / 1000:.0f} s is not complete yet")
        known = self._sights.get(sources)
        beginnings = [known.through_ms - _OVERLAP_MS] if known else [now_ms - back for back in _LOOK_BACK_MS]
        found_ms = known.found_ms if known else None
        for since_ms in beginnings:
            if (latest := self._last_seen.message_ms(sources, since_ms)) is not None:
                found_ms = max(latest, found_ms or latest)
                break
        self._sights[sources] = _Sight(found_ms, through_ms)
        return found_ms

    def _fact_ms(self, facts: tuple[str, ...], now_ms: int) -> int | None:
        """The end of the latest fact's day, or now while that is not over."""
        day = self._last_seen.fact_day(facts)
        return None if day is None else min(now_ms, self._calendar.start_of(day_number(day) + 1))
