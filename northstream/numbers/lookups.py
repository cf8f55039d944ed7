"""Looks up in the background what may take its time, so that nobody who judges waits for it.

Does not know what is looked up: questions bring their own way of asking.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from clickhouse_connect.driver.exceptions import ClickHouseError

from alerting.numbers import NotLookedUp, NotYetKnown
from schemas.reading import ReadingUnavailable

FIRST_ANSWER_SECONDS = 15.0
"""A question that has no answer by then is said to have none; until then its rule is not judged."""

REST = 10.0
"""What is dear rests for so many times what it cost …"""

MOST_REST = 0.5
"""… but not for more than this part of the age that its answer may have."""

_FORGET_SECONDS = 120.0
_PAUSE_SECONDS = 0.25

T = TypeVar("T")

log = logging.getLogger(__name__)


class Manner(NamedTuple):
    """How often a question is asked anew, and how old an answer may be that is told."""

    every_seconds: float
    most_age_seconds: float


@dataclass(slots=True)
class _Asked:
    """`answer_at`: when the latest answer was asked for; `tried_at`: when it was asked last, whatever came of it."""

    ask: Callable[[], Any]
    manner: Manner
    first_wanted_at: float
    wanted_at: float
    answer: Any = None
    answer_at: float | None = None
    tried_at: float | None = None
    cost_seconds: float = 0.0
    error: Exception | None = None

    def due_at(self) -> float:
        if self.tried_at is None:
            return float("-inf")
        rest = min(REST * self.cost_seconds, MOST_REST * self.manner.most_age_seconds)
        return self.tried_at + max(self.manner.every_seconds, rest)


class Lookups:
    """`run` in one thread, `get` in another. `clock` gives monotonic seconds.

    One question is asked after another, the one that is most overdue first; those that nobody asks for any more are
    forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._questions: dict[Hashable, _Asked] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def get(self, question: Hashable, ask: Callable[[], T], manner: Manner) -> T:
        """The latest answer, within the age that its manner allows.

        Raises:
            NotYetKnown: it was asked for just now.
            NotLookedUp: as `ask` raised it.
            ReadingUnavailable: there is no answer that is young enough; the message says why.
        """
        now = self._clock()
        with self._lock:
            asked = self._questions.get(question)
            if asked is None:
                asked = self._questions[question] = _Asked(ask, manner, now, now)
                self._wake.set()
            asked.ask, asked.manner, asked.wanted_at = ask, manner, now
            return self._told(asked, now)  # type: ignore[no-any-return]

    def run(self) -> None:
        """Look up until `stop`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self.round()
            self._wake.wait(_PAUSE_SECONDS)

    def stop(self) -> None:
        """A question under way is not waited for longer than a process may take to end."""
        self._stopping.set()
        self._wake.set()

    def round(self) -> None:
        """Ask everything that is due, once."""
        done: set[Hashable] = set()
        while not self._stopping.is_set() and (question := self._most_overdue(done)) is not None:
            done.add(question)
            self._look_up(question)

    def _told(self, asked: _Asked, now: float) -> Any:
        if isinstance(asked.error, NotLookedUp):
            raise asked.error
        if asked.answer_at is not None:
            age = now - asked.answer_at
            if age <= asked.manner.most_age_seconds:
                return asked.answer
            because = "others take their time" if asked.error is None else _words(asked.error)
            raise ReadingUnavailable(f"the latest answer is {age:.0f} s old: {because}")
        if asked.error is not None:
            raise ReadingUnavailable(_words(asked.error)) from asked.error
        if now - asked.first_wanted_at < FIRST_ANSWER_SECONDS:
            raise NotYetKnown("it is being looked up")
        raise ReadingUnavailable("it is still being looked up")

    def _most_overdue(self, done: set[Hashable]) -> Hashable | None:
        now = self._clock()
        with self._lock:
            self._questions = {
                key: asked for key, asked in self._questions.items() if now - asked.wanted_at <= _FORGET_SECONDS
            }
            due = [(asked.due_at(), key) for key, asked in self._questions.items() if key not in done]
        overdue = [one for one in due if one[0] <= now]
        return min(overdue, key=lambda one: one[0])[1] if overdue else None

    def _look_up(self, question: Hashable) -> None:
        with self._lock:
            asked = self._questions.get(question)
        if asked is None:
            return
        began = self._clock()
        answer, error = _answered(asked.ask)
        with self._lock:
            asked.tried_at, asked.cost_seconds = began, self._clock() - began
            is_new = error is not None and type(error) is not type(asked.error)
            asked.error = error
            if error is None:
                asked.answer, asked.answer_at = answer, began
        if error is not None and is_new:
            # What nobody expected says where it comes from.
            expected = isinstance(error, (NotLookedUp, ReadingUnavailable, ClickHouseError))
            log.warning("what a rule looks at cannot be looked up: %s", error, exc_info=None if expected else error)


def _words(error: Exception) -> str:
    return str(error).strip() or type(error).__name__


def _answered(ask: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return ask(), None
    except Exception as error:
        # The border of a fault: one number that cannot be had must not end the process that counts and loads.
        return None, error
