"""The alerter killed and started again: nothing repeated, nothing forgotten.

Does not test delivery itself: see test_alert_delivery.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alerting.store import AlertStore

SCRIPT = Path(__file__).parent / "alerter_process.py"


@contextmanager
def process(folder: Path, url: str) -> Iterator[None]:
    """An alerter process, killed without warning at the end."""
    started = subprocess.Popen([sys.executable, str(SCRIPT), str(folder), url])
    try:
        yield
    finally:
        started.kill()
        started.wait()


def delivered(folder: Path) -> int:
    """How many messages the outbox knows to be delivered: a kill before that may repeat one, with its id."""
    store = AlertStore(folder / "alerts.db")
    counts = store.outbox.counts()
    store.close()
    return counts.get("delivered", 0)


def test_one_start_and_one_end_through_kills(answering: Any, until: Callable[..., None], tmp_path: Path) -> None:
    """Killed while firing, and again while the end waits for a receiver that fails: one start id, one end id."""
    ops = answering((200, {}), (500, {}))
    value = tmp_path / "value"
    value.write_text("30")
    with process(tmp_path, ops.url):
        until(lambda: delivered(tmp_path) == 1)
    with process(tmp_path, ops.url):
        value.write_text("3")
        until(lambda: len(ops.arrivals) >= 2)
    ops.script[:] = [(200, {})]
    before = len(ops.arrivals)
    value.write_text("30")
    with process(tmp_path, ops.url):
        until(lambda: len({arrival.headers["webhook-id"] for arrival in ops.arrivals}) == 3)
    messages = [(json.loads(arrival.body), arrival.headers["webhook-id"]) for arrival in ops.arrivals]
    first_alert = messages[0][0]["data"]["alert_id"]
    assert {body["data"]["alert_id"] for body, _ in messages[:before]} == {first_alert}
    assert [body["type"] for body, _ in messages[:before]].count("alert.firing") == 1
    assert messages[-1][0]["type"] == "alert.firing"
    assert messages[-1][0]["data"]["alert_id"] != first_alert
