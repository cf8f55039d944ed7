"""Which changes of a number are restatements, and what they say about their cause."""

import msgspec

from schemas.calendar import DAY_MS
from schemas.definitions import DAY_SECONDS, FunnelDefinition, FunnelStep, StreamDefinitions
from schemas.rows import LinkRow
from stream.core.active_days import FIRST_DAY
from stream.core.apply import apply_events, decode_events
from stream.core.definitions import Compiled
from stream.core.identity import apply_links
from stream.core.partition import Partition
from stream.core.restatements import Change

DAY_10 = FIRST_DAY + 10
DEFINITIONS = StreamDefinitions(
    timezone="UTC",
    active_types=frozenset(("track", "page", "screen")),
    active_events=frozenset(),
    signup_event="Account Created",
    core_actions=frozenset(("Task Completed",)),
    core_actions_needed=1,
    funnels=(
        FunnelDefinition(
            "f",
            {"en": "f"},
            7 * DAY_SECONDS,
            (FunnelStep("Pricing Viewed", {"en": "1"}), FunnelStep("Account Created", {"en": "2"})),
        ),
    ),
)


def send(partition: Partition, message_id: str, day: int, event: str = "Other", **ids: str) -> None:
    line = {
        "message_id": message_id,
        "type": "track",
        "event": event,
        "occurred_ms": day * DAY_MS + 1,
        "received_ms": (DAY_10 + 20) * DAY_MS,
        **(ids or {"user_id": "ada"}),
    }
    apply_events(partition, decode_events(msgspec.json.encode(line)))


def published(partition: Partition) -> Partition:
    """As after a publication: days before the watermark have been shown as over."""
    partition.close_days(partition.watermark_ms)
    partition.restatements.take()
    return partition


def test_a_late_event_restates_the_days_that_were_over_and_names_itself() -> None:
    """DAU of its day and the rolling counters of the days after it, up to the day that is still running."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "now", DAY_10)
    published(partition)
    send(partition, "late", DAY_10 - 2, user_id="bob")
    changes = partition.restatements.take()
    assert {(one.metric, one.day) for one in changes} == {
        ("dau", DAY_10 - 2),
        *((metric, day) for metric in ("wau", "mau") for day in (DAY_10 - 2, DAY_10 - 1)),
    }
    assert {(one.cause, one.reason, one.delta) for one in changes} == {("late", "late event", 1)}


def test_a_cohort_that_matures_is_not_restated() -> None:
    """A core action of today raises `activated` of yesterday's signups; nothing that was published was wrong."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "signup", DAY_10 - 1, "Account Created")
    send(partition, "today", DAY_10)
    published(partition)
    send(partition, "action", DAY_10, "Task Completed")
    assert ("activated", DAY_10 - 1, 1) in set(partition.counters.values())
    assert partition.restatements.take() == []


def test_an_entry_that_goes_on_is_not_restated() -> None:
    """A step of today, of an entry of yesterday whose window is open."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "entry", DAY_10 - 1, "Pricing Viewed")
    send(partition, "today", DAY_10)
    published(partition)
    send(partition, "step", DAY_10, "Account Created")
    assert ("funnel:f:2", DAY_10 - 1, 1) in set(partition.counters.values())
    assert partition.restatements.take() == []


def test_a_merge_takes_its_share_away_here_and_says_so() -> None:
    """The device's own partition subtracts it; what the user's partition adds comes with the same cause."""
    partition = Partition(Compiled(DEFINITIONS))
    send(partition, "seen", DAY_10 - 1, anonymous_id="a")
    send(partition, "today", DAY_10)
    published(partition)
    apply_links(partition, [LinkRow("a", "ada", "login", 0)])
    assert Change("dau", DAY_10 - 1, "login", "merge", -1) in partition.restatements.take()


def test_what_cancels_out_within_a_checkpoint_is_no_restatement() -> None:
    """One cause, one bucket: the sum counts."""
    partition = published(Partition(Compiled(DEFINITIONS)))
    partition.restatements.close_days(DAY_10)
    partition.restatements.because("m", "merge")
    partition.restatements.note_range("dau", DAY_10 - 3, DAY_10 - 1, 1)
    partition.restatements.note_range("dau", DAY_10 - 2, DAY_10 - 1, -1)
    assert partition.restatements.take() == [Change("dau", DAY_10 - 3, "m", "merge", 1)]
