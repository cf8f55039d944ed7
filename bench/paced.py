"""Sends batches at a steady rate, whatever the answers take: a sender that does not slow down with the server.

Does not create events beyond giving each body its number; counts what was answered 200.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.product import WRITE_KEY
from bench.wrk import MARKER


@dataclass(slots=True)
class Paced:
    """What came of it. `late_seconds`: how far the sender itself fell behind its own plan at the end."""

    answered: int = 0
    refused: int = 0
    late_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


async def send_paced(
    port: int,
    bodies: Sequence[bytes],
    events_each: int,
    rate: float,
    seconds: float,
    connections: int = 16,
    is_over: Callable[[], bool] = lambda: False,
) -> Paced:
    """Send `rate` events a second for `seconds`, or until it is over; all that were begun are answered then.

    A request waits for a free connection, its clock runs meanwhile.
    """
    result, queue = Paced(), asyncio.Queue[tuple[float, bytes]]()
    workers = [asyncio.create_task(_work(port, queue, events_each, result)) for _ in range(connections)]
    started, number = time.perf_counter(), 0
    while number * events_each < rate * seconds and not is_over():
        due = started + number * events_each / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        body = bodies[number % len(bodies)].replace(MARKER.encode(), b"%010d" % number)
        queue.put_nowait((due, body))
        number += 1
    result.late_seconds = time.perf_counter() - started - number * events_each / rate
    await queue.join()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return result


async def _work(port: int, queue: "asyncio.Queue[tuple[float, bytes]]", events_each: int, result: Paced) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        while True:
            due, body = await queue.get()
            if await post(reader, writer, "/v1/batch", body) == 200:
                result.answered += events_each
                result.latencies.append(time.perf_counter() - due)
            else:
                result.refused += events_each
            queue.task_done()


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes) -> int:
    """One request over an open connection; the status."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {WRITE_KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(answer.split(b" ", 2)[1])
