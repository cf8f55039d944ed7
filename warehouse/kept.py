"""Answers that are kept for as long as what they were read from stands.

Does not know when that changes: a mark tells, read before the question is asked.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

LIMIT = 256
"""Answers kept at a time; more questions than this are asked anew each time."""

T = TypeVar("T")


class KeptWhile(Generic[T]):
    """Answers by question, all of them dropped when the mark changes. Safe to use from several threads.

    An answer holds at least what stood at its mark, so a mark that is still the same vouches for it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._mark: Hashable = None
        self._answers: dict[Hashable, T] = {}

    def get(self, mark: Hashable, question: Hashable, ask: Callable[[], T]) -> T:
        """The answer under this mark; readers share it and must not change it. Errors of `ask` are passed on."""
        with self._lock:
            if self._mark != mark:
                self._mark, self._answers = mark, {}
            elif question in self._answers:
                return self._answers[question]
        answer = ask()
        with self._lock:
            if self._mark == mark and len(self._answers) < LIMIT:
                self._answers[question] = answer
        return answer
