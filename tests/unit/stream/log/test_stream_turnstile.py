"""The turnstile before the worker, and the check of what was assigned.

No Faust app is started.
"""

import asyncio

import pytest
from faust.types import TP

from stream.agents import Turnstile
from stream.app import UnevenAssignment, partition_numbers


async def test_closing_waits_for_the_record_inside() -> None:
    """A record that has begun is applied whole before Faust may cancel its agent."""
    turnstile, may_end, happened = Turnstile(), asyncio.Event(), []

    async def apply() -> None:
        async with turnstile:
            await may_end.wait()
            happened.append("applied")

    applying = asyncio.create_task(apply())
    await asyncio.sleep(0)
    closing = asyncio.create_task(turnstile.close())
    await asyncio.sleep(0)
    assert not closing.done()
    may_end.set()
    await closing
    assert happened == ["applied"]
    await applying


async def test_nobody_enters_a_closed_turnstile() -> None:
    """Records behind it are read again by the next process."""
    turnstile = Turnstile()
    await turnstile.close()

    async def enter() -> None:
        async with turnstile:
            raise AssertionError("let in")

    entering = asyncio.create_task(enter())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not entering.done()
    entering.cancel()


def test_both_topics_must_come_with_the_same_partitions() -> None:
    """A person needs its events and its hand-offs in one worker."""
    both = {TP("ns.events", 1), TP("ns.handoffs", 1), TP("ns.events", 0), TP("ns.handoffs", 0)}
    assert partition_numbers(both, "ns.") == [0, 1]
    with pytest.raises(UnevenAssignment):
        partition_numbers(both - {TP("ns.handoffs", 0)}, "ns.")
