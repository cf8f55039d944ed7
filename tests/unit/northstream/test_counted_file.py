"""The small file by which the engine tells the collector what may be pruned."""

from pathlib import Path

from northstream.pruning import read_counted, write_counted
from schemas.topics import Topic


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """By topic and partition."""
    positions = {(Topic.EVENTS, 0): 5, (Topic.QUARANTINE, 0): 7}
    write_counted(tmp_path / "counted.json", positions)
    assert read_counted(tmp_path / "counted.json") == positions


def test_a_file_that_a_power_cut_left_empty_means_that_nothing_is_pruned(tmp_path: Path) -> None:
    """The task that prunes must go on, not die of it."""
    (tmp_path / "counted.json").write_text("")
    assert read_counted(tmp_path / "counted.json") == {}
    assert read_counted(tmp_path / "absent.json") == {}
