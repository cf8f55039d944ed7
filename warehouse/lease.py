"""Which of several processes does a job that only one may do: a lease in the warehouse.

Does not do it. The warehouse's clock counts, so that those of machines may differ.
"""

import time
from collections.abc import Callable
from typing import Literal, NamedTuple
from uuid import uuid4

import msgspec

from warehouse.client import DATABASE, Warehouse, WarehouseUnavailable


class Pace(NamedTuple):
    """In seconds. A holder looks so often whether it still is, and takes nothing for granted for longer (`look`).

    It says that it is there every `renew`; silent for `expire`, it is gone. A process begins `confirm` after it said
    that it takes over: whoever held the lease before has looked by then, so `confirm` is longer than `look`.
    """

    look: float
    confirm: float
    renew: float
    expire: float


PUBLISHING = Pace(look=2.0, confirm=3.0, renew=5.0, expire=20.0)
"""Of the catalogue's values."""

ALERTING = Pace(look=1.0, confirm=1.5, renew=2.0, expire=6.0)
"""After the end of an alerter another one judges within 10 s."""

_NOBODY = ""
"""The holder after the last one has left."""

_LATEST = """
SELECT count(), argMax(holder, (at, holder)), dateDiff('millisecond', max(at), now64(3, 'UTC')) / 1000
FROM {table} WHERE at > now64(3, 'UTC') - INTERVAL 1 DAY
SETTINGS max_threads = 1
"""


class Lease:
    """Asked before every piece of the job, by one thread. `clock` gives monotonic seconds."""

    def __init__(
        self,
        warehouse: Warehouse,
        table: Literal["publishers", "alerters"],
        holder: str,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`holder` is a name that no other process has."""
        self._warehouse = warehouse
        self._table = table
        self._holder = holder
        self._pace = pace
        self._clock = clock
        self._latest = _LATEST.format(table=f"{DATABASE}.{table}")
        self._looked_at = float("-inf")
        self._said_at: float | None = None
        self._holds = False
        self._failure: WarehouseUnavailable | None = None

    def __call__(self) -> bool:
        """Whether this process does the job now. May raise WarehouseUnavailable.

        A look that failed is not repeated sooner than another: a warehouse that hangs costs its whole patience.
        """
        if self._clock() - self._looked_at >= self._pace.look:
            self._holds, self._failure = False, None
            try:
                self._holds = self._look()
            except WarehouseUnavailable as failure:
                self._failure = failure
            self._looked_at = self._clock()
        if self._failure is not None:
            raise WarehouseUnavailable(str(self._failure)) from self._failure
        return self._holds

    def release(self) -> None:
        """The job is left to others from now on; they need not wait. May raise WarehouseUnavailable."""
        if self._holds:
            self._holds, self._said_at = False, None
            self._say(_NOBODY)

    def _look(self) -> bool:
        """A holder that was only slow, while nobody else came, goes on."""
        known, holder, age_seconds = self._warehouse.rows(self._latest)[0]
        is_free = not known or age_seconds > self._pace.expire or holder == _NOBODY
        if known and holder == self._holder and self._said_at is not None:
            if age_seconds > self._pace.renew:
                self._say(self._holder)
            return self._clock() - self._said_at >= self._pace.confirm
        self._said_at = None
        if is_free:
            self._say(self._holder)
            self._said_at = self._clock()
        return False

    def _say(self, holder: str) -> None:
        """The same words again are no copy: each time has a token of its own."""
        settings = {"insert_deduplicate": 0, "insert_deduplication_token": uuid4().hex}
        line = msgspec.json.encode({"holder": holder})
        self._warehouse.insert_lines(self._table, ["holder"], line, settings)
