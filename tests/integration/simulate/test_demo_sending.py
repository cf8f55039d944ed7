"""The demo's sender against a real HTTP server: patience, order, resumption, the books.

Does not check the product's answers to the events: see the tests of the collector.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulate.demo import Size, run_demo
from simulate.marker import Marker, read_marker, write_marker
from simulate.send import Sender, SendFailed, Sent


class Collector:
    """Stores what comes to /v1/batch; fails the first requests with the given statuses."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)
        self.batches: list[list[dict[str, Any]]] = []
        self.facts: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.stop_at: tuple[int, threading.Event] | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.keys.add(self.headers["authorization"])
                if outer.failures:
                    self._answer(outer.failures.pop(0), {"success": False})
                    return
                if self.path == "/api/facts":
                    outer.facts += body["facts"]
                    self._answer(200, {"changed": len(body["facts"])})
                    return
                outer.batches.append(body["batch"])
                if outer.stop_at is not None and outer.stored >= outer.stop_at[0]:
                    outer.stop_at[1].set()
                self._answer(200, {"accepted": len(body["batch"]), "quarantined": 0})

            def do_GET(self) -> None:
                self._answer(200, {"accepted": outer.stored})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def stored(self) -> int:
        return sum(len(batch) for batch in self.batches)

    def ids(self) -> list[str]:
        return [message["messageId"] for batch in self.batches for message in batch]


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.server.shutdown()
    started.server.server_close()


def stream(count: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for number in range(count):
        yield number, {"messageId": f"m{number}", "type": "page", "userId": "u"}


async def test_all_messages_arrive_though_the_collector_is_busy_at_first(collector: Collector) -> None:
    """503 and 429 are waited out; every message arrives once, and reports come in the stream's order."""
    collector.failures = [503, 429]
    reports: list[Sent] = []
    async with Sender(collector.url, "wk_demo") as sender:
        await sender.send_all(stream(2_100), reports.append)
    assert sorted(collector.ids()) == sorted(f"m{number}" for number in range(2_100))
    assert [report.until_ms for report in reports] == sorted(report.until_ms for report in reports)
    assert sum(report.accepted for report in reports) == 2_100
    assert len(collector.keys) == 1


async def test_a_refused_key_ends_the_sending(collector: Collector) -> None:
    """401 is no reason to try again."""
    collector.failures = [401]
    async with Sender(collector.url, "wrong") as sender:
        with pytest.raises(SendFailed, match="401"):
            await sender.send_all(stream(10), lambda _sent: None)


SMALL = Size(days=40, people=100)


def test_a_demo_that_was_stopped_goes_on_and_a_complete_one_sends_no_history_again(
    collector: Collector, tmp_path: Path
) -> None:
    """Stopped in its history: the second start completes it. The third sends live traffic and what happened since."""
    stop = threading.Event()
    collector.stop_at = (1_500, stop)
    run_demo(collector.url, "wk", "sk", tmp_path, 5, stop, SMALL)
    broken_off = read_marker(tmp_path)
    assert broken_off is not None
    assert 0 < broken_off.sent_until_ms < broken_off.end_ms
    stop.clear()
    live = threading.Event()
    collector.stop_at = (10**9, stop)
    watcher = threading.Thread(target=stop_when_live, args=(collector, stop, live))
    watcher.start()
    run_demo(collector.url, "wk", "sk", tmp_path, 5, stop, SMALL)
    watcher.join()
    complete = read_marker(tmp_path)
    assert complete is not None
    assert complete.sent_until_ms >= complete.end_ms
    history = {name for name in collector.ids() if name.startswith("sim-")}
    collector.batches = [[{"messageId": "kept"}]]
    stop.clear()
    watcher = threading.Thread(target=stop_when_live, args=(collector, stop, live))
    watcher.start()
    run_demo(collector.url, "wk", "sk", tmp_path, 5, stop, SMALL)
    watcher.join()
    assert not history & set(collector.ids())
    assert read_marker(tmp_path) is not None
    days = {fact["date"] for fact in collector.facts}
    assert SMALL.days <= len(days) <= SMALL.days + 2  # the books from the first day to today, once more at each start


def stop_when_live(collector: Collector, stop: threading.Event, tick: threading.Event) -> None:
    """Stop the demo once a live message has arrived."""
    while not any(name.startswith("live-") for name in collector.ids()):
        tick.wait(0.05)
    stop.set()


def test_a_marker_beside_an_empty_log_counts_for_nothing(collector: Collector, tmp_path: Path) -> None:
    """Whoever removes the log but not the marker gets the whole history again."""
    write_marker(tmp_path, Marker(5, 100, "2026-01-01", 1_780_000_000_000, 1_780_000_000_000))
    stop = threading.Event()
    collector.stop_at = (500, stop)
    run_demo(collector.url, "wk", "sk", tmp_path, 5, stop, SMALL)
    assert "sim-5-0000-00000" in collector.ids()


def test_a_broken_marker_is_no_marker(tmp_path: Path) -> None:
    """A torn or foreign file is ignored."""
    (tmp_path / "demo.json").write_text('{"seed": 5')
    assert read_marker(tmp_path) is None
