"""Tells the log of mistakes in our own code at the edge of a receiver, each kind once, without what they say.

Does not catch them: whoever stands at the edge does.
"""

import logging
import traceback

log = logging.getLogger(__name__)


class Mistakes:
    """Of one receiver."""

    def __init__(self, receiver: str) -> None:
        self._receiver = receiver
        self._told: set[type[Exception]] = set()

    def tell(self, mistake: Exception) -> None:
        """Where it happened and its type; its own words may hold an address or a secret."""
        if type(mistake) in self._told:
            return
        self._told.add(type(mistake))
        where = "".join(traceback.format_tb(mistake.__traceback__))
        log.error("a mistake in delivering: %s\n%s", type(mistake).__name__, where, extra={"receiver": self._receiver})
