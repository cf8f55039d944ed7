"""From a record to its partition's state: decoded whole first, so that nothing is half applied, then applied.

Does not decide what happens to records and lines that cannot be decoded: see `worker`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from schemas.topics import Kind, Record, Topic, WrittenByLaterVersion, check_version
from stream.core.apply import apply_events, decode_events
from stream.core.handoffs import decode_handoffs
from stream.core.identity import apply_links, decode_links
from stream.core.partition import Partition
from stream.core.person_codec import UnknownStateVersion
from stream.replay import apply_handoff

_KINDS = {Topic.EVENTS: (Kind.EVENTS, Kind.LINKS), Topic.HANDOFFS: (Kind.HANDOFFS,)}

_Row = TypeVar("_Row")

_UNREADABLE = (msgspec.DecodeError, ValueError, IndexError)


class Poison(ValueError):
    """A record that is not of this product, or of which nothing can be read."""


class Decoded(NamedTuple):
    """What a record does to its partition.

    `size`: how many rows or hand-offs. `unreadable`: numbers (from 0) of the lines that are left out of it, which
    are those that the loader leaves out, too; hand-offs are whole or poison.
    """

    apply: Callable[[Partition], None]
    size: int
    unreadable: Sequence[int] = ()


def decode_record(record: Record) -> Decoded:
    """Everything of the record that can be read.

    Raises:
        Poison: it has to be left behind.
        WrittenByLaterVersion: this program is too old for it.
    """
    if record.is_poison:
        raise Poison("its headers are missing or malformed")
    check_version(record)
    if record.is_filler:
        return Decoded(lambda state: None, 0)
    if record.kind not in _KINDS[record.topic]:
        raise Poison(f"{record.kind} have no place in {record.topic}")
    try:
        return _decode(record)
    except UnknownStateVersion as error:
        raise WrittenByLaterVersion(str(error)) from error
    except _UNREADABLE as error:
        raise Poison(str(error)) from error


def _decode(record: Record) -> Decoded:
    if record.kind is Kind.EVENTS:
        events, unreadable = _rows(record.value, decode_events)
        return Decoded(lambda state: apply_events(state, events), len(events), unreadable)
    if record.kind is Kind.LINKS:
        links, unreadable = _rows(record.value, decode_links)
        return Decoded(lambda state: apply_links(state, links), len(links), unreadable)
    handoffs = decode_handoffs(record.value)

    def apply_all(state: Partition) -> None:
        for handoff in handoffs:
            apply_handoff(state, handoff)

    return Decoded(apply_all, len(handoffs))


def _rows(value: bytes, decode: Callable[[bytes], list[_Row]]) -> tuple[list[_Row], list[int]]:
    """The rows, and the numbers of the lines that are none; raises what `decode` does if no line is one."""
    try:
        return decode(value), []
    except _UNREADABLE:
        rows, unreadable = _line_by_line(value, decode)
        if not rows:
            raise
        return rows, unreadable


def _line_by_line(value: bytes, decode: Callable[[bytes], list[_Row]]) -> tuple[list[_Row], list[int]]:
    rows: list[_Row] = []
    unreadable = []
    for number, line in enumerate(value.removesuffix(b"\n").split(b"\n")):
        try:
            rows += decode(line)
        except _UNREADABLE:
            unreadable.append(number)
    return rows, unreadable
