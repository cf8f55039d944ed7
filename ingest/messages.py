"""From bytes of JSON to messages, each with its own bytes; what one of them breaks stays with it.

Does not judge a message's content: see `ingest.steps`.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from ingest.body import check_depth, too_deep
from ingest.limits import Limits
from ingest.rejections import Reason, Rejection
from schemas.rows import EMPTY_OBJECT


class Item(msgspec.Struct, rename="camel", gc=False):
    """A message as it was sent: nothing about the types of its fields is known yet.

    The context is left as it is: most are like one seen before (see `ingest.contents`).
    """

    type: Any = None
    event: Any = None
    object: Any = None
    verb: Any = None
    name: Any = None
    message_id: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    group_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    write_key: Any = None
    properties: Any = None
    traits: Any = None
    context: Raw = EMPTY_OBJECT


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[Raw]
    sent_at: Raw = Raw(b"null")
    write_key: Raw = Raw(b"null")
    context: Raw = EMPTY_OBJECT


class _Key(msgspec.Struct, rename="camel"):
    write_key: Raw = Raw(b"null")


class Message(msgspec.Struct, gc=False):
    """One message of a request, its own bytes first.

    `trouble` says what keeps it out; the rest of it can still be read unless `is_readable` is False (then `item`
    is empty).
    """

    raw: bytes
    item: Item
    trouble: str = ""
    is_readable: bool = True


class Messages(msgspec.Struct):
    """The messages of a request, in order, and what the request says about all of them."""

    messages: list[Message]
    write_key: object = None
    sent_at: object = None
    context: Raw = EMPTY_OBJECT


_NO_ITEM = Item()
_decode_item = msgspec.json.Decoder(Item).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_key = msgspec.json.Decoder(_Key).decode
_decode_raw = msgspec.json.Decoder(Raw).decode
_decode_any = msgspec.json.Decoder().decode

Decoded = TypeVar("Decoded")

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
UNREADABLE = "it holds half of a surrogate pair, which no text can hold"
NOT_AN_OBJECT = "a message must be a JSON object"
OUT_OF_RANGE = "it holds a number that is out of range"


def read_single(body: bytes, limits: Limits) -> Messages:
    """The one message of a route like /v1/track.

    Raises:
        Rejection: the body is no JSON, too deep, or no object.
    """
    try:
        item, readable = _decode(body, _decode_item, limits)
    except msgspec.ValidationError as error:
        if not _is_out_of_range(error):
            raise Rejection(Reason.WRONG_SHAPE, "the body must be one JSON object") from None
        return Messages([Message(body, _NO_ITEM, OUT_OF_RANGE, False)], _scalar(_decode_key(body).write_key))
    message = Message(body, item, "" if readable is body else UNREADABLE)
    return Messages([message], item.write_key)


def read_batch(body: bytes, limits: Limits) -> Messages:
    """The messages of a batch.

    Raises:
        Rejection: the body is no JSON, too deep, not of the form {"batch": […]}, or has too many messages.
    """
    try:
        envelope, readable = _decode(body, _decode_envelope, limits)
    except msgspec.ValidationError:
        raise Rejection(Reason.WRONG_SHAPE, 'the body must be a JSON object of the form {"batch": […]}') from None
    if len(envelope.batch) > limits.messages:
        raise Rejection(Reason.TOO_MANY_MESSAGES, f"a batch holds at most {limits.messages} messages")
    if readable is body:
        messages = [_read_item(raw, raw) for raw in map(bytes, envelope.batch)]
    else:
        messages = _read_patched(body, readable, envelope.batch)
    key, sent_at = _scalar(envelope.write_key), _scalar(envelope.sent_at)
    return Messages(messages, key, sent_at, envelope.context)


def _decode(body: bytes, decode: Callable[[bytes], Decoded], limits: Limits) -> tuple[Decoded, bytes]:
    """What the body holds, and the bytes that were read.

    Those are the body's own unless it holds halves of surrogate pairs. Such a half is valid JSON and no
    valid text: only the message that holds it is to blame. So each is replaced by the same number of
    bytes, which leaves everything else in its place.

    Raises:
        Rejection: no JSON, or too deep.
        msgspec.ValidationError: JSON of another form.
    """
    try:
        if not body.isascii():
            body.decode()
        try:
            decoded = decode(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            body = _ESCAPE.sub(_replace_half, body)
            decoded = decode(body)
    except msgspec.ValidationError:
        # A wrong form ends decoding at once: what follows may still be no JSON, or too deep.
        _decode(body, _decode_raw, limits)
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejection(Reason.NOT_JSON, f"the body is not JSON: {error}") from None
    except RecursionError:
        raise too_deep(limits.depth) from None
    check_depth(body, limits.depth)
    return decoded, body


def _is_out_of_range(error: msgspec.ValidationError) -> bool:
    return "out of range" in str(error)


def _replace_half(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]


def _read_item(raw: bytes, readable: bytes) -> Message:
    try:
        item = _decode_item(readable)
    except msgspec.ValidationError as error:
        return Message(raw, _NO_ITEM, OUT_OF_RANGE if _is_out_of_range(error) else NOT_AN_OBJECT, False)
    return Message(raw, item, "" if raw is readable else UNREADABLE)


def _read_patched(body: bytes, readable: bytes, raws: list[Raw]) -> list[Message]:
    """Find each message's own bytes again: both bodies have the same length, and messages lie in order."""
    messages, place = [], 0
    for raw in raws:
        patched = bytes(raw)
        start = readable.find(patched, place)
        place = start + len(patched)
        own = body[start:place]
        messages.append(_read_item(own, own if own == patched else patched))
    return messages


def _scalar(raw: Raw) -> object:
    """A text of the envelope; anything that cannot be read is as good as absent."""
    try:
        return _decode_any(raw)
    except msgspec.DecodeError:
        return None
