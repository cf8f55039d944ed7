"""What every way to a receiver can do: take one message there, once, within its time.

Does not say when to try again for good: a channel only hands on what the receiver asks for.
"""

from dataclasses import dataclass
from typing import Protocol

from alerting.outbox import Waiting


@dataclass(frozen=True, slots=True)
class Delivered:
    """All of the receiver has it. `detail`: what it answered; no secret."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not all of the receiver has it. `detail` says why, without a secret.

    `after_seconds`: it asks to be left alone so long. `done`: the places of it that have the message by now, by names
    that the channel knows again (see `Waiting`).
    """

    detail: str
    after_seconds: float | None = None
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Dead:
    """The receiver will never take it."""

    detail: str


Outcome = Delivered | Retry | Dead


class Channel(Protocol):
    """The way to one receiver."""

    async def deliver(self, message: Waiting, now_ms: int) -> Outcome:
        """Try once. Ends within the channel's time whatever the receiver does, and raises nothing for what it does."""
        ...

    async def keep_alive(self) -> None:
        """For ever: whatever the receiver must be told again and again. Ends at once if it need not."""
        ...
