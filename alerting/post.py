"""One signed POST to one checked address: the whole exchange within a deadline, no redirects, the answer's body unread.

Does not retry and does not choose targets: see `alerting.deliver` and `alerting.targets`.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from alerting.targets import Target, connect_seconds

_MAX_HEAD_BYTES = 16 * 1024


class PostFailed(Exception):
    """No answer was had: connection refused or closed, time over, or an answer that is no HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status code, and the `Retry-After` header as sent (empty without one)."""

    status: int
    retry_after: str

    def wait_seconds(self, now_ms: int) -> float | None:
        """How long the receiver asks to be left alone; None if it does not say, or not readably."""
        if _is_number(self.retry_after):
            return float(self.retry_after)
        try:
            until_seconds = parsedate_to_datetime(self.retry_after).timestamp()
        except (ValueError, OverflowError):
            return None
        return max(0.0, until_seconds - now_ms / 1000)


async def post(target: Target, headers: Mapping[str, str], content: bytes, timeout_seconds: float) -> Answer:
    """Send and read the head of the answer.

    Raises:
        PostFailed: the receiver did not answer within the deadline, or not in HTTP.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _exchange(target, headers, content, connect_seconds(timeout_seconds, len(target.addresses)))
    except TimeoutError:
        raise PostFailed(f"no answer within {timeout_seconds:g} s") from None
    except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as failure:
        raise PostFailed(f"{type(failure).__name__}: connection failed or closed") from None


async def _exchange(target: Target, headers: Mapping[str, str], content: bytes, seconds: float) -> Answer:
    """`seconds`: for an address that is not the last."""
    reader, writer = await _connect(target, seconds)
    try:
        writer.write(_head(target, headers, len(content)) + content)
        await writer.drain()
        return _parse(await reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.transport.abort()


async def _connect(target: Target, seconds: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context() if target.tls else None
    name = target.host if target.tls else None
    for address in target.addresses[:-1]:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(seconds):
                return await asyncio.open_connection(
                    address, target.port, ssl=context, server_hostname=name, limit=_MAX_HEAD_BYTES
                )
    return await asyncio.open_connection(
        target.addresses[-1], target.port, ssl=context, server_hostname=name, limit=_MAX_HEAD_BYTES
    )


def _head(target: Target, headers: Mapping[str, str], length: int) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        "User-Agent: northstream-alerts",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "replace")


def _parse(head: bytes) -> Answer:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not _is_number(words[1]):
        raise PostFailed("the answer is no HTTP")
    fields = (line.partition(":") for line in lines[1:])
    retry_after = next((value.strip() for name, _, value in fields if name.strip().lower() == "retry-after"), "")
    return Answer(int(words[1]), retry_after)


def _is_number(text: str) -> bool:
    """Whether a text is a whole number in ASCII digits: `²` is a digit too, but no number."""
    return text.isascii() and text.isdigit()
