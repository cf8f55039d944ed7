"""How much a sender may send: sizes, depth, rate and patience, in one record.

Does not enforce anything: see `ingest.body`, `ingest.throttle` and `ingest.packer`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of the collector; sizes in bytes, times in seconds.

    `body_bytes` holds on the wire and inflated. `messages` bounds the messages of one batch: 500 KB hold
    fewer well-formed messages than that (the shortest has 26 bytes), so it only stops batches of rubbish.
    `copied_bytes` bounds what the context of a batch comes to once each of its messages holds it.
    `inflate_ratio` bounds how much gzip may inflate once it makes more than 64 KB, `gzip_members` of how many pieces
    it consists; honest bodies stay far below both.
    `events_per_second` is the rate of one key, None for no limit.
    `waiting_bytes` is what may wait for the log before senders are turned away, and the most that one request
    may come to; `log_wait_seconds` how long. With the log's own patience that stays below the minute within which a
    message is appended or refused, on which readers rely.
    """

    body_bytes: int = 500 * 1024
    event_bytes: int = 32 * 1024
    depth: int = 32
    copied_bytes: int = 8 * 1024 * 1024
    inflate_ratio: int = 1000
    gzip_members: int = 64
    messages: int = 19_000
    body_seconds: float = 30.0
    events_per_second: float | None = None
    waiting_bytes: int = 32 * 1024 * 1024
    log_wait_seconds: float = 30.0
    retry_after_seconds: int = 1
    remembered_messages: int = 400_000
    remembered_links: int = 200_000
    idle_mark_seconds: float = 0.25
    engine_wait_seconds: float = 5.0
