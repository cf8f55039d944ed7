"""What every Kafka client of ours is set up with, and how much its library may say in the logs.

Does not hold connections: each client has its own.
"""

import logging
import time
from threading import Lock
from typing import Any

REQUEST_TIMEOUT_MS = 5_000
BOOTSTRAP_TIMEOUT_MS = 3_000
_RECONNECT_BACKOFF_MAX_MS = 500
"""The libraries double their pause up to 30 s: a broker that is back would wait for us."""

_LIBRARIES = ("kafka", "aiokafka")
_SPEAK_AGAIN_SECONDS = 60.0


def client_settings(brokers: str) -> dict[str, Any]:
    """Settings of kafka-python that producers, consumers and admin clients share. `brokers` is `host:port,…`."""
    return {
        "bootstrap_servers": [broker.strip() for broker in brokers.split(",")],
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS,
        "reconnect_backoff_max_ms": _RECONNECT_BACKOFF_MAX_MS,
    }


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
        kind = (record.name, record.levelno, str(record.msg))
        now = time.monotonic()
        with self._guard:
            said = self._said.get(kind)
            if said is not None and now - said < _SPEAK_AGAIN_SECONDS:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return
            self._said[kind] = now
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this before)", None
        logging.getLogger().handle(record)


def calm_client_logs() -> None:
    """Let the Kafka libraries speak seldom, and only of what somebody may have to look into."""
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        if not any(isinstance(handler, CalmHandler) for handler in logger.handlers):
            logger.setLevel(logging.WARNING)
            logger.propagate = False
            logger.addHandler(CalmHandler())
