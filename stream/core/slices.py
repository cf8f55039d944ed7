"""A state that is too large for one record, as several that unite to it.

Does not send them: see `identity`.
"""

from collections.abc import Iterator
from itertools import islice

from schemas.identity import device_person, user_person
from stream.core.person import Moments, Person
from stream.core.person_codec import encode

_CHUNK = 256
"""Messages that stay together; few enough to fill a slice well, enough to be quick."""

_MOMENT_BYTES = 16
_RECENT_BYTES = 12
_FRAME_BYTES = 64
"""Around an id, or around the moments of a step: a generous size."""


def slices(person_id: str, person: Person, most_bytes: int) -> Iterator[bytes]:
    """States of `person_id`, encoded, of about `most_bytes` each, that unite to `person` in any order.

    The first holds all that is single (times, settled days) and as much as fits, ids foremost; all name
    the span in which the person was seen, and the frozen day.
    """
    slice_ = _begin(person_id, person)
    slice_.settled_days = person.settled_days
    slice_.signed_up_ms = person.signed_up_ms
    slice_.activated_ms = person.activated_ms
    room = most_bytes - _FRAME_BYTES
    for size, piece in _pieces(person):
        if size > room:
            yield encode(person_id, slice_)
            slice_ = _begin(person_id, person)
            room = most_bytes - _FRAME_BYTES
        _put(slice_, piece)
        room -= size
    yield encode(person_id, slice_)


def _begin(person_id: str, person: Person) -> Person:
    slice_ = Person(person_id)
    slice_.first_seen_ms = person.first_seen_ms
    slice_.last_seen_ms = person.last_seen_ms
    slice_.frozen_day = person.frozen_day
    return slice_


def _pieces(person: Person) -> Iterator[tuple[int, Person]]:
    """The bytes that each takes at most, and what it holds; ids first: by them a state that comes again is known."""
    for person_id in (*map(user_person, person.user_ids), *map(device_person, person.devices)):
        yield _id_bytes(person_id), Person(person_id)
    for chunk in _chunks(person.actions):
        piece = Person()
        piece.actions = chunk
        yield _MOMENT_BYTES * len(chunk), piece
    for step, moments in person.steps.items():
        for chunk in _chunks(moments):
            piece = Person()
            piece.steps = {step: chunk}
            yield _MOMENT_BYTES * len(chunk) + _id_bytes(step), piece
    for chunk in _chunks(person.recent):
        piece = Person()
        piece.recent = chunk
        yield _RECENT_BYTES * len(chunk), piece


def _put(slice_: Person, piece: Person) -> None:
    slice_.actions.update(piece.actions)
    for step, moments in piece.steps.items():
        slice_.steps.setdefault(step, {}).update(moments)
    slice_.user_ids |= piece.user_ids
    slice_.devices |= piece.devices
    slice_.recent.update(piece.recent)


def _id_bytes(name: str) -> int:
    return _FRAME_BYTES + 4 * len(name)


def _chunks(messages: Moments) -> Iterator[Moments]:
    items = iter(messages.items())
    while chunk := dict(islice(items, _CHUNK)):
        yield chunk
