"""The two agents: each hands the records of one topic to the worker, one at a time.

They neither decode nor acknowledge: positions come from the worker's checkpoints.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from mode.supervisors import CrashingSupervisor

from stream.log.messages import stored_record
from stream.worker_protocol import WorkerProtocol


class UnderWay:
    """The applications under way: when Faust stops an agent, the record in its hands is still applied whole.

    Half of one (its changes made, its hand-offs not sent) must not get into the last checkpoint.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def finish(self, application: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(application)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def wait(self) -> None:
        """Until none is under way; their errors are those of their agents."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


def register_agents(app: Any, worker: WorkerProtocol, topics: Sequence[str], topic_prefix: str) -> UnderWay:
    """One agent per topic, so that neither topic's backlog stands in front of the other's."""
    under_way = UnderWay()
    for name in topics:
        channel = app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False
        )
        agent = app.agent(channel, name=f"apply_{name}", concurrency=1, supervisor_strategy=CrashingSupervisor)
        agent(_applier(worker, under_way, topic_prefix))
    return under_way


def _applier(worker: WorkerProtocol, under_way: UnderWay, topic_prefix: str) -> Any:
    async def apply_records(stream: Any) -> None:
        async for event in stream.noack().events():
            await under_way.finish(worker.apply(stored_record(event.message, topic_prefix)))

    return apply_records
