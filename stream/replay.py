"""Rebuilds the people and counters of all partitions from the warehouse, hand-offs delivered on the spot.

Does not write anything: the rebuilt partitions are checkpointed and published like any others, which is the switch.
"""

from collections.abc import Iterable

from schemas.partitioning import device_partition, person_partition
from schemas.replay import History, PublishedNumber
from stream.core.apply import EventLine, apply_events, apply_handed_on, decode_events, person_of
from stream.core.definitions import Compiled
from stream.core.handoffs import CoreEvent, Handoff, MovedState
from stream.core.identity import apply_links, apply_state, apply_union, decode_links
from stream.core.partition import Partition
from stream.core.restatements import DEFINITION


def rebuild(definitions: Compiled, partitions: int, history: History) -> list[Partition]:
    """The state of every partition after everything in the history, and the changes of numbers noted."""
    states = [Partition(definitions) for _ in range(partitions)]
    received_ms = history.last_received_ms()
    for block in history.links():
        for link in decode_links(block):
            apply_links(states[device_partition(link.anonymous_id, partitions)], [link])
        _deliver(states)
    for block in history.events():
        for number, lines in _by_partition(decode_events(block), partitions).items():
            apply_events(states[number], lines)
        _deliver(states)
        for state in states:
            state.forget_before(received_ms, max(one.watermark_ms for one in states))
            state.people.rest_touched(state.generation)
    _note_changes(states, list(history.published()))
    return states


def apply_handoff(state: Partition, handoff: Handoff) -> None:
    """Apply one hand-off to the partition of its person."""
    if isinstance(handoff, CoreEvent):
        apply_handed_on(state, handoff)
    elif isinstance(handoff, MovedState):
        apply_state(state, handoff)
    else:
        apply_union(state, handoff)


def _by_partition(lines: Iterable[EventLine], partitions: int) -> dict[int, list[EventLine]]:
    found: dict[int, list[EventLine]] = {}
    for line in lines:
        person_id = person_of(line)
        if person_id is not None:
            found.setdefault(person_partition(person_id, partitions), []).append(line)
    return found


def _deliver(states: list[Partition]) -> None:
    """Apply what partitions owe each other, until nobody owes anything."""
    while any(state.outbox for state in states):
        for state in states:
            due, state.outbox = state.outbox, []
            for handoff in due:
                apply_handoff(states[person_partition(handoff.to, len(states))], handoff)


def _note_changes(states: list[Partition], published: Iterable[PublishedNumber]) -> None:
    """Differences from the numbers so far are restatements of the first partition; late arrivals keep their count."""
    before = {(one.metric, one.bucket): one.value for one in published}
    now: dict[tuple[str, int], int] = {}
    for state in states:
        for metric, day, value in state.counters.values():
            now[metric, day] = now.get((metric, day), 0) + value
    first = states[0]
    first.restatements.take()
    first.close_days(max(state.watermark_ms for state in states))
    first.restatements.because(f"definitions {first.definitions.digest}", DEFINITION)
    for metric, day in before.keys() | now.keys():
        delta = now.get((metric, day), 0) - before.get((metric, day), 0)
        if metric == "late":
            first.counters.count_late(day, -delta)
        elif delta:
            first.restatements.note_range(metric, day, day, delta)
