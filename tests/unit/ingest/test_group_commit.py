"""Group commit: what waits goes together, nothing is promised before it is durable, and marks never lie."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.blocks import Portion, pack
from ingest.limits import Limits
from ingest.packer import Packer
from ingest.rejections import Reason, Rejection
from ingest.telemetry import Telemetry
from schemas.log import LogUnavailable
from schemas.topics import MAX_BLOCK_BYTES, MAX_BLOCK_EVENTS, Kind, Topic


def lines(partition: int, *values: str, kind: Kind = Kind.EVENTS) -> Portion:
    return Portion(Topic.EVENTS, partition, kind, len(values), 0, "".join(f"{value}\n" for value in values).encode())


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ms = 1000

    def __call__(self) -> int:
        return self.now_ms


def packer_over(log: Any, clock: Hands | None = None, on_failure: Any = print, **limits: Any) -> Packer:
    limits_ = Limits(**{"idle_mark_seconds": 60.0} | limits)
    packer = Packer(log, "c-1", limits_, clock or Hands(), Telemetry(), on_failure)
    packer.start()
    return packer


def submit(packer: Packer, *portions: Portion) -> asyncio.Future[None]:
    packer.arrive()
    try:
        return packer.submit(portions)
    finally:
        packer.let_go()


async def test_a_lone_request_is_appended_at_once(memory_log: Any) -> None:
    """Nobody waits for a batch to fill."""
    packer = packer_over(memory_log)
    await submit(packer, lines(1, "a"))
    assert [record.value for record in memory_log.records] == [b"a\n"]
    await packer.stop()


async def test_what_arrives_meanwhile_goes_together_in_order(memory_log: Any) -> None:
    """One append, one record per partition and kind, lines in the order of arrival, numbers without gaps."""
    packer = packer_over(memory_log)
    memory_log.gate.clear()
    waiting = [submit(packer, lines(0, "first"))]
    await asyncio.to_thread(_until, lambda: packer.waiting_bytes == 0)
    for number in range(5):
        waiting.append(submit(packer, lines(0, f"e{number}"), lines(2, f"l{number}", kind=Kind.LINKS)))
    memory_log.gate.set()
    await asyncio.gather(*waiting)
    assert len(memory_log.appends) == 2
    together = {(record.partition, record.kind): record.value for record in memory_log.appends[1]}
    assert together == {
        (0, Kind.EVENTS): b"e0\ne1\ne2\ne3\ne4\n",
        (2, Kind.LINKS): b"l0\nl1\nl2\nl3\nl4\n",
    }
    assert [record.sequence for record in memory_log.records] == [1, 2, 3]
    await packer.stop()


async def test_a_refused_append_promises_nothing_and_uses_up_no_number(memory_log: Any) -> None:
    """Each sender learns of it; the next append goes on with the same number."""
    packer = packer_over(memory_log)
    memory_log.refuses = True
    with pytest.raises(LogUnavailable):
        await submit(packer, lines(0, "lost"))
    assert not packer.is_writable
    memory_log.refuses = False
    await submit(packer, lines(0, "kept"))
    assert packer.is_writable
    assert [(record.value, record.sequence) for record in memory_log.records] == [(b"kept\n", 1)]
    await packer.stop()


async def test_what_waits_is_bounded(memory_log: Any) -> None:
    """Beyond the bound senders are turned away at once, and told to come back."""
    packer = packer_over(memory_log, waiting_bytes=10)
    memory_log.gate.clear()
    first = submit(packer, lines(0, "x" * 9))
    await asyncio.to_thread(_until, lambda: packer.waiting_bytes == 0)
    second = submit(packer, lines(0, "y" * 8))
    with pytest.raises(Rejection) as refused:
        submit(packer, lines(0, "z"))
    assert refused.value.reason is Reason.OVERLOADED
    assert refused.value.retry_after
    memory_log.gate.set()
    await asyncio.gather(first, second)
    await packer.stop()


async def test_what_can_never_wait_is_refused_for_good(memory_log: Any) -> None:
    """413 even when nothing waits: to ask for a retry would have it sent for ever."""
    packer = packer_over(memory_log, waiting_bytes=10)
    with pytest.raises(Rejection) as refused:
        submit(packer, lines(0, "x" * 5), lines(1, "x" * 5))
    assert (refused.value.status, refused.value.retry_after) == (413, None)
    await packer.stop()
    assert memory_log.records == []


async def test_stopping_appends_what_waits(memory_log: Any) -> None:
    """SIGTERM drains; afterwards nobody is taken in."""
    packer = packer_over(memory_log)
    memory_log.gate.clear()
    waiting = [submit(packer, lines(0, str(number))) for number in range(3)]
    memory_log.gate.set()
    await packer.stop()
    await asyncio.gather(*waiting)
    assert b"".join(record.value for record in memory_log.records) == b"0\n1\n2\n"
    with pytest.raises(Rejection):
        submit(packer, lines(0, "late"))


async def test_no_mark_passes_what_is_still_to_come(memory_log: Any) -> None:
    """The low watermark of an append stays at the stamp of a request that is in hand meanwhile."""
    clock = Hands()
    packer = packer_over(memory_log, clock)
    await submit(packer, lines(0, "a"))
    memory_log.gate.clear()
    waiting = submit(packer, lines(0, "b"))
    clock.now_ms = 2000
    stamp = packer.arrive()
    clock.now_ms = 3000
    memory_log.gate.set()
    await asyncio.to_thread(_until, lambda: len(memory_log.appends) == 2)
    assert stamp == 2000
    assert memory_log.marks[-1] <= stamp
    third = packer.submit([lines(0, "c")])
    packer.let_go()
    await asyncio.gather(waiting, third)
    assert packer.arrive() >= memory_log.marks[-1]
    packer.let_go()
    await packer.stop()


async def test_arrivals_never_go_back(memory_log: Any) -> None:
    """A clock that is set back stamps no request before an earlier one, nor before a mark."""
    clock = Hands()
    packer = packer_over(memory_log, clock)
    await submit(packer, lines(0, "a"))
    clock.now_ms = 10
    assert packer.arrive() == 1000
    packer.let_go()
    await packer.stop()


async def test_marks_go_on_while_idle(memory_log: Any) -> None:
    """Else readers would not know that nothing is missing."""
    clock = Hands()
    packer = packer_over(memory_log, clock, idle_mark_seconds=0.01)
    clock.now_ms = 5000
    await asyncio.to_thread(_until, lambda: 5000 in memory_log.marks)
    assert packer.is_writable
    await packer.stop()


async def test_readiness_comes_back_by_itself(memory_log: Any) -> None:
    """When there is room on the disk again, without any request."""
    packer = packer_over(memory_log, idle_mark_seconds=0.01)
    memory_log.refuses = True
    await asyncio.to_thread(_until, lambda: not packer.is_writable)
    memory_log.refuses = False
    await asyncio.to_thread(_until, lambda: packer.is_writable)
    await packer.stop()


@pytest.mark.parametrize("first_use", ["append", "advance"])
async def test_an_unknown_error_of_the_log_settles_what_waits_and_is_told(memory_log: Any, first_use: str) -> None:
    """Nobody waits for a thread that has ended, nobody is taken in any more, and the process learns to end."""
    defect = RuntimeError("of the library")
    told: list[Exception] = []

    def fails(*_: Any) -> None:
        memory_log.gate.wait()
        raise defect

    memory_log.gate.clear()
    setattr(memory_log, first_use, fails)
    packer = packer_over(memory_log, on_failure=told.append, idle_mark_seconds=0.01)
    if first_use == "append":
        in_hand = submit(packer, lines(0, "in hand"))
        await asyncio.to_thread(_until, lambda: packer.waiting_bytes == 0)
        waiting = [in_hand, submit(packer, lines(0, "behind it"))]
    else:
        await asyncio.sleep(0.1)
        waiting = [submit(packer, lines(0, "behind it"))]
    memory_log.gate.set()
    for future in waiting:
        with pytest.raises(LogUnavailable, match="ended"):
            await future
    await asyncio.to_thread(_until, lambda: told == [defect])
    assert not packer.is_writable
    with pytest.raises(Rejection):
        submit(packer, lines(0, "late"))
    await packer.stop()


def test_a_block_ends_at_500_lines_or_256_kb() -> None:
    """Whichever comes first; a longer line is a block of its own."""
    many = pack([lines(0, *["x"] * 300)] * 3, "c", 1)
    assert [record.count for record in many] == [300, 300, 300]
    assert all(record.count <= MAX_BLOCK_EVENTS for record in many)
    large = pack([lines(0, "y" * 100_000)] * 3 + [lines(0, "z" * 400_000)], "c", 7)
    assert [record.count for record in large] == [2, 1, 1]
    assert [record.sequence for record in large] == [7, 8, 9]
    assert len(large[0].value) <= MAX_BLOCK_BYTES


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


async def test_what_waited_too_long_is_refused_and_not_appended(memory_log: Any) -> None:
    """Readers take a message of a minute ago for settled: one that a frozen collector still holds must not follow."""
    clock = Hands()
    packer = packer_over(memory_log, clock, log_wait_seconds=30.0)
    memory_log.gate.clear()
    first = submit(packer, lines(0, "first"))
    await asyncio.to_thread(_until, lambda: packer.waiting_bytes == 0)
    late = submit(packer, lines(0, "late"))
    clock.now_ms += 30_001
    fresh = submit(packer, lines(0, "fresh"))
    memory_log.gate.set()
    with pytest.raises(LogUnavailable, match="in time"):
        await late
    await asyncio.gather(first, fresh)
    assert [record.value for record in memory_log.records] == [b"first\n", b"fresh\n"]
    await packer.stop()
