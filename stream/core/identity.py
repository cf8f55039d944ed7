"""Who is whom: a device's first link wins, users unite, and states move to the smaller id.

Does not route records: what is due to a person of any partition goes to the outbox, its own partition included.
"""

from collections.abc import Iterable, Iterator

import msgspec

from schemas.checkpoints import IdentityWarning, OverrideRow
from schemas.identity import device_person, person_rank, user_person
from schemas.rows import LinkRow
from schemas.topics import MAX_BLOCK_BYTES
from stream.core.activation import activation, recount_activation
from stream.core.contributions import adopt_frozen, recount_entries, withdraw
from stream.core.funnels import Entries, all_entries
from stream.core.handoffs import MovedState, Union
from stream.core.partition import Partition
from stream.core.people import Moved
from stream.core.person import Person
from stream.core.person_codec import decode, encode
from stream.core.restatements import MERGE
from stream.core.slices import slices

DEVICE_OF_ANOTHER_USER = "device_of_another_user"
MANY_IDS = "many_ids"
ALIAS_WITH_WRITE_KEY = "alias_with_write_key"

MAX_STATE_BYTES = MAX_BLOCK_BYTES * 3 // 4
"""A larger state moves in slices, so that every record stays within the size of a block, whatever a person has done."""

_decoder = msgspec.json.Decoder(LinkRow)


def decode_links(value: bytes) -> list[LinkRow]:
    """The lines of a links record, in order.

    Raises:
        msgspec.DecodeError: a line is not a link row.
    """
    return _decoder.decode_lines(value)


def apply_links(partition: Partition, lines: Iterable[LinkRow]) -> None:
    """The first link of a device moves it to its user; a later link to another user is only a warning."""
    for link in lines:
        device, user = device_person(link.anonymous_id), user_person(link.user_id)
        state = partition.people.touch(device)
        if not isinstance(state, Moved):
            _move(partition, device, state, user, link.message_id)
        elif state != user:
            detail = f"belongs to {state}, not re-linked to {user}"
            partition.warnings.append(
                IdentityWarning(DEVICE_OF_ANOTHER_USER, link.message_id, device, detail, link.received_ms)
            )


def unite_users(partition: Partition, one: str, other: str, cause: str) -> None:
    """Two persons are one: tell the larger in the total order, which moves to the smaller."""
    if one != other:
        smaller, larger = sorted((one, other), key=person_rank)
        partition.outbox.append(Union(larger, smaller, cause))


def apply_union(partition: Partition, union: Union) -> None:
    """The larger user moves to the smaller; if it has moved already, where it moved and the other are one.

    Moves only ever go down in the total order, so chains end, and any order of unions ends in the same person.
    """
    state = partition.people.touch(union.to)
    if isinstance(state, Moved):
        unite_users(partition, str(state), union.other, union.cause)
    else:
        _move(partition, union.to, state, union.other, union.cause)


def apply_state(partition: Partition, moved: MovedState) -> None:
    """A state that moved here is united with its person, or goes on if that person has moved further."""
    state = partition.people.touch(moved.to)
    if isinstance(state, Moved):
        _override(partition, decode(moved.sender, moved.state), str(state))
        partition.outbox.append(msgspec.structs.replace(moved, to=str(state)))
    else:
        other = decode(moved.sender, moved.state)
        other.entries = _entries(moved, other, partition)
        _absorb(partition, moved, state, other)


def _move(partition: Partition, person_id: str, person: Person, target: str, cause: str) -> None:
    """Take a person out of this partition's numbers and send its state to where it belongs from now on."""
    if person.frozen_day < partition.freeze_day:
        person.freeze(partition.freeze_day, partition.freeze_start_ms)
    partition.restatements.because(cause, MERGE)
    withdraw(partition, person_id, person)
    _override(partition, person, target)
    partition.outbox.extend(_moved_states(partition, person_id, person, target, cause))
    partition.people.move(person_id, target)


def _moved_states(
    partition: Partition, person_id: str, person: Person, target: str, cause: str
) -> Iterator[MovedState]:
    """The state as a hand-off; as several, each small enough for a record, if it is large.

    Slices arrive one after the other. Until the last of them the person lacks some messages, which changes numbers for
    a moment, but for none for good: a day would have to freeze just between two slices.
    """
    state, over_day = encode(person_id, person), partition.restatements.over_day
    if len(state) <= MAX_STATE_BYTES:
        yield MovedState(target, person_id, state, cause, over_day)
        return
    entries = [(*key, list(times)) for key, times in person.entries.items()]
    for part in slices(person_id, person, MAX_STATE_BYTES):
        yield MovedState(target, person_id, part, cause, over_day, entries)
        # None would have a later slice count its own steps on frozen days, once more.
        entries = []


def _entries(moved: MovedState, other: Person, partition: Partition) -> Entries:
    if moved.entries is None:
        return all_entries(other, partition.definitions)
    return {(funnel, day): tuple(times) for funnel, day, times in moved.entries}


def _absorb(partition: Partition, moved: MovedState, person: Person, other: Person) -> None:
    """Unite and count the difference; days frozen here take over what the other counted there, once."""
    definitions, restate = partition.definitions, partition.restatements
    restate.because(moved.cause, MERGE, moved.over_day)
    frozen_day = max(partition.freeze_day, person.frozen_day, other.frozen_day)
    start_ms = definitions.calendar.start_of(frozen_day)
    known_before = other.user_ids <= person.user_ids and other.devices <= person.devices
    if not known_before:
        adopt_frozen(partition, moved.sender, other, frozen_day)
    person.freeze(frozen_day, start_ms)
    other.freeze(frozen_day, start_ms)
    days, before = person.days, activation(person, definitions)
    person.absorb(other)
    person.drop_late_actions(definitions.activation_window_ms)
    partition.counters.change_days(days, person.days, restate)
    partition.counters.change_activation(before, recount_activation(person, definitions), frozen_day, restate)
    recount_entries(partition, moved.to, person)
    _warn_of_many_ids(partition, moved, person)


def _override(partition: Partition, person: Person, target: str) -> None:
    """Every id of a state that moves belongs to `target` now, or to something smaller still."""
    ids = [user_person(user) for user in person.user_ids] + [device_person(device) for device in person.devices]
    partition.overrides.extend(OverrideRow(one, target) for one in ids)


def _warn_of_many_ids(partition: Partition, moved: MovedState, person: Person) -> None:
    ids = len(person.user_ids) + len(person.devices)
    if ids > partition.definitions.ids_per_person_warning:
        detail = f"{ids} ids are united in this person"
        partition.warnings.append(IdentityWarning(MANY_IDS, moved.cause, moved.to, detail, partition.last_received_ms))
