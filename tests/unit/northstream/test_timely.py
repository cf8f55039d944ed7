"""Telemetry that asks servers."""

import threading

from prometheus_client.core import Metric

from northstream.telemetry.timely import Timely

LAG = Metric("lag", "What lags.", "gauge")


def test_what_takes_too_long_is_left_out_and_asked_for_once() -> None:
    """A server that hangs must make neither the page hang nor a thread for each look at it."""
    answers, asked = threading.Event(), []

    def collect() -> list[Metric]:
        asked.append(True)
        answers.wait()
        return [LAG]

    timely = Timely(collect, patience_seconds=0.01)
    assert [list(timely.collect()) for _ in range(3)] == [[], [], []]
    answers.set()
    patient = Timely(timely.collect)
    while not (told := list(patient.collect())):
        pass
    assert (told, len(asked)) == ([LAG], 1)


def test_each_look_asks_anew() -> None:
    """A page is as fresh as its request."""
    asked = []

    def collect() -> list[Metric]:
        asked.append(True)
        return [LAG]

    timely = Timely(collect)
    assert [list(timely.collect()) for _ in range(3)] == [[LAG]] * 3
    assert len(asked) == 3
