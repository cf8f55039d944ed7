"""The deliveries to all receivers, each in tasks of its own; receivers come, change and go while messages wait.

Does not deliver by itself: see `alerting.deliver`.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from alerting.channels.channel import Channel
from alerting.channels.choice import KINDS, channel_to
from alerting.deliver import Deliverer
from alerting.mistakes import Mistakes
from alerting.outbox import Outbox, Queue
from alerting.payload import instant
from alerting.retries import RetryPolicy
from alerting.telemetry import AlertTelemetry
from schemas.alerts import Receiver

REMOVED = "removed"
"""The kind of a receiver that is no longer in the files and still has messages."""


_AFTER_MISTAKE_SECONDS = 60.0


class _Running(NamedTuple):
    receiver: Receiver
    deliverer: Deliverer
    delivering: asyncio.Task[None]
    keeping_alive: asyncio.Task[None]


class Deliveries:
    """Used from the event loop's thread, `shown` from any."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        outbox: Outbox,
        clock: Callable[[], int],
        policy: RetryPolicy,
        telemetry: AlertTelemetry,
    ) -> None:
        """`clock` gives Unix ms. A file that is damaged ends a task with `sqlite3.Error`, and so the group."""
        self._tasks = tasks
        self._outbox = outbox
        self._clock = clock
        self._policy = policy
        self._telemetry = telemetry
        self._running: dict[str, _Running] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._receivers: tuple[Receiver, ...] = ()
        self._alive: set[asyncio.Task[None]] = set()

    def replace(self, receivers: Iterable[Receiver]) -> None:
        """Deliver to these from now on. One that is the same goes on undisturbed; of one that is gone messages wait."""
        self._receivers = tuple(receivers)
        wanted = {each.name: each for each in self._receivers}
        for name, running in list(self._running.items()):
            if wanted.get(name) != running.receiver:
                self._end(name, running)
        for name, receiver in wanted.items():
            if name not in self._running:
                self._running[name] = self._start(receiver)

    def notify(self) -> None:
        """There may be something new in the outbox."""
        for running in self._running.values():
            running.deliverer.notify()

    def stop(self) -> None:
        """End all at once; what is on its way is delivered again by the next start."""
        for task in self._alive:
            task.cancel()

    def shown(self) -> list[dict[str, Any]]:
        """Every receiver with what waits for it, and receivers that are gone if messages wait for them.

        Raises:
            sqlite3.Error: the file is closed, or its disk in trouble.
        """
        queues = self._outbox.queues()
        known = [_shown(each.name, KINDS[type(each)], queues.get(each.name)) for each in self._receivers]
        names = {each.name for each in self._receivers}
        gone = [(name, queue) for name, queue in queues.items() if name not in names and queue.pending + queue.dead]
        return known + [_shown(name, REMOVED, queue) for name, queue in gone]

    def _start(self, receiver: Receiver) -> _Running:
        channel = channel_to(receiver, self._policy.timeout_seconds, self._outbox, self._clock)
        deliverer = Deliverer(receiver.name, channel, self._outbox, self._clock, self._policy, self._telemetry)
        before = self._ending.pop(receiver.name, None)
        return _Running(
            receiver,
            deliverer,
            self._begin(_run_after(before, deliverer)),
            self._begin(_kept_alive(channel, Mistakes(receiver.name))),
        )

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._alive.add(task)
        task.add_done_callback(self._alive.discard)
        return task

    def _end(self, name: str, running: _Running) -> None:
        """Its last message arrives or fails before its successor begins: none is sent twice."""
        running.deliverer.end()
        running.keeping_alive.cancel()
        self._ending[name] = running.delivering
        del self._running[name]


async def _run_after(before: asyncio.Task[None] | None, deliverer: Deliverer) -> None:
    if before is not None:
        await asyncio.wait([before])
    await deliverer.run()


async def _kept_alive(channel: Channel, mistakes: Mistakes) -> None:
    """A mistake in the channel is told and slept over; a file that is damaged is not."""
    while True:
        try:
            await channel.keep_alive()
            return
        except sqlite3.Error:
            raise
        except Exception as mistake:
            mistakes.tell(mistake)
            await asyncio.sleep(_AFTER_MISTAKE_SECONDS)


def _shown(name: str, kind: str, queue: Queue | None) -> dict[str, Any]:
    queue = queue or Queue(0, 0, None, None)
    return {
        "name": name,
        "kind": kind,
        "pending": queue.pending,
        "dead": queue.dead,
        "last_delivered_at": instant(queue.last_delivered_ms),
        "last_failure": queue.last_failure,
    }
