"""What one thread holds while it answers a question that is made of many, so that all of it is of one moment.

Does not look at anything by itself.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Moment:
    """Of each thread its own; nothing is held outside `hold`."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Until the end, what was found once in this thread is found again. Within another it changes nothing."""
        if self.is_held:
            yield
            return
        self._of_thread.held = {}
        try:
            yield
        finally:
            del self._of_thread.held

    @property
    def is_held(self) -> bool:
        return hasattr(self._of_thread, "held")

    def get(self, name: Hashable, find: Callable[[], T]) -> T:
        """What was found under this name in the moment; found anew when none is held."""
        if not self.is_held:
            return find()
        held: dict[Hashable, T] = self._of_thread.held
        if name not in held:
            held[name] = find()
        return held[name]
