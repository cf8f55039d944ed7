"""Keeps telemetry prompt although some of it asks servers that may hang: what takes too long, or fails, is left out.

Does not stop what was asked; the next look waits for the same answer.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

from prometheus_client.core import Metric

PATIENCE_SECONDS = 5.0
"""Scrapers wait ten seconds for the whole page."""

log = logging.getLogger(__name__)

Collect = Callable[[], Iterable[Metric]]


class Timely:
    """Asks each of `asked` in a thread of its own, all at once; one question of each is under way at a time."""

    def __init__(self, *asked: Collect, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._asked = asked
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._answers: dict[Collect, Future[list[Metric]]] = {}

    def collect(self) -> Iterator[Metric]:
        """What is told in time; an answer that a look before this one waited for in vain is as good.

        A question that fails costs its own numbers only; log lines are counted by level.
        """
        with self._lock:
            answers = {asked: self._answers.get(asked) or _ask(asked) for asked in self._asked}
            self._answers = answers.copy()
        deadline = time.monotonic() + self._patience
        for asked, answer in answers.items():
            try:
                metrics = answer.result(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                continue
            except Exception:
                # The last frame of the question's own thread: without the rest nobody would see how this process does.
                log.exception("telemetry is left out: it could not be told")
                continue
            finally:
                self._forget(asked, answer)
            yield from metrics

    def _forget(self, asked: Collect, answer: "Future[list[Metric]]") -> None:
        with self._lock:
            if answer.done() and self._answers.get(asked) is answer:
                del self._answers[asked]


def _ask(asked: Collect) -> "Future[list[Metric]]":
    answer: Future[list[Metric]] = Future()

    def run() -> None:
        try:
            answer.set_result(list(asked()))
        except Exception as error:
            # The last frame of the thread: raised where the answer is awaited.
            answer.set_exception(error)

    threading.Thread(target=run, name="telemetry", daemon=True).start()
    return answer
