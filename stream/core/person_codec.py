"""People at rest: a state as compact bytes, with a version byte, and the marker of a person that has moved.

Does not decide when to encode. Layout: one version byte, then msgpack; hashes and times are packed side by side.
Version 1 packed recent messages like moments, 16 bytes each; version 2 takes 12.
"""

from array import array
from itertools import chain

import msgspec

from stream.core.person import DAY_BITS, Moments, Person

MOVED = 0
VERSION = 2
_FIRST_VERSION = 1


class UnknownStateVersion(ValueError):
    """These bytes were written by a later version of the program; upgrade before reading them."""


class _AtRest(msgspec.Struct, array_like=True, gc=False):
    """Own ids are left out (the key has them). Days are bytes, little-endian, from bit `days_from` on."""

    days_from: int
    settled_days: bytes
    first_seen_ms: int | None
    last_seen_ms: int | None
    frozen_day: int
    signed_up_ms: int | None = None
    activated_ms: int | None = None
    recent: bytes = b""
    user_ids: list[str] = []
    devices: list[str] = []
    actions: bytes = b""
    steps: dict[str, bytes] = {}
    recent_from: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_AtRest)


def encode_moved(target: str) -> bytes:
    """The marker of a person that was united into `target`."""
    return bytes((MOVED,)) + target.encode()


def moved_target(data: bytes) -> str | None:
    """Where a person at rest has moved to; None if it has not."""
    return data[1:].decode() if data[0] == MOVED else None


def encode(person_id: str, person: Person) -> bytes:
    own = person_id[2:]
    days = person.settled_days
    days_from = (days & -days).bit_length() - 1 if days else 0
    days >>= days_from
    is_user = person_id[0] == "u"
    recent_from = min(person.recent.values(), default=0) >> DAY_BITS << DAY_BITS
    state = _AtRest(
        days_from,
        days.to_bytes((days.bit_length() + 7) // 8, "little"),
        person.first_seen_ms,
        person.last_seen_ms,
        person.frozen_day,
        person.signed_up_ms,
        person.activated_ms,
        _pack_recent(person.recent, recent_from),
        sorted(person.user_ids - {own}) if is_user else sorted(person.user_ids),
        sorted(person.devices) if is_user else sorted(person.devices - {own}),
        _pack(person.actions),
        {step: _pack(person.steps[step]) for step in sorted(person.steps)},
        recent_from,
    )
    return bytes((VERSION,)) + _encoder.encode(state)


def decode(person_id: str, data: bytes) -> Person:
    """The state of `person_id`; `entries` are left empty for `funnels` to recompute.

    Raises:
        UnknownStateVersion: the version byte is later than this program's.
    """
    if not _FIRST_VERSION <= data[0] <= VERSION:
        raise UnknownStateVersion(f"person state has format version {data[0]}, this program reads up to {VERSION}")
    state = _decoder.decode(memoryview(data)[1:])
    person = Person(person_id)
    person.user_ids.update(state.user_ids)
    person.devices.update(state.devices)
    person.settled_days = int.from_bytes(state.settled_days, "little") << state.days_from
    person.first_seen_ms = state.first_seen_ms
    person.last_seen_ms = state.last_seen_ms
    person.frozen_day = state.frozen_day
    person.signed_up_ms = state.signed_up_ms
    person.activated_ms = state.activated_ms
    is_first = data[0] == _FIRST_VERSION
    person.recent = _unpack(state.recent) if is_first else _unpack_recent(state.recent, state.recent_from)
    person.days = person._all_days()
    person.actions = _unpack(state.actions)
    person.steps = {step: _unpack(packed) for step, packed in state.steps.items()}
    return person


def _pack(values: Moments) -> bytes:
    """Hash and value side by side, 8 bytes each, sorted by hash so that equal states are equal bytes."""
    if not values:
        return b""
    return array("Q", chain.from_iterable(sorted(values.items()))).tobytes()


def _unpack(packed: bytes) -> Moments:
    if not packed:
        return {}
    flat = array("Q")
    flat.frombytes(packed)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _pack_recent(recent: Moments, start: int) -> bytes:
    """All hashes (8 bytes), then all generations and days (4 bytes), counted from `start`; sorted by hash."""
    if not recent:
        return b""
    ordered = sorted(recent.items())
    hashes = array("Q", [message for message, _ in ordered])
    return hashes.tobytes() + array("I", [packed - start for _, packed in ordered]).tobytes()


def _unpack_recent(packed: bytes, start: int) -> Moments:
    if not packed:
        return {}
    count = len(packed) // 12
    hashes, places = array("Q"), array("I")
    hashes.frombytes(packed[: 8 * count])
    places.frombytes(packed[8 * count :])
    return {message: start + place for message, place in zip(hashes, places, strict=True)}
