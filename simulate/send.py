"""Sends messages to a collector over HTTP: batches in time order, a few connections, patient with a busy server.

Does not create messages: see `simulate.company` and `simulate.live`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

import httpx
import orjson

from simulate.envelope import Message

BATCH_MESSAGES = 250
CONNECTIONS = 4
_PATIENCE_SECONDS = 120.0
_BUSY = frozenset((429, 502, 503, 504))

TimedMessage = tuple[int, Message]


class SendFailed(Exception):
    """The collector refused for good (wrong key, refused body) or stayed away longer than the sender waits."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back for a batch. `until_ms` is the time of its last message."""

    messages: int
    accepted: int
    quarantined: int
    until_ms: int


class Sender:
    """One write key at one collector; use as an async context manager."""

    def __init__(self, base_url: str, write_key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            auth=(write_key, ""),
            timeout=30.0,
            trust_env=False,
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, messages: list[TimedMessage]) -> Sent:
        """Send one batch until it is stored; a repetition carries the same ids.

        Raises:
            SendFailed: see there.
        """
        body = orjson.dumps({"batch": [message for _, message in messages]})
        answer = orjson.loads(await self._post(body))
        return Sent(len(messages), answer["accepted"], answer["quarantined"], messages[-1][0])

    async def send_all(self, messages: Iterable[TimedMessage], on_sent: Callable[[Sent], None]) -> None:
        """Send a stream in order, `CONNECTIONS` batches under way at most; reports each batch in the stream's order.

        Raises:
            SendFailed: see `send`; batches under way may be stored.
        """
        under_way: list[asyncio.Task[Sent]] = []
        try:
            for batch in _batches(messages):
                under_way.append(asyncio.create_task(self.send(batch)))
                await asyncio.sleep(0)
                if len(under_way) == CONNECTIONS:
                    on_sent(await under_way.pop(0))
            while under_way:
                on_sent(await under_way.pop(0))
        finally:
            for task in under_way:
                task.cancel()

    async def _post(self, body: bytes) -> bytes:
        return await patiently(lambda: self._client.post("/v1/batch", content=body, headers=_JSON))


_JSON = {"content-type": "application/json"}


async def patiently(request: Callable[[], Awaitable[httpx.Response]]) -> bytes:
    """Repeat while the collector is busy or restarting, for two minutes without success at most.

    Raises:
        SendFailed: it refused for good, or the time is up.
    """
    loop = asyncio.get_running_loop()
    deadline, wait = loop.time() + _PATIENCE_SECONDS, 0.1
    while True:
        try:
            response = await request()
        except httpx.TransportError as failure:
            reason = type(failure).__name__
        else:
            if response.status_code == httpx.codes.OK:
                return response.content
            reason = f"HTTP {response.status_code}"
            if response.status_code not in _BUSY:
                raise SendFailed(f"the collector refused: {reason} {response.text[:200]}")
            wait = max(wait, _asked_wait(response))
        if loop.time() + wait > deadline:
            raise SendFailed(f"the collector does not take messages: {reason}")
        await asyncio.sleep(wait)
        wait = min(5.0, 2 * wait)


def _asked_wait(response: httpx.Response) -> float:
    asked = response.headers.get("retry-after", "")
    return min(30.0, float(asked)) if asked.isdigit() else 0.0


def _batches(messages: Iterable[TimedMessage]) -> Iterator[list[TimedMessage]]:
    stream = iter(messages)
    while batch := list(islice(stream, BATCH_MESSAGES)):
        yield batch
