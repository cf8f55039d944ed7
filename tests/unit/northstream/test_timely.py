"""Telemetry that asks servers."""

import threading

import pytest
from prometheus_client.core import Metric

from northstream.telemetry.timely import Timely

LAG = Metric("lag", "What lags.", "gauge")
OTHER = Metric("other", "What does not.", "gauge")


def test_what_takes_too_long_is_left_out_and_asked_for_once() -> None:
    """A server that hangs must make neither the page hang nor a thread for each look at it."""
    answers, asked = threading.Event(), []

    def collect() -> list[Metric]:
        asked.append(True)
        answers.wait()
        return [LAG]

    timely = Timely(collect, lambda: [OTHER], patience_seconds=0.05)
    assert [LAG not in list(timely.collect()) for _ in range(3)] == [True, True, True]
    answers.set()
    while LAG not in list(timely.collect()):
        assert len(asked) == 1


def test_what_is_told_in_time_is_told() -> None:
    """Whatever else hangs."""
    answers = threading.Event()

    def hang() -> list[Metric]:
        answers.wait()
        return [LAG]

    timely = Timely(hang, lambda: [OTHER], patience_seconds=0.05)
    # The first look may end before the thread of the other has begun.
    while OTHER not in (told := list(timely.collect())):
        pass
    assert LAG not in told
    answers.set()


def test_each_look_asks_anew() -> None:
    """A page is as fresh as its request."""
    asked = []

    def collect() -> list[Metric]:
        asked.append(True)
        return [LAG]

    timely = Timely(collect)
    assert [list(timely.collect()) for _ in range(3)] == [[LAG]] * 3
    assert len(asked) == 3


def test_what_fails_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A page that is an error would take this process for dead, for one question that it cannot answer."""

    def fail() -> list[Metric]:
        raise LookupError("no longer retained")

    timely = Timely(fail, lambda: [OTHER])
    assert [list(timely.collect()) for _ in range(2)] == [[OTHER]] * 2
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
