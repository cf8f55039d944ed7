"""What travels between partitions: events of linked devices, moved states, and unions of users.

Does not route: see `identity`. A record on `handoffs` is a msgpack array of these. All are safe to repeat.
Each is an array too: later versions of the program add fields behind, with what stands for them where they are missing.
"""

from collections.abc import Sequence

import msgspec

from stream.core.active_days import EventTime, has_possible_days
from stream.core.person_codec import decode


class CoreEvent(msgspec.Struct, gc=False, tag_field="kind", tag="event", array_like=True):
    """The fields of an event that count, and the person it is for. Times are Unix ms."""

    to: str
    message_id: str
    type: str
    event: str
    occurred_ms: EventTime
    received_ms: EventTime
    timestamp_ms: int | None
    sent_ms: int | None


class MovedState(msgspec.Struct, gc=False, tag_field="kind", tag="state", array_like=True):
    """The state of `sender`, which has moved; `to` absorbs it. `cause` is the message that united them.

    Days before `over_day` were over for the sender: it noted as restated what it took out of them, and the receiver
    judges by the same day, so that both halves cancel out. None before version 2 of the program.
    A state that is too large for a record comes in slices, one after the other (`slices`). The first tells `entries`,
    those of the whole state as (funnel index, day, times of the steps reached), so that days which are frozen where it
    arrives are taken over whole; later ones tell none. None: the state is whole.
    """

    to: str
    sender: str
    state: bytes
    cause: str
    over_day: int | None = None
    entries: list[tuple[int, int, list[int]]] | None = None


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
    """The handoffs of a record, in order, their states looked at.

    Raises:
        msgspec.DecodeError, ValueError, IndexError: the bytes are not a record of handoffs.
        UnknownStateVersion: a later version of the program wrote a state.
    """
    handoffs = _decoder.decode(value)
    for one in handoffs:
        if isinstance(one, MovedState) and not has_possible_days(decode(one.sender, one.state).days):
            raise ValueError(f"the state of {one.sender} has days that cannot be")
    return handoffs
