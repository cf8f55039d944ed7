"""What alerting asks for: the values of a rule's subject, bucket by bucket, and when it was last seen.

Does not look anything up: implemented by `northstream.alert_values`.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

from schemas.alerts import Bucket, Subject
from schemas.reading import ReadingUnavailable


class Point(NamedTuple):
    """The value of a bucket that begins on `first`; None over nothing. `samples`: what it rests on (see `min_samples`);
    None where nobody can say.
    """

    first: date
    value: float | None
    samples: float | None = None


class NotLookedUp(LookupError):
    """A subject that has no such values: unknown, or without a history; the message says so."""


class NotYetKnown(ReadingUnavailable):
    """A subject that was asked for just now and is being looked up: its rule is judged when the answer is there."""


class Numbers(Protocol):
    """Synchronous, called from one thread. Every method may raise `schemas.reading.ReadingUnavailable`."""

    def series(self, subject: Subject, bucket: Bucket, count: int, now_ms: int) -> Sequence[Point]:
        """The bucket that is judged, last, and the `count` − 1 whole ones before it, without gaps, oldest first.

        A bucket is a day of the workspace or, of a metric with thresholds `per` week or month, that. Raises
        `NotLookedUp`.
        """
        ...

    def last_seen_ms(self, subject: Subject, now_ms: int) -> int | None:
        """When the latest message that the subject counts was received (Unix ms); None: never. Raises `NotLookedUp`."""
        ...
