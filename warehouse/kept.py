"""Answers that are kept for as long as what they were read from stands.

Does not know when that changes: a mark tells, read before the question is asked.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

LIMIT = 256
"""Answers kept at a time; beyond it the question that was asked anew longest ago is forgotten."""

T = TypeVar("T")


class KeptWhile(Generic[T]):
    """The last answer to each question, with its mark. Safe to use from several threads.

    An answer holds at least what stood at its mark, so a mark that is still the same vouches for it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: dict[Hashable, tuple[Hashable, T]] = {}

    def get(self, mark: Hashable, question: Hashable, ask: Callable[[], T]) -> T:
        """The answer under this mark; readers share it and must not change it. Errors of `ask` are passed on."""
        with self._lock:
            kept = self._answers.get(question)
        if kept is not None and kept[0] == mark:
            return kept[1]
        answer = ask()
        with self._lock:
            self._answers.pop(question, None)
            self._answers[question] = (mark, answer)
            if len(self._answers) > LIMIT:
                del self._answers[next(iter(self._answers))]
        return answer
