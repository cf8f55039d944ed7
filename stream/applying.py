"""From a record to its partition's state: decoded whole first, so that nothing is half applied, then applied.

Does not decide what happens to a record that cannot be decoded: see `worker`.
"""

from collections.abc import Callable

import msgspec

from schemas.topics import FORMAT_VERSION, Kind, Record, Topic
from stream.core.apply import apply_events, decode_events
from stream.core.handoffs import decode_handoffs
from stream.core.identity import apply_links, decode_links
from stream.core.partition import Partition
from stream.core.person_codec import UnknownStateVersion
from stream.replay import apply_handoff

_KINDS = {Topic.EVENTS: (Kind.EVENTS, Kind.LINKS), Topic.HANDOFFS: (Kind.HANDOFFS,)}

Application = Callable[[Partition], None]


class Poison(ValueError):
    """A record that is not of this product, or whose lines cannot be read."""


class WrittenByLaterVersion(RuntimeError):
    """A later version of the program wrote this: nothing is left behind, this worker has to be upgraded."""


def decode_record(record: Record) -> Application:
    """What the record does to its partition.

    Raises:
        Poison: it has to be left behind.
        WrittenByLaterVersion: this program is too old for it.
    """
    if record.is_poison:
        raise Poison("its headers are missing or malformed")
    if record.version > FORMAT_VERSION:
        raise WrittenByLaterVersion(f"records have version {record.version}, this program reads up to {FORMAT_VERSION}")
    if record.kind not in _KINDS[record.topic]:
        raise Poison(f"{record.kind} have no place in {record.topic}")
    try:
        return _decode(record)
    except UnknownStateVersion as error:
        raise WrittenByLaterVersion(str(error)) from error
    except (msgspec.DecodeError, ValueError, IndexError) as error:
        raise Poison(str(error)) from error


def _decode(record: Record) -> Application:
    if record.kind is Kind.EVENTS:
        events = decode_events(record.value)
        return lambda state: apply_events(state, events)
    if record.kind is Kind.LINKS:
        links = decode_links(record.value)
        return lambda state: apply_links(state, links)
    handoffs = decode_handoffs(record.value)

    def apply_all(state: Partition) -> None:
        for handoff in handoffs:
            apply_handoff(state, handoff)

    return apply_all
