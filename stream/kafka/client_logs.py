"""Keeps the Kafka libraries from flooding the log: while a broker is away they say the same a hundred times a second.

Does not hide anything: of each kind of message one is let through a minute, with the number of those left out.
"""

import logging
import time
from threading import Lock

_LIBRARIES = ("kafka", "aiokafka", "faust.transport.drivers.aiokafka")
"""Loggers whose own handler takes what the loggers below them say (a filter would not be inherited)."""

_OWN_LOOP = "kafka.net.selector"
"""Warns of each time that its own loop was held up, as on every busy machine: nobody can do anything about it."""

_SPEAK_AGAIN_SECONDS = 60.0
_MOST_KINDS = 1000


class CalmHandler(logging.Handler):
    """Passes on to the root logger's handlers one line per kind of message and minute, with how many were left out.

    While a broker is away the libraries write about a hundred lines a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guard = Lock()
        self._said: dict[tuple[str, int, str], float] = {}
        self._left_out: dict[tuple[str, int, str], int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        root = logging.getLogger()
        if record.levelno < root.getEffectiveLevel():
            # Handing a record to a logger does not ask for its level.
            return
        kind = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        with self._guard:
            said = self._said.get(kind)
            if said is not None and now - said < _SPEAK_AGAIN_SECONDS:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return
            if len(self._said) >= _MOST_KINDS:
                # Messages that hold their values in themselves would be a kind each.
                self._said.clear()
                self._left_out.clear()
            self._said[kind] = now
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this before)", None
        root.handle(record)


def calm_client_logs() -> None:
    """Let the Kafka libraries speak seldom, and only of what somebody may have to look into; again does no harm."""
    logging.getLogger(_OWN_LOOP).setLevel(logging.ERROR)
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, CalmHandler) for handler in logger.handlers):
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.WARNING)
            logger.propagate = False
            logger.addHandler(CalmHandler())
