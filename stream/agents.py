"""The two agents: each hands the records of one topic to the worker, one at a time.

They neither decode nor acknowledge: positions come from the worker's checkpoints.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from mode.supervisors import CrashingSupervisor

from stream.log.messages import stored_record
from stream.worker_protocol import WorkerProtocol


class Turnstile:
    """Lets records through to the worker until it is closed, and knows when none is inside.

    Faust cancels its agents when it stops, wherever they wait. The turnstile is closed first, so that the record
    in hand is applied whole and its position is in the last checkpoint.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._closed = False
        self._left = asyncio.Event()

    async def __aenter__(self) -> None:
        if self._closed:
            await asyncio.Future()
        self._inside += 1

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        self._left.set()

    async def close(self) -> None:
        """Let nobody in from now on; returns when the last has left."""
        self._closed = True
        while self._inside:
            self._left.clear()
            await self._left.wait()


def register_agents(app: Any, worker: WorkerProtocol, topics: Sequence[str], topic_prefix: str) -> Turnstile:
    """One agent per topic, so that neither topic's backlog stands in front of the other's."""
    turnstile = Turnstile()
    for name in topics:
        channel = app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False
        )
        agent = app.agent(channel, name=f"apply_{name}", concurrency=1, supervisor_strategy=CrashingSupervisor)
        agent(_applier(worker, turnstile, topic_prefix))
    return turnstile


def _applier(worker: WorkerProtocol, turnstile: Turnstile, topic_prefix: str) -> Any:
    async def apply_records(stream: Any) -> None:
        async for event in stream.noack().events():
            async with turnstile:
                await worker.apply(stored_record(event.message, topic_prefix))

    return apply_records
