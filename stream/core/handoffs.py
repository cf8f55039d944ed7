"""What travels between partitions: events of linked devices, moved states, and unions of users.

Does not route: see `identity`. A record on `handoffs` is a msgpack array of these. All are safe to repeat.
"""

from collections.abc import Sequence

import msgspec


class CoreEvent(msgspec.Struct, gc=False, tag_field="kind", tag="event", array_like=True):
    """The fields of an event that count, and the person it is for. Times are Unix ms."""

    to: str
    message_id: str
    type: str
    event: str
    occurred_ms: int
    received_ms: int
    timestamp_ms: int | None
    sent_ms: int | None


class MovedState(msgspec.Struct, gc=False, tag_field="kind", tag="state", array_like=True):
    """The state of `sender`, which has moved; `to` absorbs it. `cause` is the message that united them."""

    to: str
    sender: str
    state: bytes
    cause: str


class Union(msgspec.Struct, gc=False, tag_field="kind", tag="union", array_like=True):
    """Two users are one person; addressed to the larger of both in the total order, `to`."""

    to: str
    other: str
    cause: str


Handoff = CoreEvent | MovedState | Union

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Handoff])


def encode_handoffs(handoffs: Sequence[Handoff]) -> bytes:
    return _encoder.encode(handoffs)


def decode_handoffs(value: bytes) -> list[Handoff]:
    """The handoffs of a record, in order.

    Raises:
        msgspec.DecodeError: the bytes are not a record of handoffs.
    """
    return _decoder.decode(value)
