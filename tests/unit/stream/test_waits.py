"""For how long something has been applied and is not durable."""

from stream.waits import Waits


def test_nothing_waits_in_a_partition_at_rest() -> None:
    """An idle worker has no old checkpoint: everything is in it."""
    waits = Waits()
    assert waits.unsaved_seconds() == 0
    waits.apply(1_000)
    waits.save()
    waits.saving_since = None  # it succeeded
    assert waits.unsaved_seconds() == 0


def test_what_waits_is_as_old_as_its_oldest_part() -> None:
    """A checkpoint that fails again and again does not look young because of what came since."""
    waits = Waits()
    waits.apply(1_000)
    first = waits.unsaved_since
    waits.apply(2_000)
    assert waits.unsaved_since == first
    waits.save()
    waits.apply(3_000)
    assert waits.saving_since == first
    assert waits.unsaved_since != first


def test_records_are_timed_until_they_are_published() -> None:
    """Those applied while a publication is under way belong to the next one."""
    waits = Waits()
    waits.apply(1_000)
    waits.publish()
    waits.apply(2_000)
    assert (waits.publishing_ms, waits.appended_ms) == ([1_000], [2_000])


def test_while_catching_up_only_some_records_are_timed() -> None:
    """There may be a million, all alike."""
    waits = Waits()
    for _ in range(5_000):
        waits.apply(1_000)
    assert len(waits.appended_ms) == 1_000
