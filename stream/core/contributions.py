"""What a person's state adds to its partition's counters, moved by the difference between before and after.

Does not change states: callers change a person and call these with what was before.
"""

from stream.core.activation import ACTIVATION_COUNTERS, NOTHING, activation
from stream.core.funnels import Entries, all_entries
from stream.core.partition import Partition
from stream.core.person import Person


def recount_entries(partition: Partition, person_id: str, person: Person) -> None:
    """Compute a person's funnel entries anew and count the difference."""
    before, after = person.entries, all_entries(person, partition.definitions)
    if before == after:
        return
    for key in before.keys() | after.keys():
        old, new = before.get(key, ()), after.get(key, ())
        if old != new:
            funnel, day = key
            counters = partition.definitions.funnels[funnel].counters
            partition.counters.change_steps(counters, day, len(old), len(new), partition.restatements)
            partition.funnel_changes[person_id, funnel, day] = new
    person.entries = after


def withdraw(partition: Partition, person_id: str, person: Person) -> None:
    """Take out of the counters all that a person contributes and that is not frozen."""
    partition.counters.change_days(person.days, 0, partition.restatements)
    before = activation(person, partition.definitions)
    partition.counters.change_activation(before, NOTHING, person.frozen_day, partition.restatements)
    _withdraw_entries(partition, person_id, person.entries)


def adopt_frozen(partition: Partition, sender: str, other: Person, until_day: int) -> None:
    """Count what an arriving state contributed to days that are frozen here: its own partition has let go of it.

    Called once per sender. The entries are kept under the sender's id, which resolves to the person.
    """
    restate = partition.restatements
    days = activation(other, partition.definitions)
    for metric, day in zip(ACTIVATION_COUNTERS, days, strict=True):
        if day is not None and day < until_day:
            partition.counters.add(metric, day, 1, restate)
    for (funnel, day), times in other.entries.items():
        if day < until_day:
            counters = partition.definitions.funnels[funnel].counters
            partition.counters.change_steps(counters, day, 0, len(times), restate)
            partition.funnel_changes[sender, funnel, day] = times


def _withdraw_entries(partition: Partition, person_id: str, entries: Entries) -> None:
    for (funnel, day), times in entries.items():
        counters = partition.definitions.funnels[funnel].counters
        partition.counters.change_steps(counters, day, len(times), 0, partition.restatements)
        partition.funnel_changes[person_id, funnel, day] = ()
