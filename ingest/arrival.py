"""What all messages of one request have in common.

Does not read the request: see `ingest.messages`.
"""

import msgspec

from ingest.contents import NOTHING, Contents, UnfitContents, read_contents
from ingest.messages import Messages
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


def arrival_of(kind: str, messages: Messages, received_ms: int) -> Arrival:
    """A context of the batch that is no object counts as absent: no message is to blame for it."""
    try:
        context = read_contents(messages.context)
    except UnfitContents:
        context = NOTHING
    sent_ms = read_iso(messages.sent_at)
    return Arrival(received_ms, kind, sent_ms, shift_of(sent_ms, received_ms), *bounds_of(received_ms), context)
