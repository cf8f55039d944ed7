"""What an event does to its person and to the counters.

Does not decide who the person is beyond the message itself: moved persons get their events by hand-off.
"""

from collections.abc import Iterable

import msgspec
from xxhash import xxh3_64_intdigest

from schemas.checkpoints import IdentityWarning
from schemas.identity import DEVICE_IS_JUNK, PREVIOUS_IS_JUNK, USER_IS_JUNK, device_person, user_person
from stream.core.activation import activation, recount_activation
from stream.core.active_days import FIRST_DAY, EventTime
from stream.core.contributions import recount_entries
from stream.core.handoffs import CoreEvent
from stream.core.identity import ALIAS_WITH_WRITE_KEY, unite_users
from stream.core.partition import Partition
from stream.core.people import Moved
from stream.core.person import Person, note_moment


class EventLine(msgspec.Struct, gc=False):
    """The part of `schemas.rows.EventRow` that the stream needs."""

    message_id: str
    type: str
    occurred_ms: EventTime
    received_ms: EventTime
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
    touch, horizon_ms = partition.people.touch, partition.definitions.horizon_ms
    for line in lines:
        person_id = person_of(line)
        if person_id is None:
            continue
        occurred = line.occurred_ms
        if occurred > partition.watermark_ms:
            partition.advance_watermark(occurred, line.received_ms)
        elif occurred < partition.watermark_ms - horizon_ms:
            partition.counters.count_late(partition.definitions.calendar.day_of(occurred))
        if line.received_ms > partition.last_received_ms:
            partition.note_receipt(line.received_ms)
        person = touch(person_id)
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
    if usable and not line.secret:
        detail = f"linked to {user_person(line.user_id)} as a device; a user of that name is untouched"
        subject = device_person(line.previous_id)
        partition.warnings.append(
            IdentityWarning(ALIAS_WITH_WRITE_KEY, line.message_id, subject, detail, line.received_ms)
        )
    elif usable:
        unite_users(partition, user_person(line.user_id), user_person(line.previous_id), line.message_id)


def _apply_to(partition: Partition, person_id: str, person: Person, event: EventLine | CoreEvent) -> None:
    definitions = partition.definitions
    occurred = event.occurred_ms
    if person.last_seen_ms is None or occurred > person.last_seen_ms or occurred < person.first_seen_ms:  # type: ignore[operator]
        person.see(occurred)
    if person.frozen_day < partition.freeze_day:
        person.freeze(partition.freeze_day, partition.freeze_start_ms)
    is_track, is_active = event.type == "track", event.type in definitions.active_types
    if not is_track and not is_active:
        return
    message = xxh3_64_intdigest(event.message_id.encode())
    if is_active and (not is_track or not definitions.active_events or event.event in definitions.active_events):
        _note_activity(partition, person, message, event)
    if is_track and event.event in definitions.milestones:
        _note_milestone(partition, person_id, person, message, event)


def _note_activity(partition: Partition, person: Person, message: int, event: EventLine | CoreEvent) -> None:
    definitions, received = partition.definitions, event.received_ms
    day = definitions.calendar.day_of(event.occurred_ms)
    corrected_much = event.sent_ms is not None and received - event.sent_ms > definitions.retry_window_ms
    if corrected_much and _may_be_forgotten_copy(partition, event, day):
        if event.occurred_ms >= partition.watermark_ms - definitions.horizon_ms:
            partition.counters.count_late(day)
        return
    before = person.days
    bit = day - FIRST_DAY
    if person.note_activity(message, bit, received // definitions.retry_window_ms):
        restate = partition.restatements
        restate.because_of_event(event.message_id, day)
        if person.days == before | 1 << bit:
            partition.counters.activate_day(before, bit, restate)
        else:
            partition.counters.change_days(before, person.days, restate)


def _may_be_forgotten_copy(partition: Partition, event: EventLine | CoreEvent, day: int) -> bool:
    """Whether an earlier copy on another day may have left the retry window: such a message is for the audit alone.

    Only a message whose time was corrected by more than the window can be one, and only if its first copy
    could have reached this partition, which begins with the first message that it received.
    """
    if event.sent_ms is None or event.timestamp_ms is None or event.sent_ms < partition.first_received_ms:
        return False
    return partition.definitions.calendar.day_of(event.timestamp_ms) != day


def _note_milestone(
    partition: Partition, person_id: str, person: Person, message: int, event: EventLine | CoreEvent
) -> None:
    """Signup, core actions and funnel steps; one event may be all three."""
    definitions, name, occurred = partition.definitions, event.event, event.occurred_ms
    partition.restatements.because_of_event(event.message_id, definitions.calendar.day_of(occurred))
    if name == definitions.signup_event:
        _note_signup(partition, person, occurred)
    in_time = occurred >= partition.freeze_start_ms
    if in_time and name in definitions.core_actions:
        _note_action(partition, person, message, occurred)
    is_step = in_time and name in definitions.step_events
    if is_step and note_moment(person.steps.setdefault(name, {}), message, occurred):
        recount_entries(partition, person_id, person)


def _note_signup(partition: Partition, person: Person, occurred_ms: int) -> None:
    """The earliest signup counts; one that moves back takes actions behind its window with it."""
    if person.signed_up_ms is not None and person.signed_up_ms <= occurred_ms:
        return
    before = activation(person, partition.definitions)
    person.signed_up_ms = occurred_ms
    person.drop_late_actions(partition.definitions.activation_window_ms)
    after = recount_activation(person, partition.definitions)
    partition.counters.change_activation(before, after, person.frozen_day, partition.restatements)


def _note_action(partition: Partition, person: Person, message: int, occurred_ms: int) -> None:
    """Keep a core action that may count: without a signup every one may, else those inside its window."""
    definitions, signup = partition.definitions, person.signed_up_ms
    if signup is not None and occurred_ms >= signup + definitions.activation_window_ms:
        return
    if not note_moment(person.actions, message, occurred_ms) or len(person.actions) < definitions.actions_needed:
        return
    before = activation(person, definitions)
    after = recount_activation(person, definitions)
    partition.counters.change_activation(before, after, person.frozen_day, partition.restatements)


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
