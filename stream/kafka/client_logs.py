"""Keeps the Kafka clients from flooding the log: while a broker is away they say the same thing many times a second.

Does not hide anything: of each sentence one is let through every ten seconds, with the number of those held back.
"""

import logging
import time
from collections.abc import Callable

REPEAT_SECONDS = 10.0

_LOGGERS = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
    "faust.transport.drivers.aiokafka",
)
"""A filter is not inherited by the loggers below, so each is named."""


class OncePerWhile(logging.Filter):
    """Lets a sentence (before its values are put in) pass once in a while."""

    def __init__(self, seconds: float = REPEAT_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._passed: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one passes."""
        sentence = (record.name, str(record.msg))
        now = self._clock()
        last, held_back = self._passed.get(sentence, (now - self._seconds, 0))
        if now - last < self._seconds:
            self._passed[sentence] = (last, held_back + 1)
            return False
        self._passed[sentence] = (now, 0)
        if held_back:
            record.msg = f"{record.msg} ({held_back} more like this were held back)"
        return True


def calm_client_logs() -> None:
    """Put one filter on every logger of the clients; again does no harm."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, OncePerWhile) for one in logger.filters):
            logger.addFilter(OncePerWhile())
