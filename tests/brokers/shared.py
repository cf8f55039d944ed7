"""The one broker that all tests of a run share; each test takes a topic prefix of its own.

Not for tests that stop or kill a broker: those start their own (`brokers.kafka`).
"""

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest
from brokers.kafka import Kafka, why_no_kafka


def require_kafka() -> None:
    """Skip the test with the reason if no broker can run here; with CI set that is a failure."""
    reason = why_no_kafka()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def shared_kafka() -> Kafka:
    """The running broker of this test run; skips as `require_kafka`."""
    require_kafka()
    return _started()


@cache
def _started() -> Kafka:
    folder = tempfile.TemporaryDirectory(prefix="northstream-kafka-")
    broker = Kafka(Path(folder.name))
    # Last registered runs first: the broker ends before its folder goes.
    atexit.register(folder.cleanup)
    atexit.register(broker.stop)
    broker.start()
    return broker
