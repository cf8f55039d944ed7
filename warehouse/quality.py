"""Totals of what was accepted, refused and sent twice.

Does not count what it need not: results that only a load can change are kept until the next load.
"""

import time
from collections.abc import Callable
from functools import reduce
from threading import Lock
from typing import Generic, TypeVar

from schemas.reading import Completeness, Quality
from warehouse.client import DATABASE, Warehouse
from warehouse.ledger import NOTHING, Ledger, Totals

_DISTINCT_EVENTS = f"SELECT count() FROM {DATABASE}.events FINAL"
_LATE = f"SELECT sum(value) FROM {DATABASE}.counter_totals WHERE metric = 'late'"
_REASONS = f"""
SELECT rule, count() FROM (
    SELECT arrayJoin(arrayDistinct(arrayMap(violation -> JSONExtractString(violation, 'rule'),
                                            JSONExtractArrayRaw(violations)))) AS rule
    FROM {DATABASE}.quarantine_rows FINAL
)
GROUP BY rule ORDER BY count() DESC, rule
"""

_REST_FACTOR = 10

T = TypeVar("T")


class KeptUntilLoad(Generic[T]):
    """A result of a query over whole tables, asked again only after a load.

    While loads follow each other it may be older: the query then runs at most a tenth of the time.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._totals: Totals | None = None
        self._rested_at = 0.0
        self._value: T | None = None

    def get(self, totals: Totals, exactly: bool) -> T:
        """The result for these totals of the ledger; `exactly` asks again whatever it costs."""
        with self._lock:
            is_same = self._totals == totals
            if self._value is None or (not is_same and (exactly or time.monotonic() >= self._rested_at)):
                began = time.monotonic()
                self._value = self._ask()
                self._totals = totals
                ended = time.monotonic()
                self._rested_at = ended + _REST_FACTOR * (ended - began)
            return self._value


class QualityReport:
    """Safe to use from several threads."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._ledger = Ledger(warehouse)
        self._distinct = KeptUntilLoad(lambda: int(warehouse.rows(_DISTINCT_EVENTS)[0][0]))
        self._reasons = KeptUntilLoad(lambda: {rule: int(count) for rule, count in warehouse.rows(_REASONS)})

    def read(self, completeness: Completeness) -> Quality:
        """Totals of all loads that are done; exact when `completeness` says that nothing is under way."""
        exactly = completeness.lag_events == 0
        totals = reduce(Totals.plus, (part.totals for part in self._ledger.read().done.values()), NOTHING)
        distinct = self._distinct.get(totals, exactly)
        return Quality(
            accepted=totals.accepted,
            quarantined=totals.quarantined,
            flagged=totals.flagged,
            duplicates=max(0, totals.accepted - totals.put_aside - distinct),
            late=int(self._warehouse.rows(_LATE)[0][0]),
            completeness=completeness,
            quarantine_reasons=self._reasons.get(totals, exactly),
        )
