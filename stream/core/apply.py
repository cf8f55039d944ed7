"""What an event does to its person and to the counters.

Does not decide who the person is beyond the message itself: moved persons get their events by hand-off.
"""

from collections.abc import Iterable

import msgspec
import xxhash

from schemas.identity import DEVICE_IS_JUNK, PREVIOUS_IS_JUNK, USER_IS_JUNK, user_person
from stream.core.activation import activation
from stream.core.active_days import FIRST_DAY
from stream.core.contributions import recount_entries
from stream.core.definitions import Compiled
from stream.core.handoffs import CoreEvent
from stream.core.identity import unite_users
from stream.core.partition import Partition
from stream.core.people import Moved
from stream.core.person import Person, note_moment

LATE_EVENT = "late event"


class EventLine(msgspec.Struct, gc=False):
    """The part of `schemas.rows.EventRow` that the stream needs."""

    message_id: str
    type: str
    occurred_ms: int
    received_ms: int
    event: str = ""
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    junk: int = 0
    secret: bool = False
    timestamp_ms: int | None = None
    sent_ms: int | None = None


_decoder = msgspec.json.Decoder(EventLine)


def decode_events(value: bytes) -> list[EventLine]:
    """The lines of an events record, in order.

    Raises:
        msgspec.DecodeError: a line is not an event row.
    """
    return _decoder.decode_lines(value)


def person_of(line: EventLine) -> str | None:
    """The person that the message alone names: its usable user, else its usable device."""
    if line.user_id and not line.junk & USER_IS_JUNK:
        return "u:" + line.user_id
    if line.anonymous_id and not line.junk & DEVICE_IS_JUNK:
        return "d:" + line.anonymous_id
    return None


def apply_events(partition: Partition, lines: Iterable[EventLine]) -> None:
    """Apply the lines of one record, in order."""
    for line in lines:
        person_id = person_of(line)
        if person_id is None:
            continue
        if line.occurred_ms > partition.watermark_ms:
            partition.advance_watermark(line.occurred_ms, line.received_ms)
        if line.received_ms > partition.last_received_ms:
            partition.last_received_ms = line.received_ms
        partition.first_received_ms = partition.first_received_ms or line.received_ms
        _count_late(partition, line)
        person = partition.people.touch(person_id)
        if person.__class__ is Moved:
            partition.outbox.append(_hand_on(line, person))
        else:
            _apply_to(partition, person_id, person, line)  # type: ignore[arg-type]
        if line.type == "alias":
            _apply_alias(partition, line)


def apply_handed_on(partition: Partition, event: CoreEvent) -> None:
    """Apply an event of a device that has moved here, or hand it on if the person has moved further."""
    person = partition.people.touch(event.to)
    if isinstance(person, Moved):
        event.to = str(person)
        partition.outbox.append(event)
    else:
        _apply_to(partition, event.to, person, event)


def _apply_alias(partition: Partition, line: EventLine) -> None:
    """A privileged alias unites two users; any other alias has linked its device by a link record."""
    usable = line.user_id and line.previous_id and not line.junk & (USER_IS_JUNK | PREVIOUS_IS_JUNK)
    if line.secret and usable:
        unite_users(partition, user_person(line.user_id), user_person(line.previous_id), line.message_id)


def _apply_to(partition: Partition, person_id: str, person: Person, event: EventLine | CoreEvent) -> None:
    definitions = partition.definitions
    occurred = event.occurred_ms
    person.see(occurred)
    if person.frozen_day < partition.freeze_day:
        person.freeze(partition.freeze_day, partition.freeze_start_ms)
    if event.type not in definitions.active_types:
        return
    message = xxhash.xxh3_64_intdigest(event.message_id.encode())
    is_track = event.type == "track"
    if not is_track or not definitions.active_events or event.event in definitions.active_events:
        _note_activity(partition, person, message, event)
    if is_track:
        _note_milestones(partition, person_id, person, message, event)


def _note_activity(partition: Partition, person: Person, message: int, event: EventLine | CoreEvent) -> None:
    day = partition.definitions.calendar.day_of(event.occurred_ms)
    if _may_be_forgotten_copy(partition, event, day):
        return
    before = person.days
    bit = day - FIRST_DAY
    if person.note_activity(message, bit, event.received_ms // partition.definitions.retry_window_ms):
        partition.restatements.because(event.message_id, LATE_EVENT)
        if person.days == before | 1 << bit:
            partition.counters.activate_day(before, bit, partition.restatements)
        else:
            partition.counters.change_days(before, person.days, partition.restatements)


def _may_be_forgotten_copy(partition: Partition, event: EventLine | CoreEvent, day: int) -> bool:
    """Whether an earlier copy on another day may have left the retry window: such a message is for the audit alone.

    Only a message whose time was corrected by more than the window can be one, and only if its first copy
    could have reached this partition, which begins with the first message that it received.
    """
    if event.sent_ms is None or event.timestamp_ms is None:
        return False
    if event.received_ms - event.sent_ms <= partition.definitions.retry_window_ms:
        return False
    if event.sent_ms < partition.first_received_ms:
        return False
    return partition.definitions.calendar.day_of(event.timestamp_ms) != day


def _note_milestones(
    partition: Partition, person_id: str, person: Person, message: int, event: EventLine | CoreEvent
) -> None:
    """Signup, core actions and funnel steps."""
    definitions, name = partition.definitions, event.event
    is_signup, is_action = name == definitions.signup_event, name in definitions.core_actions
    is_step = name in definitions.step_events
    if not (is_signup or is_action or is_step):
        return
    partition.restatements.because(event.message_id, LATE_EVENT)
    if is_signup or is_action:
        _note_signup_or_action(partition, person, message, event.occurred_ms, is_signup, is_action)
    in_time = event.occurred_ms >= partition.freeze_start_ms
    if is_step and in_time and note_moment(person.steps.setdefault(name, {}), message, event.occurred_ms):
        recount_entries(partition, person_id, person)


def _note_signup_or_action(
    partition: Partition, person: Person, message: int, occurred_ms: int, is_signup: bool, is_action: bool
) -> None:
    definitions = partition.definitions
    before = activation(person, definitions)
    if is_signup and (person.signed_up_ms is None or occurred_ms < person.signed_up_ms):
        person.signed_up_ms = occurred_ms
        person.drop_late_actions(definitions.activation_window_ms)
    if is_action and occurred_ms >= partition.freeze_start_ms and _may_count(person, occurred_ms, definitions):
        note_moment(person.actions, message, occurred_ms)
    after = activation(person, definitions)
    partition.counters.change_activation(before, after, person.frozen_day, partition.restatements)


def _may_count(person: Person, occurred_ms: int, definitions: Compiled) -> bool:
    return person.signed_up_ms is None or occurred_ms < person.signed_up_ms + definitions.activation_window_ms


def _count_late(partition: Partition, line: EventLine) -> None:
    if line.occurred_ms < partition.watermark_ms - partition.definitions.horizon_ms:
        partition.counters.count_late(partition.definitions.calendar.day_of(line.occurred_ms))


def _hand_on(line: EventLine, target: Moved) -> CoreEvent:
    return CoreEvent(
        str(target),
        line.message_id,
        line.type,
        line.event,
        line.occurred_ms,
        line.received_ms,
        line.timestamp_ms,
        line.sent_ms,
    )
