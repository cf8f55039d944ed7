"""The id of the request in hand: the sender's own if it is sane, else one that is made when somebody asks for it.

Does not look at requests by itself: whoever takes one says so with `begin`.
"""

import re
import uuid
from collections.abc import Iterable
from contextvars import ContextVar

HEADER = b"x-request-id"

Headers = Iterable[tuple[bytes, bytes]]

_SANE = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")

_request: ContextVar[str | Headers] = ContextVar("request", default="")


def begin(headers: Headers) -> None:
    """From here on this task (or thread) is about the request with these headers."""
    _request.set(headers)


def current() -> str:
    """The id, the same one for the whole of a request; empty outside of requests."""
    request = _request.get()
    if isinstance(request, str):
        return request
    identity = _sent(request) or uuid.uuid4().hex
    _request.set(identity)
    return identity


def _sent(headers: Headers) -> str:
    for name, value in headers:
        if name == HEADER and _SANE.fullmatch(value):
            return value.decode()
    return ""
