"""Answers, kept while nothing has changed; dear ones for a while longer.

Does not compute, and does not know what has changed: a number tells that something has.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, NamedTuple

LIMIT = 400
DEAR_SECONDS = 0.25
"""What took longer may be told again although something has changed …"""

PATIENCE = 30.0
"""… for so many times as long as it took, a minute at most."""

_LONGEST_SECONDS = 60.0


class _Kept(NamedTuple):
    generation: int
    answer: Any
    at: float
    cost_seconds: float


class KeptAnswers:
    """Safe to use from several threads; one of several that ask the same computes it. No answer is None."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._computing: dict[Hashable, Lock] = {}

    def get(
        self, question: Hashable, generation: int, compute: Callable[[], Any], may_be_older: Callable[[], bool]
    ) -> Any:
        """Errors of `compute` are passed on. `may_be_older` is asked only of a dear answer that is old by now."""
        if (kept := self._found(question, generation, may_be_older)) is not None:
            return kept
        with self._lock:
            computing = self._computing.setdefault(question, Lock())
        with computing:
            if (kept := self._found(question, generation, may_be_older)) is not None:
                return kept
            began = time.monotonic()
            answer = compute()
            self._keep(question, _Kept(generation, answer, began, time.monotonic() - began))
            return answer

    def _found(self, question: Hashable, generation: int, may_be_older: Callable[[], bool]) -> Any:
        with self._lock:
            kept = self._kept.get(question)
            if kept is None:
                return None
            self._kept.move_to_end(question)
        if kept.generation == generation or (_is_dear(kept) and may_be_older()):
            return kept.answer
        return None

    def _keep(self, question: Hashable, kept: _Kept) -> None:
        with self._lock:
            self._kept[question] = kept
            self._computing.pop(question, None)
            while len(self._kept) > LIMIT:
                self._kept.popitem(last=False)


def _is_dear(kept: _Kept) -> bool:
    if kept.cost_seconds < DEAR_SECONDS:
        return False
    return time.monotonic() - kept.at < min(PATIENCE * kept.cost_seconds, _LONGEST_SECONDS)
