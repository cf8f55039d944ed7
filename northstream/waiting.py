"""Waiting for servers that are not up yet, and saying for which.

Does not know any server: the attempt is handed in.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from northstream.lifetime import Lifetime, Stopped
from schemas.checkpoints import StoreUnavailable
from schemas.log import LogUnavailable

AGAIN_SECONDS = 10.0
"""What is waited for is said so often."""

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)

T = TypeVar("T")


class NotThere(Exception):
    """Something that somebody else makes is not there yet; one sentence about what to do."""


PASSING = (NotThere, LogUnavailable, StoreUnavailable)
"""What an attempt may raise to be made again."""


class Patience:
    """Growing pauses, and a sentence whenever another one is due."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pause = _FIRST_PAUSE_SECONDS
        self.missing = ""
        """What is waited for; empty before anything failed."""
        self._said_at = 0.0

    def failed(self, error: Exception) -> float:
        """Take note of a failed attempt; the seconds to wait before the next."""
        sentence = " ".join(str(error).split())
        now = time.monotonic()
        if sentence != self.missing or now - self._said_at >= AGAIN_SECONDS:
            self.missing, self._said_at = sentence, now
            self._say(sentence)
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return pause


async def wait_for(attempt: Callable[[], T], lifetime: Lifetime, patience: Patience | None = None) -> T:
    """What the attempt, made in a thread, gives in the end; however long its server stays away.

    Raises:
        Stopped: the process was told to stop.
    """
    patience = patience or Patience(_log_waiting)
    while True:
        try:
            return await asyncio.to_thread(attempt)
        except PASSING as error:
            await lifetime.rest(patience.failed(error))
        if lifetime.is_stopping:
            raise Stopped


def wait_at_most(seconds: float, attempt: Callable[[], T], say: Callable[[str], None]) -> T:
    """What the attempt gives within the time; it is made at least once.

    Raises:
        NotThere, LogUnavailable, StoreUnavailable: of the last attempt.
    """
    patience = Patience(say)
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except PASSING as error:
            if time.monotonic() >= deadline:
                raise
            time.sleep(patience.failed(error))


def _log_waiting(sentence: str) -> None:
    log.warning("waiting: %s", sentence)
