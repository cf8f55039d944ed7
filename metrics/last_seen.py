"""When a message of some sets was received last, and of which day the latest fact is.

Reads `northstream.events`, whose index of receipt leaves older parts unread. Does not know what a metric counts: see
`schemas.counted_messages`.
"""

from collections.abc import Sequence
from datetime import date

from metrics.asking import Query
from metrics.sources import condition_of
from metrics.statement import Parameters
from schemas.computes import EventSet
from schemas.definitions import StreamDefinitions

_LATEST = """
SELECT toUnixTimestamp64Milli(maxOrNull(received_at)) FROM northstream.events
WHERE received_at >= fromUnixTimestamp64Milli({since}, 'UTC') AND ({condition})
SETTINGS max_threads = 1
"""

_LATEST_FACT = """
SELECT maxOrNull(day) FROM northstream.facts WHERE fact IN {facts:Array(String)}
SETTINGS max_threads = 1
"""


class LastSeen:
    """May raise ReadingUnavailable."""

    def __init__(self, query: Query, stream: StreamDefinitions) -> None:
        self._query = query
        self._stream = stream

    def message_ms(self, sources: Sequence[EventSet], since_ms: int) -> int | None:
        """When the latest message of any of the sets was received (Unix ms); None: none since then."""
        parameters = Parameters()
        conditions = [f"({condition_of(source, self._stream, parameters)})" for source in sources]
        since = parameters.bind(since_ms, "Int64")
        sql = _LATEST.replace("{since}", since).replace("{condition}", " OR ".join(conditions))
        found: int | None = self._query.rows(sql, parameters.values)[0][0]
        return found

    def fact_day(self, facts: Sequence[str]) -> date | None:
        """The latest day of any of the facts."""
        found: date | None = self._query.rows(_LATEST_FACT, {"facts": list(facts)})[0][0]
        return found
