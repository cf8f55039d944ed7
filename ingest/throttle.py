"""The rate of a key: a bucket of messages that fills steadily (no limit by default).

Does not count requests: a batch of 100 takes 100.
"""

import math
import time
from collections.abc import Callable

from ingest.auth import Grant
from ingest.limits import Limits
from ingest.rejections import Reason, Rejection


class Throttle:
    """One bucket per source, holding at most one second's worth of messages (or one larger batch)."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = limits.events_per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, grant: Grant, messages: int) -> None:
        """Let messages pass; what is taken beyond the bucket has to be waited for by the next. The self-watch is free.

        Raises:
            Rejection: the bucket is empty; `retry_after` says when it no longer is.
        """
        if self._rate is None or grant.watches:
            return
        now = self._clock()
        level, since = self._buckets.get(grant.source, (self._rate, now))
        level = min(self._rate, level + (now - since) * self._rate)
        if level <= 0:
            wait = math.ceil(max(1.0, (1 - level) / self._rate))
            raise Rejection(Reason.RATE_LIMITED, f"this key may send {self._rate:g} events a second", wait)
        self._buckets[grant.source] = (level - messages, now)
