"""`complete_through` while events keep coming: it moves on, however seldom it is asked for."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from system.installation import Installation, running

PATIENCE_SECONDS = 90.0
_PUBLICATIONS = 16
"""Far more rounds than a message needs to be counted together with the hand-offs that it caused."""


def visitor(number: int) -> list[dict[str, Any]]:
    """Somebody who comes by a device, logs in, and signs up by the device: the signup is handed on to the user."""
    at = datetime.now(UTC).isoformat()
    device, user = {"anonymousId": f"device {number}"}, {"userId": f"user {number}"}
    track = {"type": "track", "timestamp": at}
    return [
        track | device | {"event": "Pricing Viewed", "messageId": f"looks {number}"},
        track | device | user | {"event": "Task Completed", "messageId": f"logs in {number}"},
        track | device | {"event": "Account Created", "messageId": f"signs up {number}"},
    ]


@contextmanager
def steady_traffic(product: Installation) -> Iterator[None]:
    stopping = threading.Event()
    failures: list[BaseException] = []

    def send() -> None:
        try:
            for number in count(0, 5):
                product.send(*(message for one in range(number, number + 5) for message in visitor(one)))
                if stopping.wait(0.05):
                    return
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
    assert not failures


def published_version(product: Installation) -> int:
    """How often the slowest partition has published; asks nobody how complete anything is."""
    latest = "SELECT max(version) AS last FROM northstream.counter_heads GROUP BY partition"
    [row] = product.rows(f"SELECT min(last) AS version FROM ({latest})")
    return int(row["version"])


def wait_for_publications(product: Installation, more: int) -> None:
    target = published_version(product) + more
    deadline = time.monotonic() + PATIENCE_SECONDS
    while published_version(product) < target:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def complete_through(product: Installation) -> datetime | None:
    moment = product.get("/api/quality")["complete_through"]
    return None if moment is None else datetime.fromisoformat(moment)


def test_under_steady_traffic_it_moves_on_between_two_questions(tmp_path: Path) -> None:
    """Nobody asks for a long time; the first answer then is later than the question before."""
    with running(tmp_path / "data") as product, steady_traffic(product):
        wait_for_publications(product, 2)
        for _ in range(2):
            complete_through(product)
            asked = datetime.now(UTC)
            wait_for_publications(product, _PUBLICATIONS)
            reached = complete_through(product)
            assert reached is not None
            assert reached > asked
