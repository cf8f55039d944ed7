"""Waiting for servers: what passes is tried again and said aloud, what does not is raised."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from northstream.lifetime import Lifetime, Stopped
from northstream.waiting import NotThere, Patience, wait_at_most, wait_for
from schemas.checkpoints import StoreUnavailable
from schemas.log import LogUnavailable


def attempts(*errors: Exception) -> Callable[[], str]:
    """An attempt that fails in these ways, and then succeeds."""
    due = list(errors)

    def attempt() -> str:
        if due:
            raise due.pop(0)
        return "there"

    return attempt


def test_each_thing_that_is_missing_is_said_once() -> None:
    """A sentence a try would bury the next one."""
    said: list[str] = []
    away = attempts(LogUnavailable("no Kafka"), LogUnavailable("no Kafka"), StoreUnavailable("no warehouse"))
    assert wait_at_most(60.0, away, said.append) == "there"
    assert said == ["no Kafka", "no warehouse"]


def test_patience_ends_with_the_last_error() -> None:
    """Whoever asked tells the user."""
    with pytest.raises(NotThere, match="no tables"):
        wait_at_most(0.0, attempts(NotThere("no tables")), lambda sentence: None)


def test_an_error_that_does_not_pass_is_raised_at_once() -> None:
    """Waiting would not mend it."""
    with pytest.raises(ValueError, match="wrong"):
        wait_at_most(60.0, attempts(ValueError("wrong")), lambda sentence: None)


async def test_a_process_that_is_told_to_stop_waits_no_longer() -> None:
    """SIGTERM ends a role whose servers never come."""
    lifetime = Lifetime()

    def attempt() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        raise LogUnavailable("no Kafka")

    with pytest.raises(Stopped):
        await wait_for(attempt, lifetime, Patience(lambda sentence: None))


async def test_what_fails_in_any_thread_ends_the_waiting() -> None:
    """A part that ends must not leave a process that looks alive."""
    lifetime = Lifetime()
    await asyncio.to_thread(lifetime.fail, RuntimeError("the loader ended"))
    with pytest.raises(RuntimeError, match="the loader ended"):
        await lifetime.first_end_of()
