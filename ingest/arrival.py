"""What all messages of one request have in common.

Does not read the request: see `ingest.messages`.
"""

import msgspec
from msgspec.structs import replace

from ingest.contents import NOTHING, Contents, UnfitContents, read_contents
from ingest.limits import Limits
from ingest.messages import Messages
from ingest.rejections import Reason, Rejection
from ingest.times import bounds_of, read_iso, shift_of


class Arrival(msgspec.Struct, frozen=True):
    """`type` is the route's, empty on batch routes; `sent_ms` and `context` are those of the batch.

    Event times are moved by `shift_ms`, unless a message has its own `sentAt`, and believed from `earliest_ms`
    to `latest_ms`.
    """

    received_ms: int
    type: str
    sent_ms: int | None
    shift_ms: int
    earliest_ms: int
    latest_ms: int
    context: Contents

    def without_context(self) -> "Arrival":
        return replace(self, context=NOTHING) if self.context.values else self


def check_copies(arrival: Arrival, messages: int, limits: Limits) -> None:
    """Refuse a batch whose context, once each of its messages holds it, is far more than was sent.

    Raises:
        Rejection: it comes to more than `limits.copied_bytes`.
    """
    if len(arrival.context.raw) * messages > limits.copied_bytes:
        text = f"the context of the batch, held by each of {messages} messages, exceeds {limits.copied_bytes} bytes"
        raise Rejection(Reason.BODY_TOO_LARGE, f"{text}; send fewer messages at once")


def arrival_of(kind: str, messages: Messages, received_ms: int) -> Arrival:
    """A context of the batch that is no object counts as absent: no message is to blame for it."""
    try:
        context = read_contents(messages.context)
    except UnfitContents:
        context = NOTHING
    sent_ms = read_iso(messages.sent_at)
    return Arrival(received_ms, kind, sent_ms, shift_of(sent_ms, received_ms), *bounds_of(received_ms), context)
