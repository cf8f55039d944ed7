"""The two agents: each hands the records of one topic to the worker, one at a time.

They neither decode nor acknowledge: positions come from the worker's checkpoints.
"""

from collections.abc import Sequence
from typing import Any

from mode.supervisors import CrashingSupervisor

from stream.log.messages import stored_record
from stream.worker_protocol import WorkerProtocol


def register_agents(app: Any, worker: WorkerProtocol, topics: Sequence[str], topic_prefix: str) -> None:
    """One agent per topic, so that neither topic's backlog stands in front of the other's."""
    for name in topics:
        channel = app.topic(
            name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw", acks=False
        )
        agent = app.agent(channel, name=f"apply_{name}", concurrency=1, supervisor_strategy=CrashingSupervisor)
        agent(_applier(worker, topic_prefix))


def _applier(worker: WorkerProtocol, topic_prefix: str) -> Any:
    async def apply_records(stream: Any) -> None:
        async for event in stream.noack().events():
            await worker.apply(stored_record(event.message, topic_prefix))

    return apply_records
