"""How long a read waits: for a slow warehouse as long as it takes, for one that has stopped in its tracks not."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dashboard.failures import Failure, Reason
from dashboard.reading import Reader
from schemas.reading import ReadingUnavailable

PATIENCE_SECONDS = 0.2


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    """Questions that wait for it go on when the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("silent", [False, True])
async def test_a_warehouse_that_answers_nothing_is_given_up(hold: threading.Event, silent: bool) -> None:
    """503 after the patience, whether the probe is refused or hangs as the read does."""

    def is_there() -> bool:
        return hold.wait() if silent else False

    reader = Reader(PATIENCE_SECONDS, is_there)
    with pytest.raises(Failure) as refused:
        await reader.ask(hold.wait)
    assert refused.value.reason is Reason.UNAVAILABLE
    with pytest.raises(ReadingUnavailable):
        await reader.once(hold.wait)


async def test_a_heavy_question_goes_on_while_the_warehouse_answers_others(hold: threading.Event) -> None:
    """However long it takes."""
    probes: list[float] = []

    def is_there() -> bool:
        probes.append(time.monotonic())
        if len(probes) == 4:
            hold.set()
        return True

    assert await Reader(PATIENCE_SECONDS, is_there).ask(hold.wait) is True
    assert probes[-1] - probes[0] > PATIENCE_SECONDS


async def test_a_prompt_answer_costs_no_probe() -> None:
    """The warehouse is asked nothing more."""

    def is_there() -> bool:
        raise AssertionError("asked")

    def fails() -> None:
        raise KeyError("defect")

    reader = Reader(60.0, is_there)
    assert await reader.ask(lambda: 5) == 5
    with pytest.raises(KeyError):
        await reader.ask(fails)


async def test_many_questions_share_a_probe(hold: threading.Event) -> None:
    """A crowd of viewers adds nothing to the burden of a slow warehouse; those who queue here are not forgotten."""
    counted: list[Callable[[], bool]] = []

    def is_there() -> bool:
        counted.append(is_there)
        return hold.wait()

    reader = Reader(PATIENCE_SECONDS, is_there)
    answers = await asyncio.gather(*(reader.ask(hold.wait) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, Failure) for answer in answers)
    assert len(counted) == 1
