"""Topics and the records that travel on them: one record is a block of lines of one partition.

Does not store or transport anything; see `schemas.log` for the log's protocol.
"""

from dataclasses import dataclass
from enum import StrEnum

FORMAT_VERSION = 1
"""Version of the record format, carried by each record."""

POISON_VERSION = 0
"""The version of what lies in a topic but is no record of ours: see `Record.is_poison`."""

MAX_BLOCK_EVENTS = 500
MAX_BLOCK_BYTES = 256 * 1024
"""A block ends at whichever comes first; a single longer line is a block of its own."""


class Topic(StrEnum):
    """The three topics; `events` and `handoffs` have the same number of partitions."""

    EVENTS = "events"
    HANDOFFS = "handoffs"
    QUARANTINE = "quarantine"


class Kind(StrEnum):
    """What the lines of a record are."""

    EVENTS = "events"
    """On `events`: NDJSON of `schemas.rows.EventRow`."""
    LINKS = "links"
    """On `events`, in the device's partition: NDJSON of `schemas.rows.LinkRow`."""
    HANDOFFS = "handoffs"
    """On `handoffs`: what belongs to persons of another partition (format: `stream.core.handoffs`)."""
    QUARANTINE = "quarantine"
    """On `quarantine`: NDJSON of `schemas.rows.QuarantineRow`."""


@dataclass(frozen=True, slots=True)
class Record:
    """One block of lines for one partition, before it has an offset.

    `count` is the number of lines, `flagged` how many of them carry violations.
    `collector` names the appending process (one name per start), `sequence` is that
    collector's number of this record, from 1 without gaps over all topics.
    `watched_ms`: when the event of the self-watch was sent (Unix ms) for which this record stands, then without lines;
    0: it stands for none.
    """

    topic: Topic
    partition: int
    kind: Kind
    count: int
    value: bytes
    flagged: int = 0
    collector: str = ""
    sequence: int = 0
    version: int = FORMAT_VERSION
    watched_ms: int = 0

    @property
    def is_poison(self) -> bool:
        """Whether this is something foreign in the topic: headers missing or unreadable.

        Readers get it like any record, so that offsets go on: `value` holds the bytes as they lay there (empty where
        there were none), `count` is 0, `kind` is whatever its topic carries, nothing else of it is known. It has no
        lines to apply or load: set it aside, count it, go on behind it.
        """
        return self.version == POISON_VERSION

    @property
    def is_filler(self) -> bool:
        """Whether nothing is in it, so that readers pass over it, though offsets go on.

        It stands where a record was lost to damage, or for an event of the self-watch.
        """
        return not (self.count or self.value or self.is_poison)


class WrittenByLaterVersion(RuntimeError):
    """A later version of the program wrote this: nothing is left behind or put aside, who reads has to be upgraded."""


def check_version(record: Record) -> None:
    """Every reader's first question.

    Raises:
        WrittenByLaterVersion: this program is too old for the record.
    """
    if record.version > FORMAT_VERSION:
        raise WrittenByLaterVersion(
            f"records of {record.topic}/{record.partition} have version {record.version}, this program reads up to"
            f" {FORMAT_VERSION}: run the release that wrote them"
        )


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the log gives it back.

    `appended_ms` is when it was appended (Unix ms). `lines_before` counts the lines of all
    earlier records of the partition since the log began, so that a lag in events is a subtraction.
    """

    record: Record
    offset: int
    appended_ms: int
    lines_before: int


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where a partition ends: the next offset and the number of lines ever appended."""

    offset: int
    lines: int
