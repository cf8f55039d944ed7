"""Keeps telemetry prompt although some of it asks servers that may hang: what takes too long is left out of the page.

Does not stop what was asked; the next look waits for the same answer.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

from prometheus_client.core import Metric

PATIENCE_SECONDS = 2.0
"""Scrapers wait ten seconds for the whole page."""


class Timely:
    """Asks `collect` in a thread of its own, one at a time."""

    def __init__(self, collect: Callable[[], Iterable[Metric]], patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._collect = collect
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._answer: Future[list[Metric]] | None = None

    def collect(self) -> Iterator[Metric]:
        """What is told in time; an answer that a look before this one waited for in vain is as good."""
        with self._lock:
            answer = self._answer or self._ask()
            self._answer = answer
        try:
            metrics = answer.result(self._patience)
        except TimeoutError:
            return
        finally:
            with self._lock:
                if answer.done() and self._answer is answer:
                    self._answer = None
        yield from metrics

    def _ask(self) -> "Future[list[Metric]]":
        answer: Future[list[Metric]] = Future()
        threading.Thread(target=self._run, args=(answer,), name="telemetry", daemon=True).start()
        return answer

    def _run(self, answer: "Future[list[Metric]]") -> None:
        try:
            answer.set_result(list(self._collect()))
        except Exception as error:
            # The last frame of the thread: raised where the answer is awaited.
            answer.set_exception(error)
