"""The live feed looks once for all viewers, sends only what changed, and rests when nobody watches."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from dashboard.board import BoardSource, Section
from dashboard.live import LiveFeed
from dashboard.moments import WorkspaceClock
from dashboard.reading import Reader
from schemas.calendar import Calendar
from schemas.reading import ReadingUnavailable
from schemas.workspace import DEFAULT_WORKSPACE, load_workspace

NOON = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)


class Numbers:
    """A section whose answer the test sets; counts how often it is looked at."""

    def __init__(self):
        self.value = 1
        self.looks = 0
        self.defect = False

    def build(self, _source, _today):
        self.looks += 1
        if self.defect:
            raise RuntimeError("a defect")
        if self.value is None:
            raise ReadingUnavailable("away")
        return {"value": self.value}


@pytest.fixture
def numbers():
    return Numbers()


@pytest.fixture
def feed(numbers):
    source = BoardSource(None, load_workspace(DEFAULT_WORKSPACE).stream, list)
    clock = WorkspaceClock(lambda: NOON, Calendar("UTC"))
    return LiveFeed(source, clock, Reader(), [Section("numbers", numbers.build, 0.0)])


async def next_event(stream):
    """The next message of a stream that is not the retry time."""
    async for message in stream:
        if message.startswith(b"event"):
            return message
    return None


async def collect(stream, count):
    return {await next_event(stream) for _ in range(count)}


async def test_a_viewer_is_sent_everything_and_then_what_changed(feed, numbers):
    """A section that stays the same is not sent again."""
    async with aclosing(feed.watch()) as stream:
        assert await collect(stream, 2) == {
            b'event: numbers\ndata: {"value":1}\n\n',
            b'event: status\ndata: {"available":true}\n\n',
        }
        numbers.value = 2
        assert await next_event(stream) == b'event: numbers\ndata: {"value":2}\n\n'


async def test_many_viewers_cost_one_look(feed, numbers):
    """The second viewer is served from what the first one's look found."""
    async with aclosing(feed.watch()) as first, aclosing(feed.watch()) as second:
        await collect(first, 2)
        looks = numbers.looks
        assert await collect(second, 2) == {
            b'event: numbers\ndata: {"value":1}\n\n',
            b'event: status\ndata: {"available":true}\n\n',
        }
        assert numbers.looks <= looks + 1


async def test_a_warehouse_that_is_away_is_told_and_the_numbers_stay(feed, numbers):
    """No section is sent empty; the status says why nothing moves."""
    async with aclosing(feed.watch()) as stream:
        await collect(stream, 2)
        numbers.value = None
        assert await next_event(stream) == b'event: status\ndata: {"available":false}\n\n'
        numbers.value = 3
        assert await collect(stream, 2) == {
            b'event: numbers\ndata: {"value":3}\n\n',
            b'event: status\ndata: {"available":true}\n\n',
        }


async def test_nobody_looks_when_nobody_watches(feed):
    """The last viewer that leaves ends the looking; the next one starts it."""
    async with aclosing(feed.watch()) as stream:
        await collect(stream, 2)
        looking = feed._looking
    await asyncio.wait([looking])
    assert looking.cancelled()
    async with aclosing(feed.watch()) as stream:
        assert await next_event(stream) is not None


async def test_a_closed_feed_ends_its_streams(feed):
    """A server that drains need not wait for viewers, who never leave."""
    async with aclosing(feed.watch()) as stream:
        await collect(stream, 2)
        await feed.close()
        assert await next_event(stream) is None
    async with aclosing(feed.watch()) as late:
        assert await next_event(late) is None


async def test_a_defect_in_a_section_ends_the_stream_so_that_the_page_comes_back(feed, numbers):
    """No stream goes on showing a stale number as live; a viewer that returns starts the looking again."""
    async with aclosing(feed.watch()) as stream:
        await collect(stream, 2)
        numbers.defect = True
        assert await next_event(stream) is None
    numbers.defect = False
    async with aclosing(feed.watch()) as stream:
        assert await next_event(stream) is not None
