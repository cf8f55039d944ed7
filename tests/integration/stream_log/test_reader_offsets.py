"""How far readers have come, told to the log that must not give their offsets again."""

from pathlib import Path

from schemas.topics import Kind, Record, Topic
from stream.log.local import EVENT_TOPICS, HANDOFF_TOPICS, LocalLog
from stream.log.offsets import LOADER, CommittedOffsets, read_committed


def test_the_furthest_of_all_readers_is_what_the_log_is_told(tmp_path: Path) -> None:
    """The stream's own offsets stay its own: it must never start where the loader stands."""
    LocalLog(tmp_path / "handoffs.db", HANDOFF_TOPICS, 1).close()
    offsets = CommittedOffsets(tmp_path / "handoffs.db")
    offsets.store({(Topic.EVENTS, 0): 5})
    offsets.store({(Topic.EVENTS, 0): 9, (Topic.QUARANTINE, 0): 3}, LOADER)
    assert offsets.load() == {(Topic.EVENTS, 0): 5}
    offsets.close()
    assert read_committed(tmp_path / "handoffs.db") == {(Topic.EVENTS, 0): 9, (Topic.QUARANTINE, 0): 3}


def test_a_log_that_lost_its_end_gives_no_loaded_offset_again(tmp_path: Path) -> None:
    """Quarantined messages too: the loader would take the new records for those it has loaded."""
    log = LocalLog(tmp_path / "events.db", EVENT_TOPICS, 1, read={(Topic.QUARANTINE, 0): 20})
    assert log.cut
    refused = Record(Topic.QUARANTINE, 0, Kind.QUARANTINE, 1, b"{}\n")
    assert log.append([refused])[0] >= 20
    log.close()
