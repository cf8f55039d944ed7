"""From the wire to bytes of JSON: size caps, gzip recognised by its bytes, depth.

Does not decode messages: see `ingest.messages`.
"""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ingest.limits import Limits
from ingest.rejections import Reason, Rejection

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

GZIP = b"\x1f\x8b"
_WORTH_COUNTING_BYTES = 4096
_RATIO_FROM_BYTES = 64 * 1024
_AS_BRACES = bytes.maketrans(b"[]", b"{}")
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'"[]{}')
_STRINGS = re.compile(rb'"[^"]*"')


class Disconnected(Exception):
    """The sender went away before the body was whole."""


async def read_wire(receive: Receive, declared_bytes: int, limits: Limits) -> bytes:
    """The body as sent, at most `limits.body_bytes` of it ever held.

    Raises:
        Rejection: too large (known early from `declared_bytes`, the Content-Length), or too slow.
        Disconnected: the sender went away.
    """
    if declared_bytes > limits.body_bytes:
        raise _too_large(limits)
    part = await receive()
    if part["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = part.get("body", b"")
    if part.get("more_body", False):
        try:
            async with asyncio.timeout(limits.body_seconds):
                body = await _read_rest(receive, body, limits)
        except TimeoutError:
            raise Rejection(Reason.BODY_TIMEOUT, f"the body took over {limits.body_seconds:g} s") from None
    if len(body) > limits.body_bytes:
        raise _too_large(limits)
    return body


async def _read_rest(receive: Receive, first: bytes, limits: Limits) -> bytes:
    parts, size, more = [first], len(first), True
    while more:
        if size > limits.body_bytes:
            raise _too_large(limits)
        part = await receive()
        if part["type"] == "http.disconnect":
            raise Disconnected
        parts.append(part.get("body", b""))
        size += len(parts[-1])
        more = part.get("more_body", False)
    return b"".join(parts)


def inflate(wire: bytes, limits: Limits) -> bytes:
    """The body without gzip, which its first two bytes tell, never its label.

    Raises:
        Rejection: broken gzip, more than `limits.body_bytes`, or a ratio or a number of members that only bombs have.
    """
    if not wire.startswith(GZIP):
        return wire
    parts: list[bytes] = []
    size, rest = 0, wire
    while rest:
        if len(parts) == limits.gzip_members:
            raise Rejection(Reason.BROKEN_GZIP, f"the body has more than {limits.gzip_members} members of gzip")
        member = zlib.decompressobj(wbits=31)
        try:
            parts.append(member.decompress(rest, limits.body_bytes + 1 - size))
        except zlib.error:
            raise _broken_gzip() from None
        size += len(parts[-1])
        if size > limits.body_bytes:
            raise _too_large(limits)
        if not member.eof:
            raise _broken_gzip()
        rest = member.unused_data
    if size > max(_RATIO_FROM_BYTES, limits.inflate_ratio * len(wire)):
        raise _too_large(limits)
    return b"".join(parts)


def check_depth(body: bytes, deepest: int) -> None:
    """Refuse what is nested deeper than `deepest`. `body` must be valid JSON.

    Only quotes and brackets are kept; then each round takes away the innermost pairs, so that
    the number of rounds is the depth. Strings go first, since they may hold brackets: without
    escaped quotes, quotes come in pairs, and pairs that lie side by side enclose none.

    Raises:
        Rejection: it is nested deeper.
    """
    if len(body) < _WORTH_COUNTING_BYTES and body.count(b"{") + body.count(b"[") <= deepest:
        return
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = body.translate(_AS_BRACES, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in structure:
        structure = _STRINGS.sub(b"", body).translate(_AS_BRACES, _NOT_STRUCTURE)
    for _ in range(deepest):
        if not structure:
            return
        structure = structure.replace(b"{}", b"")
    if structure:
        raise too_deep(deepest)


def too_deep(deepest: int) -> Rejection:
    return Rejection(Reason.TOO_DEEP, f"the body is nested deeper than {deepest} levels")


def _too_large(limits: Limits) -> Rejection:
    return Rejection(Reason.BODY_TOO_LARGE, f"the body is larger than {limits.body_bytes} bytes, as sent or inflated")


def _broken_gzip() -> Rejection:
    return Rejection(Reason.BROKEN_GZIP, "the body starts like gzip but cannot be inflated")
