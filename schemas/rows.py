"""The lines of records: each is already the JSONEachRow row of its warehouse table.

Does not know how they are routed or stored. Times are Unix milliseconds, UTC.
"""

import msgspec
from msgspec import Raw

EMPTY_OBJECT = Raw(b"{}")
NO_VIOLATIONS = Raw(b"[]")


class EventRow(msgspec.Struct, omit_defaults=True, gc=False):
    """An accepted message. Fields with their default are left out of the line.

    `user_id`, `anonymous_id`, `previous_id`, `group_id`: as sent, numbers as decimal strings, empty when absent;
    `junk` says which of the first three count as absent (bits of `schemas.identity`).
    `event` is the plan's spelling "Object Verb" of a track call; `name` of a page, screen.
    `occurred_ms` is the corrected event time; `timestamp_ms` the client's own (None when unreadable or absent).
    `secret` tells that the message came with a secret key. `source` names the write key.
    (`collector`, `seq`) is unique for each accepted copy: the collector's name and its running number of messages.
    """

    message_id: str
    type: str
    occurred_ms: int
    received_ms: int
    event: str = ""
    name: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    group_id: str = ""
    junk: int = 0
    secret: bool = False
    timestamp_ms: int | None = None
    sent_ms: int | None = None
    properties: Raw = EMPTY_OBJECT
    context: Raw = EMPTY_OBJECT
    traits: Raw = EMPTY_OBJECT
    violations: Raw = NO_VIOLATIONS
    plan_version: str = ""
    source: str = ""
    collector: str = ""
    seq: int = 0


class LinkRow(msgspec.Struct, gc=False):
    """A message that carried both usable ids (or a write-key alias): may link the device to the user.

    The first link of a device, in the order of its partition, wins for good.
    """

    anonymous_id: str
    user_id: str
    message_id: str
    received_ms: int


class QuarantineRow(msgspec.Struct, omit_defaults=True, gc=False):
    """A message that the plan refused: original bytes and the reasons.

    `raw` is the item as sent (bytes that are not UTF-8 are kept base64-encoded, `raw_encoding` says so).
    `violations` is a JSON array of {"rule", "property", "message"}.
    """

    message_id: str
    received_ms: int
    violations: Raw
    plan_version: str
    raw: str
    type: str = ""
    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    raw_encoding: str = "utf-8"
    source: str = ""
    collector: str = ""
    seq: int = 0
