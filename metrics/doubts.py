"""Why a number may not be what it seems: what is known of the data that came in under two periods.

Does not say whose number it is: see `metrics.why`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metrics.asking import Bucket, Query
from metrics.formula import Formula, leaves_of
from metrics.needs import Needs, needs_of
from metrics.statement import PRECEDENCE_OF_ZERO
from schemas.calendar import Calendar, day_number
from schemas.definitions import StreamDefinitions

LEAST_QUARANTINED = 20
LEAST_SHARE = 0.05
RISE = 2.0
"""A spike: at least so many of the messages that a number is made of were quarantined in a period, at least such a
share of them, and so many times the share of the other period."""

_REFUSED = """
SELECT event, toUInt64(sum(received_ms >= {from0:Int64} AND received_ms < {to0:Int64})),
    toUInt64(sum(received_ms >= {from1:Int64} AND received_ms < {to1:Int64}))
FROM (SELECT event, toUnixTimestamp64Milli(received_at) AS received_ms FROM northstream.quarantine)
GROUP BY event
"""

_TAKEN = f"""
SELECT event, toUInt64(sum(at_ms >= {{from0:Int64}} AND at_ms < {{to0:Int64}})),
    toUInt64(sum(at_ms >= {{from1:Int64}} AND at_ms < {{to1:Int64}}))
FROM (
    SELECT event, toInt64({PRECEDENCE_OF_ZERO} - precedence) AS at_ms
    FROM northstream.metric_events WHERE type = 'track'
)
GROUP BY event
"""

Counts = Mapping[str, tuple[int, int]]
"""Messages by event, of the earlier and the later period."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What was refused and taken in two periods."""

    refused: Counts
    taken: Counts

    def has_spike(self, needs: Iterable[Needs]) -> bool:
        """Whether unusually much of what is needed was quarantined in one of the two."""
        events: set[str] = set()
        for need in needs:
            events |= {*self.refused, *self.taken} if need.events is None or need.everything else need.events
        if not events:
            return False
        counts = [
            [sum(of.get(event, (0, 0))[side] for event in events) for of in (self.refused, self.taken)]
            for side in (0, 1)
        ]
        shares = [refused / (refused + taken) if refused else 0.0 for refused, taken in counts]
        return any(
            counts[side][0] >= LEAST_QUARANTINED
            and shares[side] >= LEAST_SHARE
            and shares[side] >= RISE * shares[1 - side]
            for side in (0, 1)
        )


@dataclass(frozen=True, slots=True)
class IntakeReader:
    """Counts what came in over two periods of days."""

    query: Query
    calendar: Calendar
    definitions: StreamDefinitions

    def read(self, before: Bucket, after: Bucket) -> Intake:
        """Counts accepted messages only where enough were quarantined to matter."""
        parameters = {}
        for index, bucket in enumerate((before, after)):
            parameters[f"from{index}"] = self.calendar.start_of(day_number(bucket.first))
            parameters[f"to{index}"] = self.calendar.start_of(day_number(bucket.last) + 1)
        refused = {event: (one, other) for event, one, other in self.query.rows(_REFUSED, parameters)}
        if max((sum(counts[side] for counts in refused.values()) for side in (0, 1)), default=0) < LEAST_QUARANTINED:
            return Intake({}, {})
        return Intake(refused, {event: (one, other) for event, one, other in self.query.rows(_TAKEN, parameters)})

    def has_spike(self, intake: Intake, formula: Formula) -> bool:
        return intake.has_spike(needs_of(leaf.compute, self.definitions) for leaf in leaves_of(formula))


def has_come(calendar: Calendar, bucket: Bucket, complete_through_ms: int | None) -> bool:
    """Whether everything received by the end of a bucket's last day is in its numbers."""
    return complete_through_ms is not None and complete_through_ms >= calendar.start_of(day_number(bucket.last) + 1)
