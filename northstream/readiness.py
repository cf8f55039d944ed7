"""Asks a server whether it is ready.

Does not decide readiness: `/readyz` does.
"""

import asyncio
import contextlib

_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 2.0


async def wait_until_ready(host: str, port: int) -> None:
    """Return when `/readyz` answers 200; asks until then."""
    while True:
        with contextlib.suppress(OSError, TimeoutError):
            if await asyncio.wait_for(is_ready(host, port), _ANSWER_SECONDS):
                return
        await asyncio.sleep(_PAUSE_SECONDS)


async def is_ready(host: str, port: int) -> bool:
    """Whether `/readyz` answers 200 now. May raise OSError."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        status = await reader.readline()
    finally:
        writer.close()
    return status.split()[1:2] == [b"200"]
