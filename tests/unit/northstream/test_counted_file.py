"""The small file by which the engine tells the collector what may be pruned."""

from pathlib import Path

from northstream.pruning import read_counted


def test_a_file_that_a_power_cut_left_empty_means_that_nothing_is_pruned(tmp_path: Path) -> None:
    """The task that prunes must go on, not die of it."""
    (tmp_path / "counted.json").write_text("")
    assert read_counted(tmp_path / "counted.json") == {}
    assert read_counted(tmp_path / "absent.json") == {}
