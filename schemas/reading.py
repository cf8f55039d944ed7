"""What readers of the warehouse may ask (read API, boards, alerting) and the shapes of the answers.

Does not query: implemented by `warehouse.reports`. Instants are Unix milliseconds, days are `date`s of the workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

STREAMING_COUNTERS = ("dau", "wau", "mau", "signups", "activated", "activations", "late")
"""Day-bucketed counters that the stream publishes, besides `funnel_counter` names."""


def funnel_counter(funnel: str, step: int) -> str:
    """Name of the counter of entries that reached a step (from 1) of a funnel, by entry day."""
    return f"funnel:{funnel}:{step}"


@dataclass(frozen=True, slots=True)
class RestatedDay:
    """All changes of a published number after its day was over: as first published → as known now.

    `count` is the number of their causes; `reason`, `cause` (a message id) and `at_ms` are those of the latest.
    """

    metric: str
    bucket: date
    before: int
    after: int
    count: int
    reason: str
    cause: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class FunnelPersons:
    """Distinct persons by furthest step of any entry in the range: `reached[i]` got to step i + 1 or beyond.

    `median_seconds[i]` is the median time from the previous step to step i + 1 over all entries
    (None for step 1, or if empty).
    """

    reached: Sequence[int]
    median_seconds: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class PersonReport:
    """`warnings` about any of its ids, oldest first: `kind`, `message_id`, `subject`, `detail`, `at_ms`."""

    person_id: str
    user_ids: Sequence[str]
    anonymous_ids: Sequence[str]
    first_seen_ms: int | None
    last_seen_ms: int | None
    active_days: int
    signed_up_ms: int | None
    activated_ms: int | None
    traits: Mapping[str, Any]
    funnels: Sequence[Mapping[str, Any]]
    warnings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Completeness:
    """How far the numbers speak. `lag_events` = 0 only if everything acknowledged before the call is settled.

    `complete_through_ms`: every message received before it is counted and loaded; None before the first message.
    """

    lag_events: int
    complete_through_ms: int | None


@dataclass(frozen=True, slots=True)
class Quality:
    """Totals since the log began. `accepted` and `quarantined` count messages as answered (copies included);
    `duplicates` are accepted copies beyond the first of an id; `flagged` are accepted with violations."""

    accepted: int
    quarantined: int
    flagged: int
    duplicates: int
    late: int
    completeness: Completeness
    quarantine_reasons: Mapping[str, int] = field(default_factory=dict)


class ReadingUnavailable(Exception):
    """The warehouse does not answer now; a reader may wait and try again."""


class Reports(Protocol):
    """Synchronous; safe to call from several threads. Every method may raise `ReadingUnavailable`."""

    def daily(self, counters: Sequence[str], first: date, last: date) -> Mapping[str, Mapping[date, int]]:
        """Published values per counter and day, days with rows only (absent means 0)."""
        ...

    def data_days(self) -> tuple[date, date] | None:
        """First day with data and today; None while there is nothing."""
        ...

    def restated_days(self, counters: Sequence[str], first: date, last: date) -> Sequence[RestatedDay]:
        """At most one row per counter and day, the latest change first; causes that cancelled out are left out."""
        ...

    def funnel_persons(self, funnel: str, steps: int, first: date, last: date) -> FunnelPersons: ...

    def person(self, identifier: str) -> PersonReport | None:
        """By user id, else by device id."""
        ...

    def event(self, message_id: str) -> Mapping[str, Any] | None:
        """Where a message is and what it touched: the stored row, its person, its loaded state; None if unknown."""
        ...

    def latest_events(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """The newest messages, newest first.

        Keys: `status` (`stored`, `flagged`, `quarantined`), `message_id`, `type`, `event`, `name`, `user_id`,
        `anonymous_id`, `received_ms`, `violations` (a list of {"rule", "property", "message"}).
        """
        ...

    def completeness(self) -> Completeness: ...

    def recent_completeness(self) -> Completeness:
        """As another reader found it, a fraction of a second ago at most: for readers of `complete_through_ms` alone.

        An older moment is merely lower; an older `lag_events` would say nothing of what came since.
        """
        ...

    def quality(self) -> Quality: ...

    def alert_log(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """Newest first: the stored transitions and deliveries of alerts."""
        ...

    def write_alert_log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows of `alert_log`."""
        ...
